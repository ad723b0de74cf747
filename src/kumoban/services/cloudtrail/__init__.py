"""CloudTrail's log files, as an organisation trail delivers them to S3. CloudTrail Lake is never asked."""

from kumoban.services.cloudtrail.log_files import READS, records

__all__ = ["READS", "records"]
