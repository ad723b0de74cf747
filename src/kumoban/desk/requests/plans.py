"""A request's plan: stored with its signed bytes and who must approve it, made void, and handed to the runner."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings

from kumoban.core.plan import MANUAL
from kumoban.core.plan import Plan as PlanValue
from kumoban.core.reason import Reason
from kumoban.core.signing import FORMAT, digest
from kumoban.desk import clock, rules
from kumoban.desk.models import EmergencyReview, Hold, Plan, Request, Step
from kumoban.desk.notices.events import happened
from kumoban.desk.office_calendar import business_calendar, organisation_zone
from kumoban.desk.planning import signed_of
from kumoban.desk.requests.stages import require
from kumoban.desk.routine import Routine, action_of
from kumoban.desk.states import RANK, HoldState, Phase, Ratification, RequestState, StepKind
from kumoban.desk.transition import move
from kumoban.estate.models import searchable
from kumoban.ledger.record import SYSTEM, record

__all__ = [
    "await_approval",
    "await_ratification",
    "make_plan",
    "open_check",
    "open_checks",
    "valid_until",
    "void_plan",
]

S = RequestState


def make_plan(request: Request, routine: Routine, value: PlanValue, decision: rules.Decision) -> Plan:
    """Store a plan with its signed bytes and who must approve it; it becomes the request's plan."""
    signed = signed_of(request, routine, value, FORMAT)
    plan = Plan.objects.create(
        request=request,
        ordinal=request.plans.count() + 1,
        signed=signed.decode(),
        digest=digest(signed),
        format_version=FORMAT,
        document=value.stored(),
        authority=decision.stored(),
        made_at=clock.now(),
    )
    require(request, plan, decision, clock.now())
    request.plan = plan
    request.shown = _shown(value)
    request.search = _searchable(request)
    request.save()
    record(
        "plan.made",
        actor=SYSTEM,
        subject=request.number,
        facts={"digest": plan.digest, "ordinal": plan.ordinal, "steps": len(value.steps)},
    )
    return plan


def _shown(plan: PlanValue) -> dict[str, Any]:
    """What lists show of a request without opening its plan: names as they were when it was planned."""
    first = plan.steps[0]
    things = [dict(step.shown) for step in plan.steps[:40]]
    return {"title": first.title.stored(), "things": things, "count": len(plan.steps)}


def _searchable(request: Request) -> str:
    names = [value for thing in request.shown["things"] for value in thing.values()]
    people = [f"{person.display_name} {person.user_name}" for person in request.workers.all()]
    words = [request.number, request.reason[:500], request.requester.display_name, *people, *names]
    return searchable(*dict.fromkeys(words))


def await_approval(request: Request, now: datetime, why: tuple[Reason, ...] = ()) -> None:
    """→ waiting, with the moment it lapses: in business time, and never after the window's end."""
    lapses = valid_until(now)
    window = request.plan.value.window if request.plan else None
    if window and window.ends_at:
        lapses = min(lapses, window.ends_at)
    request.lapses_at, request.ratification = lapses, ""
    move(request, S.WAITING, actor=SYSTEM, at=now, why=why)


def await_ratification(request: Request, now: datetime) -> None:
    """An emergency goes on at once; from here on its approval afterwards is due, within the days its rule gives."""
    plan = request.plan
    if not request.emergency or plan is None or not plan.authority["slots"]:
        return
    days = plan.authority.get("afterwards_days") or 1
    calendar, day = business_calendar(), now.astimezone(organisation_zone()).date()
    for _ in range(days):
        day = calendar.next_business_day(day)
    request.ratification, request.lapses_at = Ratification.DUE, calendar.closing(day)
    request.save(update_fields=["ratification", "lapses_at"])
    facts = {"until": request.lapses_at, "digest": plan.digest}
    record("request.to_ratify", actor=SYSTEM, subject=request.number, facts=facts)
    happened("to_ratify", request.pk, by=SYSTEM, at=now, plan=plan.pk)
    if not request.by_desk:
        _open_review(request, days, now)


def _open_review(request: Request, days: int, now: datetime) -> None:
    """Once, however often its plan changes; whom the rules name are told loudly."""
    started = {"days": days, "opened_at": now}
    _review, new = EmergencyReview.objects.get_or_create(request=request, defaults=started)
    if new:
        record("emergency.review_opened", actor=SYSTEM, subject=request.number, facts={"days": days})
        happened("alarm", request.pk, by=request.requester_id, at=now)


def valid_until(since: datetime) -> datetime:
    """How long something said at ``since`` is waited for, or still counts, in business time."""
    return business_calendar().add_business_time(since, timedelta(hours=settings.KUMOBAN_APPROVAL_VALID_HOURS))


def open_checks(request: Request, now: datetime) -> None:
    """After the last approval: grants are rows before any AWS call, and the runner checks the plan live at once."""
    plan = request.plan
    assert plan is not None
    value = plan.value
    window = value.window
    for index, step in enumerate(value.steps):
        if step.action == MANUAL:
            Step.objects.create(
                request=request,
                kind=StepKind.MANUAL,
                position=index,
                action=MANUAL,
                params={**step.params, "title": step.title.stored()},
                phase=Phase.OPEN,
                rank=RANK[StepKind.MANUAL],
            )
            continue
        if step.own or not action_of(step.action).holds:  # nothing on AWS is held by it
            continue
        Hold.objects.create(
            request=request,
            key=step.thing or "",
            person_id=step.person,
            account_id=step.account or "",
            state=HoldState.APPROVED,
            shown={**step.shown, "index": index},
            starts_at=window.starts_at if window else None,
            ends_at=window.ends_at if window else None,
            owner_id=step.terms.get("owner"),
            review_on=date.fromisoformat(step.terms["review_on"]) if "review_on" in step.terms else None,
        )
    if any(step.manual for step in value.steps):
        happened("by_hand", request.pk, by=SYSTEM, at=now)
    if all(step.manual for step in value.steps):
        move(request, S.APPLYING, actor=SYSTEM, at=now)
        return
    open_check(request, now)


def open_check(request: Request, now: datetime, behind: int | None = None) -> None:
    """Have the runner read AWS and plan again; ``behind``: for the steps from this position on."""
    Step.objects.create(
        request=request,
        kind=StepKind.CHECK,
        action="desk.check/1",
        params={} if behind is None else {"behind": behind},
        phase=Phase.LOOK,
        rank=RANK[StepKind.CHECK],
        due=now,
    )


def void_plan(plan: Plan, at: datetime, why: tuple[Reason, ...]) -> None:
    """All seals on this plan fall."""
    stored = [reason.stored() for reason in why]
    Plan.objects.filter(pk=plan.pk).update(void_at=at, void_why=stored)
    plan.approvals.filter(void_at=None).update(void_at=at, void_why=stored)
