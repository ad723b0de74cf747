"""What happened is written down in the transaction that made it happen: one insert, however many are to hear of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from kumoban.core.reason import Reason
from kumoban.desk.notices.kinds import HEARD
from kumoban.desk.notices.lanes import MAIL, configured
from kumoban.desk.notices.models import Event
from kumoban.ledger.record import SYSTEM

__all__ = ["event", "happened", "needs_person", "remember"]


def event(
    kind: str,
    request: int | None,
    *,
    by: str,
    at: datetime,
    why: Iterable[Reason] = (),
    key: str | None = None,
    **params: Any,
) -> Event:
    """``by``: who did it, and so is not told. ``key``: it happens only once, however often it is said."""
    reasons = [reason.stored() for reason in why]
    return Event(kind=kind, request_id=request, by=by, at=at, key=key, params={**params, "why": reasons})


def happened(kind: str, request: int | None, *, by: str, at: datetime, **params: Any) -> None:
    remember([event(kind, request, by=by, at=at, **params)])


def needs_person(request: int, at: datetime, *why: Reason) -> None:
    """Something of it waits for the operations team: told once an hour, however many of its grants are in trouble."""
    key = f"needs_person:{request}:{at:%Y%m%d%H}"
    remember([event("needs_person", request, by=SYSTEM, at=at, why=why, key=key)])


def remember(events: Iterable[Event]) -> None:
    """Nothing is written where nobody can be told, nor what only Slack and webhooks care for where neither is."""
    lanes = configured()
    if not lanes:
        return
    everything = lanes != (MAIL,)
    if heard := [one for one in events if everything or one.kind in HEARD]:
        Event.objects.bulk_create(heard, ignore_conflicts=any(one.key for one in heard))
