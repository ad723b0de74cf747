"""Asking: a form becomes a request with its plan."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError

from kumoban.core.reason import Reason, Refused
from kumoban.desk import clock
from kumoban.desk.models import DESK, Machine, Request, User
from kumoban.desk.office_calendar import business_calendar, organisation_zone
from kumoban.desk.people import Actor
from kumoban.desk.planning import Draft, draft, judge, read_form
from kumoban.desk.requests.extending import extended_form, holding_on_to, to_extend, with_end
from kumoban.desk.requests.guards import may_operate, own, routine_named
from kumoban.desk.requests.plans import await_approval, await_ratification, make_plan, open_checks
from kumoban.desk.routine import Asked, Routine
from kumoban.desk.rules import Decision
from kumoban.desk.states import RequestState
from kumoban.desk.transition import locked, move
from kumoban.estate.models import Person
from kumoban.ledger.record import SYSTEM, record, writing

__all__ = ["By", "ask", "extend", "open_by_desk", "refuse_where", "resubmit", "store"]

S = RequestState


def ask(
    actor: Actor,
    routine_name: str,
    data: Mapping[str, Any],
    *,
    extra: Mapping[str, str] | None = None,
    emergency: bool = False,
    idempotency: str = "",
    extends: str = "",
) -> Request:
    """Store a request with its plan. Raises ShapeError or Refused; the same ``idempotency`` gives the same request.

    ``emergency``: under the rules that allow at once, to be approved afterwards. ``extends``: the number of a request
    in force, of which it holds the same.
    """
    actor.needs("ask")
    may_operate()
    routine = routine_named(routine_name)
    if idempotency and (before := Request.objects.filter(asked_by=actor.user, idempotency=idempotency).first()):
        return before
    if actor.machine is not None and (emergency or extends):
        raise Refused(Reason("not_for_machines"), attempt=True)
    extended = to_extend(actor, extends) if extends else None
    made = draft(actor, routine, data, extra, emergency=emergency)
    refuse_where(made)
    if extended:
        holding_on_to(extended, made.plan)
    by = By(actor.user, actor.person, actor.id, actor.machine)
    try:
        with writing():
            return store(by, routine, made, idempotency[:80] or None, extends=extended)
    except IntegrityError:
        return Request.objects.get(asked_by=actor.user, idempotency=idempotency[:80])


def extend(
    actor: Actor,
    number: str,
    *,
    until: str,
    reason: str = "",
    emergency: bool = False,
    idempotency: str = "",
) -> Request:
    """What a request in force gives, asked for longer: at once, until then. Raises ShapeError or Refused.

    ``reason``: beside the one it was asked for with.
    """
    actor.needs("ask")
    if idempotency and (before := Request.objects.filter(asked_by=actor.user, idempotency=idempotency).first()):
        return before
    found = to_extend(actor, number)
    form, extra = extended_form(found)
    if reason and "reason" in form:
        form["reason"] = f"{form['reason']}\n{reason}"
    data = with_end(form, routine_named(found.routine), until)
    return ask(actor, found.routine, data, extra=extra, emergency=emergency, idempotency=idempotency, extends=number)


def open_by_desk(
    routine_name: str,
    data: Mapping[str, Any],
    *,
    requester: Person,
    idempotency: str,
    workers: Sequence[Person] = (),
    afterwards: Decision | None = None,
) -> Request:
    """What the desk noticed becomes a request by itself, once: ``requester`` is the person who answers for it.

    ``afterwards``: by whom what has happened already is to be approved, in place of what the rules say.
    """
    routine = routine_named(routine_name)
    form, changes = read_form(routine, data, organisation_zone())
    doing = tuple(workers) or (requester,)
    plan, decision = judge(routine, form, Asked.by(requester, doing, clock.now()), live=False)
    with writing():
        user, _ = User.objects.get_or_create(login=DESK, defaults={"machine": True})
        made = Draft(form, doing, plan, afterwards or decision, changes, emergency=afterwards is not None)
        return store(By(user, requester, SYSTEM), routine, made, idempotency[:80])


def resubmit(actor: Actor, number: str, data: Mapping[str, Any], extra: Mapping[str, str] | None = None) -> Request:
    """A returned request, corrected: planned afresh under the same number. Raises ShapeError or Refused."""
    actor.needs("ask")
    may_operate()
    found = Request.objects.get(number=number) if Request.objects.filter(number=number).exists() else None
    routine = routine_named(found.routine if found else "")
    made = draft(actor, routine, data, extra, emergency=bool(found and found.emergency))
    refuse_where(made)
    with writing():
        request = locked(number)
        own(actor, request)
        if request.machine_id and actor.machine is None:  # its owner would ask by rules that are the machine's
            raise Refused(Reason("machine_asks_itself", {"machine": request.machine.name if request.machine else ""}))
        if request.state != S.RETURNED:
            raise Refused(Reason("not_in_this_state", {"state": request.state, "to": S.PLANNED.value}))
        request.form, request.extra = made.form.stored(), dict(made.extra)
        request.reason = routine.reason(made.form)
        request.workers.set(made.workers)
        _plan_and_route(request, routine, made, actor.id)
        return request


def refuse_where(made: Draft) -> None:
    """Raises Refused where the plan or the rules refuse it."""
    if made.refusals:
        beyond = bool(made.decision.refusals) and not made.plan.refusals
        raise Refused(*made.refusals, attempt=beyond)


@dataclass(frozen=True)
class By:
    """Whose request it is, who asked for it, and how the ledger names that."""

    user: User
    person: Person
    name: str
    #: the machine identity that asked, for the person as its owner
    machine: Machine | None = None


def store(
    by: By,
    routine: Routine,
    made: Draft,
    idempotency: str | None,
    converted_from: Request | None = None,
    extends: Request | None = None,
) -> Request:
    """The rows of a new request, inside a transaction; ``converted_from``: the other request it was made of."""
    now = clock.now()
    request = Request.objects.create(
        number=f"new-{secrets.token_hex(6)}",
        routine=routine.name,
        requester=by.person,
        asked_by=by.user,
        machine=by.machine,
        form=made.form.stored(),
        extra=dict(made.extra),
        emergency=made.emergency,
        reason=routine.reason(made.form),
        created_at=now,
        changed_at=now,
        idempotency=idempotency,
        converted_from=converted_from,
        extends=extends,
    )
    request.number = f"R-{request.pk}"
    request.workers.set(made.workers)
    request.target_at = business_calendar().add_business_time(now, routine.target) if routine.target else None
    request.save()
    record(
        "request.asked",
        actor=by.name,
        subject=request.number,
        facts={
            "routine": routine.name,
            "workers": [person.id for person in made.workers],
            **({"emergency": True} if made.emergency else {}),
            **({"requester": request.requester_id, "from": converted_from.number} if converted_from else {}),
            **({"extends": extends.number} if extends else {}),
            **({"requester": request.requester_id, "machine": by.machine.name} if by.machine else {}),
        },
        texts={"reason": request.reason} if request.reason else None,
    )
    _plan_and_route(request, routine, made, by.name)
    return request


def _plan_and_route(request: Request, routine: Routine, made: Draft, by: str) -> None:
    """drafted/returned → planned → waiting, approved, or applying where the plan is work for people."""
    now = clock.now()
    make_plan(request, routine, made.plan, made.decision)
    move(request, S.PLANNED, actor=by, at=now, facts={"plan": request.plan.digest if request.plan else ""})
    if made.decision.slots and not request.emergency:
        await_approval(request, now)
    elif request.converted_from_id and by != request.requester_id:  # nobody's rights are used without a word of theirs
        await_approval(request, now, (Reason("converted_for_you"),))
    else:
        decided = [list(rule) for rule in made.decision.rules]
        facts = {"rules": decided, **({"afterwards": True} if request.emergency else {})}
        move(request, S.APPROVED, actor=SYSTEM, at=now, facts=facts)
        await_ratification(request, now)
        open_checks(request, now)
