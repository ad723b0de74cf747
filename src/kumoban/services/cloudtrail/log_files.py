"""The records of one account within some hours, read file by file from the trail's bucket.

A file is delivered within about 15 minutes of what it holds, under the day of its delivery: so the day after is looked
at too. Source: CloudTrail user guide, "Finding your CloudTrail log files", "Logging limits".
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings

from kumoban.aws.door import Pass, pages
from kumoban.core.needs import needs

__all__ = ["READS", "records"]

#: how late after its last record a file may be there
DELIVERED_WITHIN = timedelta(minutes=20)
_STAMP = re.compile(r"_(\d{8}T\d{4})Z_[^/]+\.json\.gz$")
#: in the account that holds the bucket; the bucket's own policy is narrower
READS = needs("s3", "list_objects_v2", on=("arn:{partition}:s3:::*",), at="member") | needs(
    "s3", "get_object", on=("arn:{partition}:s3:::*/AWSLogs/*",), at="member"
)


def records(aws: Pass, organization: str, account: str, since: datetime, until: datetime) -> Iterator[dict[str, Any]]:
    """Every record of the account between the two instants. Raises AwsError; yields nothing where there is no trail."""
    for key in _keys(aws, organization, account, since, until):
        body = _call(aws, "get_object", Key=key)["Body"].read()
        for record in json.loads(gzip.decompress(body)).get("Records", ()):
            at = datetime.fromisoformat(record["eventTime"])
            if since <= at <= until:
                yield record


def _keys(aws: Pass, organization: str, account: str, since: datetime, until: datetime) -> Iterator[str]:
    """Files delivered from the first instant on, and late enough for the last."""
    root = f"{settings.KUMOBAN_TRAIL_PREFIX}AWSLogs/{organization}/{account}/CloudTrail/"
    first, last = since.astimezone(UTC), until.astimezone(UTC) + DELIVERED_WITHIN
    listed = _call(aws, "list_objects_v2", Prefix=root, Delimiter="/")
    for region in (common["Prefix"] for common in listed.get("CommonPrefixes", ())):
        day = first.date()
        while day <= last.date():
            of = {"Bucket": settings.KUMOBAN_TRAIL_BUCKET, "Prefix": f"{region}{day:%Y/%m/%d}/"}
            for found in pages(
                aws, "s3", "list_objects_v2", "Contents", account=settings.KUMOBAN_TRAIL_ACCOUNT or None, **of
            ):
                if _within(found["Key"], first, last):
                    yield found["Key"]
            day += timedelta(days=1)


def _within(key: str, first: datetime, last: datetime) -> bool:
    stamp = _STAMP.search(key)
    if stamp is None:
        return False  # a digest, or something that is no log file
    at = datetime.strptime(f"{stamp[1]}+0000", "%Y%m%dT%H%M%z")
    return first - timedelta(minutes=1) <= at <= last


def _call(aws: Pass, operation: str, **params: Any) -> dict[str, Any]:
    account = settings.KUMOBAN_TRAIL_ACCOUNT or None
    return aws.read("s3", operation, account, Bucket=settings.KUMOBAN_TRAIL_BUCKET, **params)
