"""The one function that changes a request's state: it checks the edge under a lock, writes the ledger
and what people are to be told of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from kumoban.core.reason import Reason, Refused
from kumoban.desk.models import Event, Hold, Request, Step
from kumoban.desk.notices.events import event, remember
from kumoban.desk.states import EDGES, HoldState, Phase, RequestState, StepKind
from kumoban.ledger.record import record

__all__ = ["derive", "derive_all", "locked", "move"]

_CLOSED = {
    RequestState.ENDED,
    RequestState.DONE,
    RequestState.DENIED,
    RequestState.WITHDRAWN,
    RequestState.LAPSED,
    RequestState.REFUSED,
    RequestState.UNDONE,
}
#: nothing was had, so nothing is approved afterwards
_NEVER_APPLIED = {RequestState.LAPSED, RequestState.REFUSED, RequestState.WITHDRAWN}
_WRITTEN = ("state", "changed_at", "why", "closed_at", "lapses_at", "starts_at", "ends_at", "voids", "ratification")


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
    told = _take_edge(request, to, actor, at, why, facts, texts)
    if to in _NEVER_APPLIED:
        request.ratification = ""
    request.save(update_fields=_WRITTEN)
    remember([told])


def derive(request: Request, *, actor: str, at: datetime) -> None:
    """From ``applying`` on a request's state follows from its grants, or from its changes where it holds nothing."""
    grants = list(Hold.objects.filter(request=request).values_list("state", "was_active"))
    if request.state != (to := _state_of(grants) if grants else _state_of_work(_work_of(request))):
        move(request, to, actor=actor, at=at)


def derive_all(request_ids: Iterable[int], *, actor: str, at: datetime) -> None:
    """The same for a batch of requests, in two reads, one write a state and one of what is told."""
    requests = list(Request.objects.select_for_update().filter(pk__in=request_ids).order_by("pk"))
    grants: dict[int, list[tuple[str, bool]]] = {request.pk: [] for request in requests}
    for request_id, state, was_active in Hold.objects.filter(request_id__in=grants).values_list(
        "request_id", "state", "was_active"
    ):
        grants[request_id].append((state, was_active))
    moved: dict[RequestState, list[Request]] = {}
    told: list[Event] = []
    for request in requests:
        of_grants = grants[request.pk]
        if request.state != (to := _state_of(of_grants) if of_grants else _state_of_work(_work_of(request))):
            told.append(_take_edge(request, to, actor, at))
            moved.setdefault(to, []).append(request)
    for to, those in moved.items():
        written = Request.objects.filter(pk__in=[request.pk for request in those])
        written.update(state=to, changed_at=at, why=[], closed_at=those[0].closed_at)
    remember(told)


def _take_edge(
    request: Request,
    to: RequestState,
    actor: str,
    at: datetime,
    why: Sequence[Reason] = (),
    facts: Mapping[str, Any] | None = None,
    texts: Mapping[str, str] | None = None,
) -> Event:
    """The row as it is after the edge, its ledger entry, and what is told of it; the caller writes row and event."""
    before = request.state
    if to not in EDGES.get(before, set()):
        raise Refused(Reason("not_in_this_state", {"state": before, "to": to.value}))
    request.state = to
    request.changed_at = at
    request.why = [reason.stored() for reason in why]
    request.closed_at = at if to in _CLOSED else None
    record(
        f"request.{to.value}",
        actor=actor,
        subject=request.number,
        facts={"from": before, "why": [reason.code for reason in why], **(facts or {})},
        texts=texts,
    )
    return event(to.value, request.pk, by=actor, at=at, why=why, plan=request.plan_id)


_FIRST_THAT_FITS = (
    (HoldState.APPLYING, RequestState.APPLYING),
    (HoldState.ACTIVE, RequestState.ACTIVE),
    (HoldState.ENDING, RequestState.ENDING),
    (HoldState.FAILED, RequestState.FAILED),
)


def _state_of(grants: Sequence[tuple[str, bool]]) -> RequestState:
    states = {state for state, _ in grants}
    ended = RequestState.ENDED if any(was_active for _, was_active in grants) else RequestState.UNDONE
    return next((state for hold_state, state in _FIRST_THAT_FITS if hold_state in states), ended)


def _work_of(request: Request) -> set[str]:
    """The phases of its changes and of its work by hand."""
    work = Step.objects.filter(request=request, kind__in=[StepKind.CHANGE, StepKind.MANUAL])
    return {
        _BEHIND if phase == Phase.LOOK and due is None and not lease_by else phase
        for phase, due, lease_by in work.values_list("phase", "due", "lease_by")
    }


#: stands behind something that is not done
_BEHIND = "behind"


def _state_of_work(phases: set[str]) -> RequestState:
    """Of a request of which nothing ends: failed where nothing goes on, done where something was."""
    if phases - {Phase.DONE, Phase.CANCELLED, Phase.FAILED, _BEHIND}:
        return RequestState.APPLYING
    if Phase.FAILED in phases:
        return RequestState.FAILED
    if _BEHIND in phases:
        return RequestState.APPLYING
    return RequestState.DONE if Phase.DONE in phases else RequestState.UNDONE
