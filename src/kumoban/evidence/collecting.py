"""Collecting what was done with grants: by user id, in the account and the window of the grant, exactly.

Once soon after the end, and once more when no credentials issued before it can work any longer. The window is that of
the ledger's entries: CloudTrail's clock is AWS's own, also where a demo has moved the desk's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from kumoban.aws.door import door
from kumoban.aws.errors import AwsError
from kumoban.desk.models import Hold
from kumoban.desk.states import HoldState
from kumoban.estate.models import Organization, PermissionSet
from kumoban.evidence.models import SessionEvent, SessionLog
from kumoban.ledger.clock import database_now
from kumoban.ledger.record import SYSTEM, record, writing
from kumoban.ledger.search import search
from kumoban.services.cloudtrail import records

__all__ = ["collect_due", "open_logs"]

#: events kept of one grant
MOST_EVENTS = 5000
#: CloudTrail delivers within about 15 minutes
_DELIVERY = timedelta(minutes=20)
_AGAIN = timedelta(minutes=30)
_BATCH = 50


def collect_due() -> int:
    """Open the logs of grants that ended, and collect those that are due. How many were collected."""
    if not settings.KUMOBAN_TRAIL_BUCKET:
        return 0
    open_logs()
    now = database_now()
    due = SessionLog.objects.filter(complete=False, due__lte=now).select_related("hold", "hold__request")
    found = list(due.order_by("due")[:_BATCH])
    for log in found:
        _collect(log, now)
    return len(found)


def open_logs() -> None:
    """A log for every grant to a person that was in force and has ended."""
    ended = Hold.objects.filter(state=HoldState.ENDED, was_active=True, session_log=None).exclude(person=None)
    for hold in ended.select_related("request").order_by("pk")[:_BATCH]:
        window = _window(hold)
        if window is None:
            continue
        since, until = window
        SessionLog.objects.get_or_create(hold=hold, defaults={"since": since, "until": until, "due": until + _DELIVERY})


def _window(hold: Hold) -> tuple[datetime, datetime] | None:
    """From when it was seen active until its end was proven, as the ledger's clock says."""
    entries = search(subjects=[hold.request.number], limit=500)
    of_thing = [entry for entry in entries if entry.facts.get("thing") == hold.key]
    since = min((entry.at for entry in of_thing if entry.kind == "grant.active"), default=None)
    until = max((entry.at for entry in of_thing if entry.kind == "grant.ended"), default=None)
    return (since - timedelta(minutes=1), until) if since and until else None


def _collect(log: SessionLog, now: datetime) -> None:
    hold, last = log.hold, log.until + _session(log.hold)
    try:
        found = list(_events_of(hold, log.since, min(last, now)))
    except AwsError as refused:
        SessionLog.objects.filter(pk=log.pk).update(error=str(refused)[:300], due=now + _AGAIN)
        return
    complete = now >= last + _DELIVERY
    with writing():
        _write(log, found)
        log.collected_at, log.complete, log.error = now, complete, ""
        log.due = None if complete else max(now + _AGAIN, last + _DELIVERY)
        log.save()
        facts = {"thing": hold.key, "changing": log.changing, "reading": log.reading, "complete": complete}
        record("evidence.collected", actor=SYSTEM, subject=hold.request.number, facts=facts)


def _session(hold: Hold) -> timedelta:
    """How long credentials issued just before the end can still work."""
    step = hold.steps.filter(kind="apply").first()
    arn = step.params.get("permission_set", "") if step else ""
    seconds = PermissionSet.objects.filter(pk=arn).values_list("session_seconds", flat=True).first()
    return timedelta(seconds=seconds or 12 * 3600)


def _events_of(hold: Hold, since: datetime, until: datetime) -> Iterable[Mapping[str, Any]]:
    """The records of this person in this account: by user id, never by a name that could be somebody else's."""
    aws = door().open("kumoban-evidence")
    organization = Organization.objects.get().id
    for one in records(aws, organization, hold.account_id, since, until):
        if (one.get("userIdentity") or {}).get("onBehalfOf", {}).get("userId") == hold.person_id:
            yield one


def _write(log: SessionLog, found: list[Mapping[str, Any]]) -> None:
    """The events once each, whatever was collected before; counts are of all, also of those not kept."""
    by_id = {str(one["eventID"]): one for one in found}
    events = sorted(by_id.values(), key=lambda one: (one.get("readOnly", True), one["eventTime"]))
    log.reading = sum(bool(one.get("readOnly")) for one in events)
    log.changing = len(events) - log.reading
    log.refused = sum(bool(one.get("errorCode")) for one in events)
    log.more = len(events) > MOST_EVENTS
    log.services = _by_service(events)
    rows = [_row(log, one) for one in events[:MOST_EVENTS]]
    SessionEvent.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500)


def _by_service(events: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, int]]:
    counted: dict[str, dict[str, int]] = {}
    for one in events:
        of = counted.setdefault(str(one["eventSource"]), {"reading": 0, "changing": 0})
        of["reading" if one.get("readOnly") else "changing"] += 1
    return dict(sorted(counted.items()))


def _row(log: SessionLog, one: Mapping[str, Any]) -> SessionEvent:
    arns = [str(resource.get("ARN") or "") for resource in one.get("resources") or ()]
    return SessionEvent(
        log=log,
        event_id=str(one["eventID"]),
        at=datetime.fromisoformat(one["eventTime"]),
        name=str(one["eventName"])[:128],
        source=str(one["eventSource"])[:128],
        region=str(one.get("awsRegion", ""))[:30],
        changing=not one.get("readOnly", False),
        error=str(one.get("errorCode") or "")[:100],
        address=str(one.get("sourceIPAddress") or "")[:64],
        resources=", ".join(arn for arn in arns if arn)[:500],
    )
