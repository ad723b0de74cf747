"""作業ログ: what was done with the grants of a request, from CloudTrail."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from kumoban.api.answers import ReasonOut, reasons_out
from kumoban.api.callers import actor_of, request_seen
from kumoban.evidence.models import SessionEvent
from kumoban.evidence.reading import events_of, sheet_of

__all__ = ["router"]

router = Router(tags=["evidence"])
_MOST = 1000


class EventOut(Schema):
    """One record of CloudTrail's. ``changing``: not a reading. ``error``: AWS refused it."""

    id: str
    at: datetime
    person: str
    account: str
    service: str
    name: str
    changing: bool
    error: str
    region: str
    address: str


class EvidenceOut(Schema):
    """``complete``: no credentials of the grants can make another event. At most 1000 events, the changing first."""

    number: str
    complete: bool
    changing: int
    reading: int
    remarks: list[ReasonOut]
    events: list[EventOut]


@router.get("/requests/{number}/evidence", response=EvidenceOut)
def evidence(request: HttpRequest, number: str) -> dict[str, Any]:
    found = request_seen(actor_of(request), number)
    sheet = sheet_of(found)
    return {
        "number": found.number,
        "complete": sheet.complete,
        "changing": sheet.changing,
        "reading": sheet.reading,
        "remarks": reasons_out(sheet.remarks),
        "events": [_event(event) for event in events_of(found)[:_MOST]],
    }


def _event(event: SessionEvent) -> dict[str, Any]:
    same = ("at", "name", "changing", "error", "region", "address")
    return {
        "id": event.event_id,
        **{name: getattr(event, name) for name in same},
        "person": event.log.hold.person_id or "",
        "account": event.log.hold.account_id,
        "service": event.source,
    }
