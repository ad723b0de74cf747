"""Approvals in an order: whose turn it is, and to whom it goes where nobody answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from kumoban.desk import clock, rules
from kumoban.desk.models import Plan, Request, Requirement
from kumoban.desk.notices.events import happened
from kumoban.desk.office_calendar import business_calendar
from kumoban.desk.people import accounts_of_the_same
from kumoban.desk.slots import stage_of
from kumoban.desk.transition import locked
from kumoban.ledger.record import SYSTEM, record, writing

__all__ = ["asking_people", "escalate", "in_force", "on_turn", "open_stage", "require"]


def asking_people(request: Request) -> set[str]:
    """The requester, the workers and who asked in the requester's name, under every account: none may approve."""
    return accounts_of_the_same(request.people | {actor for actor in (_converter(request),) if actor})


def _converter(request: Request) -> str | None:
    """Who of the operations team made this request of another one."""
    return request.asked_by.person_id if request.converted_from_id else None


def in_force(plan: Plan) -> list[rules.Slot]:
    """What the plan's approval requires, with those to whom it was escalated."""
    slots = [rules.Slot.from_stored(slot) for slot in plan.authority.get("slots", ())]
    escalated = plan.requirements.filter(escalation=True).exclude(escalated_at=None)
    for index in set(escalated.values_list("slot", flat=True)) if any(slot.escalation for slot in slots) else ():
        slot = slots[index]
        if slot.escalation:
            slots[index] = replace(slot, escalation=replace(slot.escalation, happened=True))
    return slots


def on_turn(plan: Plan) -> list[rules.Slot]:
    """Of these, the slots whose turn it is."""
    slots = in_force(plan)
    if len({slot.stage for slot in slots}) <= 1:
        return slots
    open_ones = set(plan.requirements.filter(open=True).values_list("slot", flat=True))
    return [slot for index, slot in enumerate(slots) if index in open_ones]


def require(request: Request, plan: Plan, decision: rules.Decision, now: datetime) -> None:
    """Who must approve the plan, as the rules say now; who was escalated to stays asked."""
    before, slots = plan.requirements.filter(escalation=True).exclude(escalated_at=None), in_force(plan)
    escalated = {(slots[slot].wants, ref): at for slot, ref, at in before.values_list("slot", "ref", "escalated_at")}
    plan.authority = decision.stored()
    plan.save(update_fields=["authority"])
    plan.requirements.all().delete()
    rows = [
        Requirement(plan=plan, slot=index, kind=slot.kind, ref=ref, count=slot.count, via=slot.via, open=False)
        for index, slot in enumerate(decision.slots)
        for ref in slot.refs
    ]
    rows += [
        Requirement(
            plan=plan,
            slot=index,
            kind=to.kind,
            ref=ref,
            count=slot.count,
            via=slot.via,
            open=False,
            escalation=True,
            escalated_at=escalated.get((slot.wants, ref)),
        )
        for index, slot in enumerate(decision.slots)
        if (to := slot.escalation)
        for ref in to.refs
    ]
    Requirement.objects.bulk_create(rows)
    open_stage(request, plan, now)


def open_stage(request: Request, plan: Plan, now: datetime, *, anew: bool = False) -> bool:
    """Make it the turn of the first stage not filled; whether that is another one than before.

    From then on the business time runs until it is escalated; ``anew``: also where it is the turn of the same.
    """
    slots = in_force(plan)
    if not slots:
        return False
    turn = _turn(request, plan, slots)
    rows = plan.requirements.all()
    if set(rows.filter(open=True).values_list("slot", flat=True)) == turn and not anew:
        return False
    rows.exclude(slot__in=turn).update(open=False, escalates_at=None)
    rows.filter(slot__in=turn, escalation=False).update(open=True)
    rows.filter(slot__in=turn, escalation=True).exclude(escalated_at=None).update(open=True)
    for index in turn:
        to = slots[index].escalation
        if to and not to.happened:
            at = business_calendar().add_business_time(now, timedelta(hours=to.hours))
            rows.filter(slot=index, escalation=True).update(escalates_at=at)
    return True


def _turn(request: Request, plan: Plan, slots: list[rules.Slot]) -> set[int]:
    """The slots of the first stage not filled; with those before it, where only who sealed there could fill it."""
    if len({slot.stage for slot in slots}) == 1:
        return set(range(len(slots)))
    able = rules.approvers(slots, without=asking_people(request))
    signers = list(plan.approvals.filter(void_at=None).values_list("person_id", "on_behalf_of_id", "via"))
    stage = stage_of(able, slots, signers)
    upto = [index for index, slot in enumerate(slots) if slot.stage <= stage]
    turn = {index for index in upto if slots[index].stage == stage}
    sealed = accounts_of_the_same({one for person, principal, _via in signers for one in (person, principal) if one})
    fresh = [(one, None, slots[index].via) for index in sorted(turn) for one in sorted(able[index] - sealed)]
    reached = rules.fulfilled([able[index] for index in upto], [slots[index] for index in upto], [*signers, *fresh])
    return turn if reached else set(upto)


def escalate() -> int:
    """Where nobody answered in time, ask those the rule names for it as well; how many plans."""
    now = clock.now()
    late = Requirement.objects.filter(escalation=True, escalated_at=None, escalates_at__lte=now)
    numbers = rules.awaiting(Request.objects.filter(plan__in=late.values("plan"))).values_list("number", flat=True)
    return sum(_escalated(number, now) for number in list(numbers[:100]))


def _escalated(number: str, now: datetime) -> int:
    with writing():
        request = locked(number)
        if request.plan is None or not rules.awaits_decision(request):
            return 0
        late = request.plan.requirements.filter(escalation=True, escalated_at=None, escalates_at__lte=now)
        to = sorted(late.values_list("ref", flat=True))
        if not to:
            return 0
        late.update(open=True, escalated_at=now)
        record("request.escalated", actor=SYSTEM, subject=number, facts={"digest": request.plan.digest, "to": to[:100]})
        happened("escalated", request.pk, by=SYSTEM, at=now, plan=request.plan_id)
    return 1
