"""Converting: another request becomes the request of a routine, in the requester's name and within their rights.

The operations team fills the form; the rules decide about the requester and the workers, as if they had asked. Where
nobody has to approve, the requester's own word is waited for; whoever converted it never approves it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kumoban.core.reason import Reason, Refused
from kumoban.desk import clock, rules
from kumoban.desk.models import Request
from kumoban.desk.people import Actor, accounts_of_the_same
from kumoban.desk.planning import Draft, draft_for
from kumoban.desk.requests.asking import By, refuse_where, store
from kumoban.desk.requests.guards import may_operate, ops_only, routine_named
from kumoban.desk.routine import routine_of
from kumoban.desk.states import Phase, RequestState, StepKind
from kumoban.desk.transition import locked, move
from kumoban.ledger.record import record, writing

__all__ = ["convert", "convertible", "draft_of"]


def convertible(actor: Actor, request: Request) -> bool:
    """Whether this person can make a routine's request of it now: work for people, open, in no routine's form."""
    routine = routine_of(request.routine)
    return bool(actor.ops and routine and routine.open_to_all and request.state == RequestState.APPLYING)


def draft_of(
    actor: Actor, number: str, routine_name: str, data: Mapping[str, Any], extra: Mapping[str, str] | None = None
) -> Draft:
    """What would be asked in the requester's name; nothing is stored. Raises ShapeError or Refused."""
    return _draft(actor, _open_one(actor, number), routine_name, data, extra)


def convert(
    actor: Actor, number: str, routine_name: str, data: Mapping[str, Any], extra: Mapping[str, str] | None = None
) -> Request:
    """The new request; the old one is done, and each names the other. Raises ShapeError or Refused."""
    may_operate()
    made = draft_of(actor, number, routine_name, data, extra)
    refuse_where(made)
    with writing():
        old = locked(number)
        if not convertible(actor, old):
            raise Refused(Reason("not_convertible"))
        _somebody_else_decides(actor, old, made)
        by = By(actor.user, old.requester, actor.id)
        new = store(by, routine_named(routine_name), made, None, converted_from=old)
        now = clock.now()
        old.steps.filter(kind=StepKind.MANUAL, phase=Phase.OPEN).update(phase=Phase.CANCELLED, done_at=now)
        record("request.converted", actor=actor.id, subject=number, facts={"into": new.number})
        into = (Reason("converted_into", {"request": new.number}),)
        move(old, RequestState.DONE, actor=actor.id, at=now, why=into)
        return new


def _open_one(actor: Actor, number: str) -> Request:
    ops_only(actor)
    found = Request.objects.filter(number=number).select_related("requester").first()
    if found is None:
        raise Refused(Reason("no_such_request", {"request": number[:40]}))
    if not convertible(actor, found):
        raise Refused(Reason("not_convertible"))
    return found


def _draft(
    actor: Actor, old: Request, routine_name: str, data: Mapping[str, Any], extra: Mapping[str, str] | None
) -> Draft:
    routine = routine_named(routine_name)
    if routine.open_to_all or routine.handover == "ops_only":
        raise Refused(Reason("not_convertible"), field="routine")
    if not old.requester.can_act:
        raise Refused(Reason("person_gone", {"person": old.requester.display_name}))
    return draft_for(old.requester, actor.zone, routine, data, extra)


def _somebody_else_decides(actor: Actor, old: Request, made: Draft) -> None:
    """Approvals that only whoever converts it could give would never come."""
    asking = accounts_of_the_same({old.requester_id, actor.person.id, *(one.id for one in made.workers)})
    for slot, people in zip(made.decision.slots, rules.approvers(made.decision.slots, without=asking), strict=True):
        if len(people) < slot.count:
            raise Refused(Reason("nobody_else_can_approve"))
