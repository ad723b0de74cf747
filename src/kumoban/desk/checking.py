"""The live check: memberships and AWS read just now, planned again, compared with what was signed, decided again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from kumoban.aws.door import Pass, door
from kumoban.aws.errors import AwsError, NotFound
from kumoban.core.plan import Plan as PlanValue
from kumoban.core.reason import Reason, Refused
from kumoban.core.signing import digest
from kumoban.desk import clock, rules
from kumoban.desk.changes import make_change, open_next
from kumoban.desk.models import Approval, Hold, Plan, Request, Step
from kumoban.desk.notices.events import needs_person
from kumoban.desk.office_calendar import business_calendar, organisation_zone
from kumoban.desk.outcome import Next, backoff
from kumoban.desk.planning import authorise, signed_of, stored_form
from kumoban.desk.requests import (
    approvals_complete,
    asking_people,
    await_approval,
    cancel_approved,
    in_force,
    make_plan,
    open_stage,
    require,
    valid_until,
    void_plan,
)
from kumoban.desk.routine import Asked, Routine, action_of, routine_of
from kumoban.desk.states import RANK, HoldState, Phase, RequestState, StepKind
from kumoban.desk.transition import move
from kumoban.estate.models import Person
from kumoban.estate.scan import refresh_memberships
from kumoban.ledger.record import SYSTEM, record

__all__ = ["Checked", "check", "settle_check"]

S = RequestState


@dataclass(frozen=True)
class Checked:
    """What the live look planned; ``error`` where AWS could not be read (unreadable is no, and is tried again)."""

    plan: PlanValue | None = None
    error: AwsError | None = None
    refused: tuple[Reason, ...] = ()


def check(step: Step) -> Checked:
    """Read AWS live: one membership call per person, then the routine's own look. Writes nothing but the estate."""
    request = Request.objects.select_related("requester").get(pk=step.request_id)
    routine = routine_of(request.routine)
    if routine is None:
        return Checked(refused=(Reason("routine_retired", {"routine": request.routine}),))
    aws = door().open(f"kumoban-{request.number}")
    signers = Approval.objects.filter(plan=request.plan, void_at=None).values_list("person_id", "on_behalf_of_id")
    people = {*request.people, *(person for pair in signers for person in pair if person)}
    try:
        for person in sorted(people):
            _refresh(aws, person)
        form = stored_form(routine, request)
        asked = Asked.of(request, clock.now())
        plan = routine.plan(form, routine.look(form, asked, live=True, request=request.number), asked)
    except AwsError as error:
        return Checked(error=error)
    except Refused as refused:
        return Checked(refused=refused.reasons)
    return Checked(plan, refused=plan.refusals)


def _refresh(aws: Pass, person: str) -> None:
    try:
        refresh_memberships(aws, person)
    except NotFound:
        Person.objects.filter(pk=person, absent_since=None).update(absent_since=clock.now())


def settle_check(step: Step, checked: Checked, now: datetime) -> Next:
    """In the transaction that decides: go on, wait for the start, wait for approval again, refuse, or lapse."""
    request = Request.objects.select_for_update().get(pk=step.request_id)
    step.request = request
    if "behind" in step.params:
        return _settle_behind(step, request, checked, now)
    if request.state not in (S.APPROVED, S.SCHEDULED) or request.plan is None:
        return Next(Phase.CANCELLED)
    if request.plan.value.window and (end := request.plan.value.window.ends_at) and now >= end:
        return _leave(request, S.LAPSED, now, (Reason("window_passed"),))
    if request.state == S.APPROVED and now >= valid_until(request.changed_at):
        return _leave(request, S.LAPSED, now, (Reason("approval_too_old"),))
    if checked.error is not None:
        step.attempts += 1
        step.error = {"code": checked.error.code, "message": checked.error.message[:300]}
        return Next(Phase.LOOK, backoff(step.attempts))
    if checked.refused:
        return _leave(request, S.REFUSED, now, checked.refused)
    routine = routine_of(request.routine)
    assert checked.plan is not None
    assert routine is not None
    decision = authorise(routine, checked.plan, Asked.of(request, now))
    if refusals := decision.refusals or _gone(request):
        return _leave(request, S.REFUSED, now, refusals)
    signed = signed_of(request, routine, checked.plan, request.plan.format_version)
    if digest(signed) != request.plan.digest:
        return _void(request, routine, checked.plan, decision, now)
    return _go_on(step, request, decision, now)


def _gone(request: Request) -> tuple[Reason, ...]:
    """Whoever asked, or was to work, and is no longer in the directory."""
    people = Person.objects.filter(pk__in=request.people)
    return tuple(Reason("person_gone", {"person": person.display_name}) for person in people if not person.can_act)


def _go_on(step: Step, request: Request, decision: rules.Decision, now: datetime) -> Next:
    plan = request.plan
    assert plan is not None
    stored_slots = [rules.Slot.from_stored(slot) for slot in plan.authority["slots"]]
    asked_for = {slot.wants for slot in stored_slots}
    if any(slot.wants not in asked_for for slot in decision.slots):
        require(request, plan, decision, now)
        if not request.emergency:
            return _wait_again(request, now, (Reason("rule_asks_for_more"),))
    if not approvals_complete(request, plan):
        _drop_seals_of_the_unentitled(request, plan, now)
        return _wait_again(request, now, (Reason("approver_no_longer_entitled"),))
    plan.checked_at = now
    plan.save(update_fields=["checked_at"])
    window = plan.value.window
    if window and window.starts_at and window.starts_at > now:
        if request.state == S.APPROVED:
            move(request, S.SCHEDULED, actor=SYSTEM, at=now)
        return Next(Phase.LOOK, _next_check(window.starts_at, now) - now)
    begin(request, now)
    return Next(Phase.DONE)


def _next_check(starts_at: datetime, now: datetime) -> datetime:
    """17:00 of the business day before, thirty minutes ahead, and at the start: while people are awake."""
    calendar = business_calendar()
    day = calendar.previous_business_day(starts_at.astimezone(organisation_zone()).date())
    early = datetime(day.year, day.month, day.day, 17, tzinfo=organisation_zone())
    moments = (early, starts_at - timedelta(minutes=30), starts_at)
    return next(moment for moment in moments if moment > now)


def begin(request: Request, now: datetime) -> None:
    """→ applying: the grants' ends are fixed here and never move; each has its end step before anything is called."""
    plan = request.plan
    assert plan is not None
    if plan.value.own:
        return _keep(request, plan, now)
    window = plan.value.window.resolved(now) if plan.value.window else None
    request.starts_at, request.ends_at = (window.starts_at, window.ends_at) if window else (now, None)
    holds = list(request.holds.filter(state=HoldState.APPROVED))
    steps = plan.value.steps
    at_once = plan.value.open_from(0)
    Hold.objects.filter(pk__in=[hold.pk for hold in holds]).update(
        state=HoldState.APPLYING, starts_at=request.starts_at, ends_at=request.ends_at
    )
    for hold in holds:
        planned = steps[hold.shown["index"]]
        for kind, due in ((StepKind.APPLY, now), (StepKind.END, request.ends_at)):
            Step.objects.create(
                request=request,
                hold=hold,
                kind=kind,
                position=hold.shown["index"],
                action=planned.action,
                params=dict(planned.params),
                lock_key=action_of(planned.action).lock(planned.params),
                phase=Phase.LOOK,
                rank=RANK[kind],
                due=due if kind == StepKind.END or hold.shown["index"] in at_once else None,
            )
    for index, planned in enumerate(steps):
        if not planned.manual and not action_of(planned.action).holds:
            make_change(request, index, planned)
    open_next(request, now)
    move(request, S.APPLYING, actor=SYSTEM, at=now, facts={"ends_at": request.ends_at, "digest": plan.digest})


def _keep(request: Request, plan: Plan, now: datetime) -> None:
    """A plan about the desk's own rows is carried out here, in the transaction that decided it."""
    routine = routine_of(request.routine)
    assert routine is not None
    assert routine.keep is not None
    move(request, S.APPLYING, actor=SYSTEM, at=now, facts={"digest": plan.digest})
    routine.keep(request, plan.value, now)
    move(request, S.DONE, actor=SYSTEM, at=now)


def _settle_behind(step: Step, request: Request, checked: Checked, now: datetime) -> Next:
    """A step by hand was closed: what stands behind it goes on if plan and authority still hold, else waits for ops."""
    plan = request.plan
    if request.state != S.APPLYING or plan is None:
        return Next(Phase.CANCELLED)
    if checked.error is not None:
        step.attempts += 1
        return Next(Phase.LOOK, backoff(step.attempts))
    turn = plan.value.open_from(int(step.params["behind"]))
    waiting = Step.objects.filter(request=request, position__in=turn, done_at=None, due=None)
    waiting = waiting.filter(kind__in=[StepKind.APPLY, StepKind.CHANGE])
    why = _no_longer(request, plan, checked, now)
    if not why:
        waiting.filter(kind=StepKind.APPLY).update(due=now)
        Step.objects.filter(pk=step.pk).update(phase=Phase.DONE)  # so that those behind it know
        open_next(request, now)
        step.touched = True
        return Next(Phase.DONE)
    error = {"reason": why[0].stored()}
    Hold.objects.filter(steps__in=list(waiting), state=HoldState.APPLYING).update(state=HoldState.FAILED)
    waiting.update(phase=Phase.FAILED, needs_a_person=True, error=error)
    record("request.stopped", actor=SYSTEM, subject=request.number, facts={"why": [reason.code for reason in why]})
    needs_person(request.pk, now, *why)
    step.touched = True
    return Next(Phase.DONE)


def _no_longer(request: Request, plan: Plan, checked: Checked, now: datetime) -> tuple[Reason, ...]:
    """Why a decided plan does not hold any more; empty where it does."""
    routine = routine_of(request.routine)
    if checked.plan is None or routine is None or checked.refused:
        return checked.refused
    decision = authorise(routine, checked.plan, Asked.of(request, now))
    if refusals := decision.refusals or _gone(request):
        return refusals
    if digest(signed_of(request, routine, checked.plan, plan.format_version)) != plan.digest:
        return (Reason("plan_differs", {"number": plan.number}),)
    return () if approvals_complete(request, plan) else (Reason("approver_no_longer_entitled"),)


def _void(request: Request, routine: Routine, planned: PlanValue, decision: rules.Decision, now: datetime) -> Next:
    """The plan differs: all seals fall. A second time, the request goes back to the requester."""
    assert request.plan is not None
    why = (Reason("plan_differs", {"number": request.plan.number}),)
    void_plan(request.plan, now, why)
    request.voids += 1
    cancel_approved(request, now)
    if request.voids >= 2:
        request.lapses_at = valid_until(now)  # time to correct it
        move(request, S.RETURNED, actor=SYSTEM, at=now, why=why)
        return Next(Phase.CANCELLED)
    make_plan(request, routine, planned, decision)
    await_approval(request, now, why)
    return Next(Phase.CANCELLED)


def _wait_again(request: Request, now: datetime, why: tuple[Reason, ...]) -> Next:
    cancel_approved(request, now)
    await_approval(request, now, why)
    return Next(Phase.CANCELLED)


def _drop_seals_of_the_unentitled(request: Request, plan: Plan, now: datetime) -> None:
    entitled = set().union(*rules.approvers(in_force(plan), without=asking_people(request)))
    for approval in plan.approvals.filter(void_at=None):
        if (approval.on_behalf_of_id or approval.person_id) not in entitled:
            approval.void_at, approval.void_why = now, [Reason("approver_no_longer_entitled").stored()]
            approval.save()
    open_stage(request, plan, now, anew=True)


def _leave(request: Request, to: RequestState, now: datetime, why: tuple[Reason, ...]) -> Next:
    move(request, to, actor=SYSTEM, at=now, why=why)
    cancel_approved(request, now)
    return Next(Phase.CANCELLED)
