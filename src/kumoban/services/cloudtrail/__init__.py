"""CloudTrail's log files, as an organisation trail delivers them to S3. CloudTrail Lake is never asked."""

from kumoban.services.cloudtrail.log_files import (
    READS,
    LogFile,
    accounts_of,
    content_of,
    files_of,
    records,
    regions_of,
)
from kumoban.services.cloudtrail.unpacking import (
    Glance,
    Identity,
    Record,
    Unreadable,
    glances,
    records_in,
    unpacked,
)

__all__ = [
    "READS",
    "Glance",
    "Identity",
    "LogFile",
    "Record",
    "Unreadable",
    "accounts_of",
    "content_of",
    "files_of",
    "glances",
    "records",
    "records_in",
    "regions_of",
    "unpacked",
]
