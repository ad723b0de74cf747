"""Deciding: seals, denials, returns and questions, each about one plan."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db.models import Q

from kumoban.core.reason import Reason, Refused
from kumoban.desk import clock, rules
from kumoban.desk.models import Approval, Plan, Remark, Request
from kumoban.desk.notices.events import happened
from kumoban.desk.people import Actor, accounts_of_the_same, stand_ins
from kumoban.desk.planning import authorise
from kumoban.desk.requests.closing import cancel_approved, end_holds
from kumoban.desk.requests.guards import checked_text, may_operate, own, refused_attempt, required_text, routine_named
from kumoban.desk.requests.plans import await_ratification, open_checks, valid_until, void_plan
from kumoban.desk.requests.stages import asking_people, in_force, on_turn, open_stage
from kumoban.desk.routine import Asked
from kumoban.desk.states import Ratification, RequestState
from kumoban.desk.step_up import about_production, needs_recent_proof
from kumoban.desk.transition import locked, move
from kumoban.ledger.clock import database_now
from kumoban.ledger.record import SYSTEM, record, writing

__all__ = [
    "answer_question",
    "approvals_complete",
    "approve",
    "approve_together",
    "ask_question",
    "confirm_plan",
    "deny",
    "return_for_correction",
    "still_allowed",
]

S = RequestState


def approve(actor: Actor, number: str, *, plan_digest: str, comment: str = "") -> Request:
    """Put this person's seal on exactly this plan. Raises Refused: changed plan, not entitled, own request, sealed."""
    actor.needs("approve")
    may_operate()
    said = checked_text(comment)
    with writing():
        request = locked(number)
        plan, principal = _may_decide(actor, request, plan_digest)
        if request.ratification != Ratification.DUE:  # what was done is approved or not, whatever is allowed by now
            still_allowed(request, plan)
        if about_production(plan.value) and not actor.via:
            needs_recent_proof(actor)
        now = clock.now()
        if _sealed_already(plan, {actor.person.id, principal or actor.person.id}):
            raise Refused(Reason("already_approved"))
        Approval.objects.create(
            plan=plan,
            person=actor.person,
            on_behalf_of_id=principal,
            digest=plan.digest,
            comment=said,
            via=actor.via,
            reference=actor.reference,
            at=database_now(),
        )
        record(
            "request.sealed",
            actor=actor.id,
            subject=number,
            facts={"digest": plan.digest, "on_behalf_of": principal or "", **_outside(actor)},
            texts={"comment": said} if said else None,
        )
        happened("sealed", request.pk, by=actor.id, at=now)
        if _sealed_by_all(request, plan):
            _approved(request, plan, now)
        elif open_stage(request, plan, now):
            happened("turn", request.pk, by=actor.id, at=now, plan=plan.pk)
        return request


def _outside(actor: Actor) -> dict[str, str]:
    return {"via": actor.via, "reference": actor.reference} if actor.via else {}


def _approved(request: Request, plan: Plan, now: datetime) -> None:
    """The last seal is there: it is handed to the runner, or what was done already is approved."""
    if request.ratification == Ratification.DUE:
        _ratified(request, Ratification.RATIFIED, SYSTEM, {"digest": plan.digest})
        return
    move(request, S.APPROVED, actor=SYSTEM, at=now, facts={"digest": plan.digest})
    open_checks(request, now)


def _ratified(request: Request, how: Ratification, by: str, facts: dict[str, str], comment: str = "") -> None:
    request.ratification = how
    request.save(update_fields=["ratification"])
    texts = {"comment": comment} if comment else None
    record(f"request.{how.value}", actor=by, subject=request.number, facts=facts, texts=texts)
    happened(how.value, request.pk, by=by, at=clock.now())


#: plans that one person seals with one word
MOST_TOGETHER = 30


def approve_together(actor: Actor, plans: Mapping[str, str], *, comment: str = "") -> dict[str, Refused | None]:
    """Seal several plans, each by its own digest and in a transaction of its own; by number, what was refused."""
    if len(plans) > MOST_TOGETHER:
        raise Refused(Reason("too_many_together", {"most": MOST_TOGETHER}))
    return {number: _refusal_of(actor, number, plan_digest, comment) for number, plan_digest in plans.items()}


def _refusal_of(actor: Actor, number: str, plan_digest: str, comment: str) -> Refused | None:
    try:
        approve(actor, number, plan_digest=plan_digest, comment=comment)
    except Refused as refused:
        refused_attempt(actor, "approve", number, refused)
        return refused
    return None


def confirm_plan(actor: Actor, number: str, *, plan_digest: str) -> Request:
    """Where no approval is needed and AWS had changed: the requester's own word that this plan is what they want."""
    actor.needs("ask")
    may_operate()
    with writing():
        request = locked(number)
        own(actor, request)
        if not rules.awaits_requester(request):
            raise Refused(Reason("not_waiting", {"state": request.state}))
        plan = _plan_waiting(request, plan_digest)
        still_allowed(request, plan)
        facts = {"digest": plan.digest, "rules": plan.authority["rules"]}
        now = clock.now()
        move(request, S.APPROVED, actor=actor.id, at=now, facts=facts)
        await_ratification(request, now)
        open_checks(request, now)
        return request


def deny(actor: Actor, number: str, *, comment: str, plan_digest: str | None = None) -> Request:
    """却下: the request ends here. A comment is required. ``plan_digest``: only where this is still the plan."""
    return _decide_against(actor, number, S.DENIED, "denial", comment, plan_digest)


def return_for_correction(actor: Actor, number: str, *, comment: str, plan_digest: str | None = None) -> Request:
    """差戻し: back to the requester, same number. A comment is required. ``plan_digest``: as for a denial."""
    return _decide_against(actor, number, S.RETURNED, "return", comment, plan_digest)


def _decide_against(
    actor: Actor, number: str, to: RequestState, kind: str, comment: str, plan_digest: str | None
) -> Request:
    actor.needs("approve")
    text = required_text(comment)
    with writing():
        request = locked(number)
        plan, principal = _may_decide(actor, request, plan_digest)
        now = clock.now()
        facts = {"on_behalf_of": principal or "", "digest": plan.digest, **_outside(actor)}
        if request.ratification == Ratification.DUE:
            if to == S.RETURNED:
                raise Refused(Reason("not_in_this_state", {"state": request.state, "to": to.value}))
            _reject(request, actor, text, facts, now)
            return request
        Remark.objects.create(request=request, person=actor.person, kind=kind, text=text, at=now)
        void_plan(plan, now, ())
        request.lapses_at = valid_until(now)  # time to correct it
        move(request, to, actor=actor.id, at=now, facts=facts, texts={"comment": text})
        return request


def _reject(request: Request, actor: Actor, text: str, facts: dict[str, str], now: datetime) -> None:
    """What is still in force ends at once; what was done stays on record as not approved."""
    Remark.objects.create(request=request, person=actor.person, kind="denial", text=text, at=now)
    _ratified(request, Ratification.REJECTED, actor.id, facts, text)
    if request.state in (S.APPLYING, S.ACTIVE, S.FAILED) and request.holds.exists():  # work by hand goes on
        end_holds(request, actor.id, now)
    elif request.state in (S.APPROVED, S.SCHEDULED):  # not begun yet, so it never will be
        move(request, S.WITHDRAWN, actor=actor.id, at=now)
        cancel_approved(request, now)


def ask_question(actor: Actor, number: str, *, text: str) -> Remark:
    """照会: a question changes no state."""
    return _remark(actor, number, "question", text)


def answer_question(actor: Actor, number: str, *, text: str) -> Remark:
    return _remark(actor, number, "answer", text)


def _remark(actor: Actor, number: str, kind: str, text: str) -> Remark:
    actor.needs("ask" if kind == "answer" else "approve")
    said = required_text(text)
    with writing():
        request = locked(number)
        if not rules.visible(actor).filter(pk=request.pk).exists():
            raise Refused(Reason("no_such_request", {"request": number}), attempt=True)
        remark = Remark.objects.create(request=request, person=actor.person, kind=kind, text=said, at=clock.now())
        record(f"request.{kind}", actor=actor.id, subject=number, texts={"text": said})
        happened(kind, request.pk, by=actor.id, at=remark.at, remark=remark.pk)
        return remark


def still_allowed(request: Request, plan: Plan) -> None:
    """Authority is decided again at each approval, on the estate as last seen. Raises Refused."""
    decision = authorise(routine_named(request.routine), plan.value, Asked.of(request, clock.now()))
    if not decision.allowed:
        raise Refused(*decision.refusals)


def _sealed_already(plan: Plan, principals: set[str]) -> bool:
    """A person, whichever account they use, and whoever stands in for them, count once."""
    humans = accounts_of_the_same(principals)
    seals = plan.approvals.filter(void_at=None)
    return seals.filter(Q(person_id__in=humans) | Q(on_behalf_of_id__in=humans)).exists()


def approvals_complete(request: Request, plan: Plan) -> bool:
    """Whether it may be applied as far as approvals go: they are there, or an emergency has them afterwards."""
    return request.emergency or _sealed_by_all(request, plan)


def _sealed_by_all(request: Request, plan: Plan) -> bool:
    """Whether the seals still valid, of people still entitled, fill every slot the plan requires."""
    slots = in_force(plan)
    candidates = rules.approvers(slots, without=asking_people(request))
    signers = list(plan.approvals.filter(void_at=None).values_list("person_id", "on_behalf_of_id", "via"))
    return rules.fulfilled(candidates, slots, signers)


def _may_decide(actor: Actor, request: Request, plan_digest: str | None) -> tuple[Plan, str | None]:
    """The plan this person may decide about now, and whom they stand in for (None: themselves)."""
    person = actor.person
    if not rules.visible(actor).filter(pk=request.pk).exists():
        raise Refused(Reason("no_such_request", {"request": request.number}), attempt=True)
    if not rules.awaits_decision(request):
        raise Refused(Reason("not_waiting", {"state": request.state}))
    plan = _plan_waiting(request, None)
    asking = asking_people(request)
    if person.id in asking:
        raise Refused(Reason("not_own_request"), attempt=True)
    plan = _plan_waiting(request, plan_digest)
    slots, turn = in_force(plan), on_turn(plan)
    able = rules.approvers(slots, without=asking)
    waits = False
    for principal in (None, *sorted(stand_ins(clock.now()).get(person.id, ()))):
        places = [slot for slot, people in zip(slots, able, strict=True) if (principal or person.id) in people]
        now = [slot for slot in places if slot in turn]
        if any(slot.via == actor.via for slot in now):
            return plan, principal
        if now:
            raise Refused(Reason("decided_elsewhere", {"via": now[0].via or "Kumoban"}))
        waits = waits or bool(places)
    raise Refused(Reason("not_your_turn")) if waits else Refused(Reason("not_an_approver"), attempt=True)


def _plan_waiting(request: Request, plan_digest: str | None) -> Plan:
    """The plan that waits for a decision, being exactly the one that was read. Raises Refused."""
    ratifying = request.ratification == Ratification.DUE  # late is better than never
    if request.plan is None or (request.state != S.WAITING and not ratifying):
        raise Refused(Reason("not_waiting", {"state": request.state}))
    if not ratifying and clock.now() >= (request.lapses_at or clock.now()):
        raise Refused(Reason("approval_lapsed"))
    if plan_digest is not None and plan_digest != request.plan.digest:
        raise Refused(Reason("plan_changed", {"number": request.plan.number}))
    return request.plan
