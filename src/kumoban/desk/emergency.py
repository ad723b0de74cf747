"""The emergency path is outside the desk, and watched: each use found in CloudTrail becomes work for operations.

A use is one assumption of an emergency role, one sign-in of an emergency user, or one hour of that user's calls with
one access key. Each opens one request, whatever was found before: its idempotency key is the use.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from kumoban.aws.door import Pass, door, pages
from kumoban.aws.mode import observing
from kumoban.core.reason import Reason
from kumoban.desk import clock
from kumoban.desk.models import Request
from kumoban.desk.notices.events import needs_person
from kumoban.desk.people import ops_members
from kumoban.desk.requests import open_by_desk
from kumoban.ledger.clock import database_now
from kumoban.ledger.record import writing

__all__ = ["Use", "find_uses", "watch_emergency"]

#: CloudTrail tells an event within fifteen minutes or so (user guide); a runner may have been away for a weekend
_LOOK_BACK = timedelta(days=7)
_ROUTINE = "other-request"


@dataclass(frozen=True)
class Use:
    """``key`` names it once and for all; ``said`` is what CloudTrail told, for the request's text."""

    key: str
    principal: str
    at: datetime
    said: str


def watch_emergency() -> int:
    """Open a request for each use not yet told; how many. In observe mode it waits until the desk operates again."""
    if not settings.KUMOBAN_EMERGENCY_PRINCIPALS or observing():
        return 0
    opened = 0
    for use in find_uses(_LOOK_BACK):
        if Request.objects.filter(idempotency=use.key, asked_by__machine=True).exists():
            continue
        requester = next(iter(ops_members()), None)
        if requester is None:  # the doctor and the figures tell; it is tried again
            return opened
        form = {"subject": f"緊急アクセスの使用 / Emergency access used: {use.principal.rsplit('/', 1)[-1]}"[:120]}
        form |= {"what": use.said, "where": use.principal[:200]}
        with writing():
            made = open_by_desk(_ROUTINE, form, requester=requester, idempotency=use.key)
            needs_person(made.pk, clock.now(), Reason("emergency_used", {"principal": use.principal}))
        opened += 1
    return opened


def find_uses(since: timedelta) -> list[Use]:
    """Of all emergency principals, the oldest first. Raises AwsError."""
    aws, start = door().open("kumoban-emergency"), database_now() - since
    found = {use.key: use for arn in settings.KUMOBAN_EMERGENCY_PRINCIPALS for use in _uses(aws, arn, start)}
    return sorted(found.values(), key=lambda use: use.at)


def _uses(aws: Pass, arn: str, start: datetime) -> Iterator[Use]:
    name = arn.rsplit("/", 1)[-1]
    attribute = ("ResourceName", arn) if ":role/" in arn else ("Username", name)
    wanted = [{"AttributeKey": attribute[0], "AttributeValue": attribute[1]}]
    for event in pages(aws, "cloudtrail", "lookup_events", "Events", LookupAttributes=wanted, StartTime=start):
        told = json.loads(event["CloudTrailEvent"])
        if key := _key(event, told, arn):
            yield Use(key, arn, event["EventTime"], _said(event, told))


def _key(event: dict[str, Any], told: dict[str, Any], arn: str) -> str:
    """What names the use; empty where the event is none."""
    if ":role/" in arn:
        assumed = event["EventName"].startswith("AssumeRole") and not told.get("errorCode")
        return f"emergency:{event['EventId']}"[:80] if assumed else ""
    if (told.get("userIdentity") or {}).get("arn") not in (arn, None):
        return ""
    if event["EventName"] == "ConsoleLogin":
        return f"emergency:{event['EventId']}"[:80]
    key = event.get("AccessKeyId") or (told.get("userIdentity") or {}).get("accessKeyId", "")
    return f"emergency:{key}:{event['EventTime']:%Y%m%d%H}"[:80] if key else ""


def _said(event: dict[str, Any], told: dict[str, Any]) -> str:
    """The evidence, as CloudTrail has it: facts to copy, no prose to translate."""
    identity = told.get("userIdentity") or {}
    facts = {
        "CloudTrail": event["EventId"],
        "event": f"{event.get('EventSource', '')} {event['EventName']}",
        "time": f"{event['EventTime']:%Y-%m-%dT%H:%M:%S%z}",
        "by": identity.get("arn", ""),
        "session": (told.get("requestParameters") or {}).get("roleSessionName", ""),
        "from": told.get("sourceIPAddress", ""),
        "account": told.get("recipientAccountId", ""),
    }
    return "\n".join(f"{name}: {value}" for name, value in facts.items() if value)
