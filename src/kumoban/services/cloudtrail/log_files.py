"""The log files of an organisation trail: which there are, and what is in them.

A file is delivered within about 15 minutes of what it holds, under the day of its delivery: so the day after is looked
at too. Source: CloudTrail user guide, "Finding your CloudTrail log files", "Logging limits".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.conf import settings

from kumoban.aws.door import Pass, pages
from kumoban.core.needs import needs
from kumoban.services.cloudtrail.unpacking import unpacked

__all__ = ["DELIVERED_WITHIN", "READS", "LogFile", "accounts_of", "content_of", "files_of", "records", "regions_of"]

#: how late after its last record a file may be there
DELIVERED_WITHIN = timedelta(minutes=20)
_STAMP = re.compile(r"_(\d{8}T\d{4})Z_[^/]+\.json\.gz$")
#: in the account that holds the bucket; the bucket's own policy is narrower
READS = needs("s3", "list_objects_v2", on=("arn:{partition}:s3:::*",), at="member") | needs(
    "s3", "get_object", on=("arn:{partition}:s3:::*/AWSLogs/*",), at="member"
)


@dataclass(frozen=True, slots=True)
class LogFile:
    """``day`` is the UTC day under which it was delivered, ``at`` the minute in its name."""

    key: str
    account: str
    region: str
    day: date
    at: datetime

    @property
    def name(self) -> str:
        return self.key.rsplit("/", 1)[-1]


def accounts_of(aws: Pass, organization: str) -> list[str]:
    """The accounts that ever had a log file. Raises AwsError."""
    return _folders(aws, f"{_root(organization)}")


def regions_of(aws: Pass, organization: str, account: str) -> list[str]:
    """The Regions in which this account ever had a log file. Raises AwsError."""
    return _folders(aws, f"{_root(organization)}{account}/CloudTrail/")


def files_of(
    aws: Pass, organization: str, account: str, region: str, first: date, last: date, *, after: str = ""
) -> Iterator[LogFile]:
    """The log files delivered on these days, in the order of their names. Raises AwsError."""
    root = f"{_root(organization)}{account}/CloudTrail/{region}/"
    start = after or f"{root}{first:%Y/%m/%d}/"
    for found in _pages(aws, "Contents", Prefix=root, StartAfter=start):
        one = _file(found["Key"], root, account, region)
        if one is not None and one.day > last:
            return
        if one is not None:
            yield one


def content_of(aws: Pass, file: LogFile) -> bytes:
    """As it is stored: compressed. Raises AwsError."""
    return bytes(_call(aws, "get_object", Key=file.key)["Body"].read())


def records(aws: Pass, organization: str, account: str, since: datetime, until: datetime) -> Iterator[dict[str, Any]]:
    """Every record of the account between the two instants. Raises AwsError; yields nothing where there is no trail."""
    first, last = since.astimezone(UTC), until.astimezone(UTC) + DELIVERED_WITHIN
    for region in regions_of(aws, organization, account):
        for file in files_of(aws, organization, account, region, first.date(), last.date()):
            if first - timedelta(minutes=1) <= file.at <= last:
                yield from _between(content_of(aws, file), since, until)


def _between(body: bytes, since: datetime, until: datetime) -> Iterator[dict[str, Any]]:
    for record in json.loads(unpacked(body)).get("Records", ()):
        if since <= datetime.fromisoformat(record["eventTime"]) <= until:
            yield record


def _root(organization: str) -> str:
    return f"{settings.KUMOBAN_TRAIL_PREFIX}AWSLogs/{organization}/"


def _folders(aws: Pass, root: str) -> list[str]:
    return [str(one["Prefix"]).removeprefix(root).strip("/") for one in _pages(aws, "CommonPrefixes", Prefix=root)]


def _file(key: str, root: str, account: str, region: str) -> LogFile | None:
    """None for a digest, or something that is no log file."""
    stamp, folder = _STAMP.search(key), key.removeprefix(root)[:10]
    try:
        day = date(*map(int, folder.split("/")))
    except (TypeError, ValueError):
        return None
    if stamp is None:
        return None
    return LogFile(key, account, region, day, datetime.strptime(f"{stamp[1]}+0000", "%Y%m%dT%H%M%z"))


def _pages(aws: Pass, what: str, **params: Any) -> Iterator[dict[str, Any]]:
    more = {"Delimiter": "/"} if what == "CommonPrefixes" else {}
    account = settings.KUMOBAN_TRAIL_ACCOUNT or None
    return pages(
        aws, "s3", "list_objects_v2", what, account=account, Bucket=settings.KUMOBAN_TRAIL_BUCKET, **params, **more
    )


def _call(aws: Pass, operation: str, **params: Any) -> dict[str, Any]:
    account = settings.KUMOBAN_TRAIL_ACCOUNT or None
    return aws.read("s3", operation, account, Bucket=settings.KUMOBAN_TRAIL_BUCKET, **params)
