"""The ledger in a locked store: parts of the chain as objects of S3 that nobody can change or delete for years.

The role may put objects with a retention and read them back, and nothing else; the bucket is another account's. Texts
stay here: what cannot be deleted must hold nothing that a person may have erased. The chain's bytes are the same
whenever they are written, so a part that was cut off is put again under the same name.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Max, Q

from kumoban.aws.credentials import SessionKey
from kumoban.aws.door import door
from kumoban.aws.errors import AnswerLost, AwsError, NotFound
from kumoban.aws.mode import observing
from kumoban.core.needs import needs
from kumoban.ledger.clock import database_now
from kumoban.ledger.models import Entry, Head, Segment
from kumoban.ledger.record import SYSTEM, record, writing

__all__ = ["WRITES", "Archived", "ExportFault", "archived", "export", "verify_export"]

#: entries of one part, and parts of one run
PART = 5000
_PARTS = 40
#: how often each part is read back, and how many in one run
_AGAIN = timedelta(days=7)
_AT_ONCE = 60
_HELD = ("arn:{partition}:s3:::*/kumoban-ledger/*",)
#: who may not list a bucket is told "denied" of what is not there (S3 API reference, GetObject, "Permissions")
WRITES = needs("s3", "put_object", "put_object_retention", "get_object", "get_object_retention", on=_HELD) | needs(
    "s3", "list_objects_v2", on=("arn:{partition}:s3:::*",)
)
_MODE = "COMPLIANCE"


class ExportFault(Exception):
    """What was read back is not what was written; the message names the first part and the fault."""


@dataclass(frozen=True)
class Archived:
    """``until``: the last entry in the store; ``at``: when it was put; ``faults``: parts that were read back wrong."""

    configured: bool
    until: int
    at: datetime | None
    faults: int
    verified_at: datetime | None


def archived() -> Archived:
    put = Segment.objects.exclude(put_at=None)
    found = put.aggregate(until=Max("last"), at=Max("put_at"), verified=Max("verified_at"))
    faults = put.exclude(fault="").count()
    return Archived(_configured(), found["until"] or 0, found["at"], faults, found["verified"])


def export() -> int:
    """Put what is not in the store yet. How many entries. Raises AwsError."""
    if not _configured() or observing():
        return 0
    exported = 0
    for _ in range(_PARTS):
        part = _next()
        if part is None:
            break
        _put(part)
        exported += part.last - part.first + 1
    return exported


def _configured() -> bool:
    return bool(settings.KUMOBAN_ARCHIVE_BUCKET and settings.KUMOBAN_ARCHIVE_ROLE)


def _next() -> Segment | None:
    """The part that was begun and not finished, or the next one; written down before the first byte is sent."""
    begun = Segment.objects.filter(put_at=None).order_by("first").first()
    if begun is not None:
        return begun
    first = (Segment.objects.aggregate(last=Max("last"))["last"] or 0) + 1
    last = min(Head.objects.get(pk=1).seq, first + PART - 1)
    if last < first or not _worth_it(first, last):
        return None
    with writing():
        digest = Entry.objects.get(pk=last).digest
        made = Segment.objects.create(
            first=first,
            last=last,
            key=f"{settings.KUMOBAN_ARCHIVE_PREFIX}kumoban-ledger/{first:012}-{last:012}.jsonl.gz",
            sha256=hashlib.sha256(_content(first, last)).hexdigest(),
            digest=digest,
            locked_until=database_now() + timedelta(days=settings.KUMOBAN_ARCHIVE_DAYS),
        )
        _remember("aws.intent", made)
    return made


def _worth_it(first: int, last: int) -> bool:
    """What the export itself has written since the last time alone makes no part."""
    own = Q(subject=_SUBJECT)
    return Entry.objects.filter(seq__gte=first, seq__lte=last).exclude(own).exists()


def _content(first: int, last: int) -> bytes:
    """The same bytes for the same entries."""
    rows = Entry.objects.filter(seq__gte=first, seq__lte=last).order_by("seq").values_list("seq", "body", "digest")
    lines = [json.dumps({"seq": seq, "digest": digest, "body": body}, ensure_ascii=False) for seq, body, digest in rows]
    return gzip.compress(("\n".join(lines) + "\n").encode(), mtime=0)


def _put(part: Segment) -> None:
    """Looks first: after kill -9 it may be there already. Raises AwsError."""
    content = _content(part.first, part.last)
    if hashlib.sha256(content).hexdigest() != part.sha256:
        raise ExportFault(f"{part.key}: the entries are not as they were when this part was begun")
    there = _there(part)
    version = str(there["VersionId"]) if there and _as_written(there, part) == "" else ""
    if not version:
        version = _sent(part, content)
    with writing():
        Segment.objects.filter(pk=part.pk).update(version=version, put_at=database_now())
        _remember("aws.accepted", part, version=version)


def _sent(part: Segment, content: bytes) -> str:
    try:
        answer = _call(
            "put_object",
            part,
            Body=content,
            ContentType="application/gzip",
            ObjectLockMode=_MODE,
            ObjectLockRetainUntilDate=part.locked_until,
            Metadata={"sha256": part.sha256},
            ChecksumAlgorithm="SHA256",
        )
    except AwsError as error:
        with writing():
            _remember("aws.answer_lost" if isinstance(error, AnswerLost) else "aws.refused", part, code=error.code)
        raise
    return str(answer.get("VersionId", ""))


def _there(part: Segment) -> dict[str, Any] | None:
    """The newest version: whoever put another one over ours, or a mark of deletion, is seen."""
    try:
        return _call("get_object", part)
    except NotFound:
        return None
    except AwsError as error:
        if error.code in ("NoSuchKey", "404"):
            return None
        raise


def verify_export() -> int:
    """Read back what was not looked at for a week, and compare it with the chain. How many.

    Raises ExportFault where any part is found wrong, now or before: it is not forgotten until it is right again.
    """
    if not _configured() or observing():
        return 0
    old = Q(verified_at=None) | Q(verified_at__lt=database_now() - _AGAIN) | ~Q(fault="")
    parts = list(Segment.objects.exclude(put_at=None).filter(old).order_by("first")[:_AT_ONCE])
    wrong = [part for part in parts if _verified(part) != ""]
    gaps = _gaps(list(Segment.objects.order_by("first").values_list("first", "last")))
    if wrong or gaps:
        first = f"{wrong[0].key}: {wrong[0].fault}" if wrong else f"export_gap at entry {gaps[0]}"
        raise ExportFault(first)
    return len(parts)


def _verified(part: Segment) -> str:
    there = _there(part)
    fault = "export_missing" if there is None else _as_written(there, part) or _as_chained(part)
    with writing():
        if fault and fault != part.fault:
            record("ledger.export_fault", actor=SYSTEM, subject=_SUBJECT, facts={"key": part.key, "fault": fault})
        part.fault, part.verified_at = fault, database_now()
        part.save(update_fields=["fault", "verified_at"])
    return fault


def _as_written(there: dict[str, Any], part: Segment) -> str:
    """What is wrong with the object: its bytes, its lock."""
    if hashlib.sha256(there["Body"].read()).hexdigest() != part.sha256:
        return "export_changed"
    until = there.get("ObjectLockRetainUntilDate")
    held = until is not None and until >= part.locked_until - timedelta(minutes=1)
    return "" if held and there.get("ObjectLockMode") == _MODE else "export_unlocked"


def _as_chained(part: Segment) -> str:
    """Whether the chain in the database still says what was put away."""
    return "" if hashlib.sha256(_content(part.first, part.last)).hexdigest() == part.sha256 else "export_differs"


def _gaps(parts: Sequence[tuple[int, int]]) -> list[int]:
    expected, found = 1, []
    for first, last in parts:
        if first != expected:
            found.append(expected)
        expected = last + 1
    return found


_SUBJECT = "ledger-export"


def _call(operation: str, part: Segment, **params: Any) -> dict[str, Any]:
    session = SessionKey(settings.KUMOBAN_ARCHIVE_ROLE, "kumoban-ledger")
    place = {"Bucket": settings.KUMOBAN_ARCHIVE_BUCKET, "Key": part.key}
    return door().send("s3", operation, session, {**place, **params})


def _remember(kind: str, part: Segment, **facts: str) -> None:
    told = {"operation": "s3:PutObject", "key": part.key, "first": part.first, "last": part.last, **facts}
    record(kind, actor=SYSTEM, subject=_SUBJECT, facts={**told, "sha256": part.sha256})
