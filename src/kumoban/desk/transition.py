"""The one function that changes a request's state: it checks the edge under a lock and writes the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from kumoban.core.reason import Reason, Refused
from kumoban.desk.models import Hold, Request
from kumoban.desk.states import EDGES, HoldState, RequestState
from kumoban.ledger.record import record

__all__ = ["derive", "locked", "move"]

_CLOSED = {
    RequestState.ENDED,
    RequestState.DONE,
    RequestState.DENIED,
    RequestState.WITHDRAWN,
    RequestState.LAPSED,
    RequestState.REFUSED,
    RequestState.UNDONE,
}


def locked(number: str) -> Request:
    """The request, its row locked for the transaction under way."""
    try:
        return Request.objects.select_for_update().get(number=number)
    except Request.DoesNotExist as missing:
        raise Refused(Reason("no_such_request", {"request": number[:40]}), attempt=True) from missing


def move(
    request: Request,
    to: RequestState,
    *,
    actor: str,
    at: datetime,
    why: Sequence[Reason] = (),
    facts: Mapping[str, Any] | None = None,
    texts: Mapping[str, str] | None = None,
) -> None:
    """Take one edge. Raises Refused when there is no such edge from the state the request is in now."""
    before = request.state
    if to not in EDGES.get(before, set()):
        raise Refused(Reason("not_in_this_state", {"state": before, "to": to.value}))
    request.state = to
    request.changed_at = at
    request.why = [reason.stored() for reason in why]
    request.closed_at = at if to in _CLOSED else None
    request.save()
    record(
        f"request.{to.value}",
        actor=actor,
        subject=request.number,
        facts={"from": before, "why": [reason.code for reason in why], **(facts or {})},
        texts=texts,
    )


def derive(request: Request, *, actor: str, at: datetime, states: Sequence[str] | None = None) -> None:
    """From ``applying`` on a request's state follows from its grants: the first that fits."""
    if states is None:
        states = list(Hold.objects.filter(request=request).values_list("state", flat=True))
    order = (
        (HoldState.APPLYING, RequestState.APPLYING),
        (HoldState.ACTIVE, RequestState.ACTIVE),
        (HoldState.ENDING, RequestState.ENDING),
        (HoldState.FAILED, RequestState.FAILED),
    )
    for hold_state, state in order:
        if hold_state in states:
            to = state
            break
    else:
        ever = Hold.objects.filter(request=request, was_active=True).exists()
        to = RequestState.ENDED if ever else RequestState.UNDONE
    if request.state != to:
        move(request, to, actor=actor, at=at)
