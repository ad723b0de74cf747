"""Ends that come soon are told to who has the access, ends that are late to the operations team: each once."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Exists, F, OuterRef, QuerySet

from kumoban.desk import clock
from kumoban.desk.models import Request
from kumoban.desk.notices.events import event, remember
from kumoban.desk.notices.lanes import configured
from kumoban.desk.notices.models import Event
from kumoban.desk.states import RequestState
from kumoban.ledger.record import SYSTEM, writing

__all__ = ["tell_of_ends"]

_SOON = timedelta(minutes=15)
#: what was shorter needs no reminder of its end
_LONG_ENOUGH = timedelta(minutes=30)
_LATE = timedelta(minutes=5)
_IN_FORCE = (RequestState.APPLYING, RequestState.ACTIVE, RequestState.ENDING, RequestState.FAILED)
#: a minute's worth; the rest comes with the next
_AT_ONCE = 200


def tell_of_ends() -> int:
    """How many were told of."""
    if not configured():
        return 0
    now = clock.now()
    soon = Request.objects.filter(
        state=RequestState.ACTIVE,
        ends_at__gt=now,
        ends_at__lte=now + _SOON,
        starts_at__lte=F("ends_at") - _LONG_ENOUGH,
    )
    late = Request.objects.filter(state__in=_IN_FORCE, ends_at__lte=now - _LATE)
    return _tell("ending_soon", soon, now) + _tell("overdue", late, now)


def _tell(kind: str, found: QuerySet[Request], now: datetime) -> int:
    told = Event.objects.filter(kind=kind, request=OuterRef("pk"))
    rows = list(found.filter(~Exists(told)).values_list("pk", "ends_at")[:_AT_ONCE])
    events = [
        event(kind, pk, by=SYSTEM, at=now, key=f"{kind}:{pk}", ends_at=ends.isoformat()) for pk, ends in rows if ends
    ]
    if events:
        with writing():
            remember(events)
    return len(events)
