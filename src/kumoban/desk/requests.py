"""What people do with a request: ask, approve, return, deny, question, withdraw, end, resume.

Every function is one transaction: it locks the request, decides, changes rows and records. A refusal changes
nothing; where it was an attempt on authority the ledger remembers it (``refused_attempt``).
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError
from django.db.models import Q

from kumoban.core.plan import MANUAL
from kumoban.core.plan import Plan as PlanValue
from kumoban.core.reason import Reason, Refused
from kumoban.core.signing import FORMAT, digest
from kumoban.desk import clock, rules
from kumoban.desk.models import (
    Approval,
    CompletionReport,
    Hold,
    Plan,
    Remark,
    Request,
    Requirement,
    Step,
    WorkEntry,
)
from kumoban.desk.people import Actor, accounts_of_the_same
from kumoban.desk.planning import Draft, authorise, business_calendar, draft, signed_of
from kumoban.desk.routine import Asked, Routine, routine_of
from kumoban.desk.states import HoldState, Phase, RequestState, StepKind
from kumoban.desk.transition import derive, locked, move
from kumoban.estate.models import Person, searchable
from kumoban.ledger.clock import database_now
from kumoban.ledger.models import Entry
from kumoban.ledger.record import SYSTEM, record, writing

__all__ = [
    "answer_question",
    "approve",
    "ask",
    "ask_question",
    "assign",
    "close_manual",
    "confirm_plan",
    "confirm_report",
    "deny",
    "end_early",
    "give_up",
    "make_plan",
    "open_checks",
    "refused_attempt",
    "report",
    "require",
    "resubmit",
    "resume",
    "return_for_correction",
    "void_plan",
    "withdraw",
    "work",
]

S = RequestState
#: order of work; what AWS has begun and not finished comes before what would be begun
RANK = {StepKind.END: 0, StepKind.APPLY: 2, StepKind.CHECK: 3, StepKind.SECOND_LOOK: 3, StepKind.MANUAL: 3}
POLL_RANK = 1


# --- asking


def ask(
    actor: Actor,
    routine_name: str,
    data: Mapping[str, Any],
    *,
    extra: Mapping[str, str] | None = None,
    idempotency: str = "",
) -> Request:
    """Store a request with its plan. Raises ShapeError or Refused; the same ``idempotency`` gives the same request."""
    actor.needs("ask")
    routine = _routine(routine_name)
    if idempotency and (before := Request.objects.filter(asked_by=actor.user, idempotency=idempotency).first()):
        return before
    made = draft(actor, routine, data, extra)
    _refuse_where(made)
    try:
        with writing():
            return _store(actor, routine, made, idempotency[:80] or None)
    except IntegrityError:
        return Request.objects.get(asked_by=actor.user, idempotency=idempotency[:80])


def _refuse_where(made: Draft) -> None:
    if made.refusals:
        beyond = bool(made.decision.refusals) and not made.plan.refusals
        raise Refused(*made.refusals, attempt=beyond)


def _store(actor: Actor, routine: Routine, made: Draft, idempotency: str | None) -> Request:
    now = clock.now()
    request = Request.objects.create(
        number=f"new-{secrets.token_hex(6)}",
        routine=routine.name,
        requester=actor.person,
        asked_by=actor.user,
        form=made.form.stored(),
        extra=dict(made.extra),
        reason=routine.reason(made.form),
        created_at=now,
        changed_at=now,
        idempotency=idempotency,
    )
    request.number = f"R-{request.pk}"
    request.workers.set(made.workers)
    request.target_at = business_calendar().add_business_time(now, routine.target) if routine.target else None
    request.save()
    record(
        "request.asked",
        actor=actor.id,
        subject=request.number,
        facts={"routine": routine.name, "workers": [person.id for person in made.workers]},
        texts={"reason": request.reason} if request.reason else None,
    )
    _plan_and_route(request, routine, made, actor.id)
    return request


def _plan_and_route(request: Request, routine: Routine, made: Draft, by: str) -> None:
    """drafted/returned → planned → waiting, approved, or applying where the plan is work for people."""
    now = clock.now()
    make_plan(request, routine, made.plan, made.decision)
    move(request, S.PLANNED, actor=by, at=now, facts={"plan": request.plan.digest if request.plan else ""})
    if made.decision.slots:
        await_approval(request, now)
    else:
        decided = [list(rule) for rule in made.decision.rules]
        move(request, S.APPROVED, actor=SYSTEM, at=now, facts={"rules": decided})
        open_checks(request, now)


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
    require(plan, decision)
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


def require(plan: Plan, decision: rules.Decision) -> None:
    """Who must approve the plan, as the rules say now."""
    plan.authority = decision.stored()
    plan.save(update_fields=["authority"])
    plan.requirements.all().delete()
    Requirement.objects.bulk_create(
        Requirement(plan=plan, slot=index, kind=slot.kind, ref=ref, count=slot.count)
        for index, slot in enumerate(decision.slots)
        for ref in slot.refs
    )


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
    hours = timedelta(hours=settings.KUMOBAN_APPROVAL_VALID_HOURS)
    lapses = business_calendar().add_business_time(now, hours)
    window = request.plan.value.window if request.plan else None
    if window and window.ends_at:
        lapses = min(lapses, window.ends_at)
    request.lapses_at = lapses
    move(request, S.WAITING, actor=SYSTEM, at=now, why=why)


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
        Hold.objects.create(
            request=request,
            key=step.thing or "",
            person_id=step.person,
            account_id=step.account or "",
            state=HoldState.APPROVED,
            shown={**step.shown, "index": index},
            starts_at=window.starts_at if window else None,
            ends_at=window.ends_at if window else None,
        )
    if all(step.manual for step in value.steps):
        move(request, S.APPLYING, actor=SYSTEM, at=now)
        return
    _open_check(request, now)


def _open_check(request: Request, now: datetime, behind: int | None = None) -> None:
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


# --- deciding


def approve(actor: Actor, number: str, *, plan_digest: str, comment: str = "") -> Request:
    """Put this person's seal on exactly this plan. Raises Refused: changed plan, not entitled, own request, sealed."""
    actor.needs("approve")
    with writing():
        request = locked(number)
        plan, principal = _may_decide(actor, request, plan_digest)
        _still_allowed(request, plan)
        now = clock.now()
        if _sealed_already(plan, {actor.person.id, principal or actor.person.id}):
            raise Refused(Reason("already_approved"))
        Approval.objects.create(
            plan=plan,
            person=actor.person,
            on_behalf_of_id=principal,
            digest=plan.digest,
            comment=_comment(comment),
            at=database_now(),
        )
        record(
            "request.sealed",
            actor=actor.id,
            subject=number,
            facts={"digest": plan.digest, "on_behalf_of": principal or ""},
            texts={"comment": comment} if comment else None,
        )
        if approvals_complete(request, plan):
            move(request, S.APPROVED, actor=SYSTEM, at=now, facts={"digest": plan.digest})
            open_checks(request, now)
        return request


def confirm_plan(actor: Actor, number: str, *, plan_digest: str) -> Request:
    """Where no approval is needed and AWS had changed: the requester's own word that this plan is what they want."""
    actor.needs("ask")
    with writing():
        request = locked(number)
        _own(actor, request)
        if not rules.awaits_requester(request):
            raise Refused(Reason("not_waiting", {"state": request.state}))
        plan = _plan_waiting(request, plan_digest)
        _still_allowed(request, plan)
        facts = {"digest": plan.digest, "rules": plan.authority["rules"]}
        move(request, S.APPROVED, actor=actor.id, at=clock.now(), facts=facts)
        open_checks(request, clock.now())
        return request


def _still_allowed(request: Request, plan: Plan) -> None:
    """Authority is decided again at each approval, on the estate as last seen. Raises Refused."""
    decision = authorise(_routine(request.routine), plan.value, Asked.of(request, clock.now()))
    if not decision.allowed:
        raise Refused(*decision.refusals)


def _sealed_already(plan: Plan, principals: set[str]) -> bool:
    """A person, whichever account they use, and whoever stands in for them, count once."""
    humans = accounts_of_the_same(principals)
    seals = plan.approvals.filter(void_at=None)
    return seals.filter(Q(person_id__in=humans) | Q(on_behalf_of_id__in=humans)).exists()


def approvals_complete(request: Request, plan: Plan) -> bool:
    """Whether the seals still valid, of people still entitled, fill every slot the plan requires."""
    slots = [rules.Slot.from_stored(slot) for slot in plan.authority["slots"]]
    candidates = rules.approvers(slots, without=asking_people(request))
    signers = list(plan.approvals.filter(void_at=None).values_list("person_id", "on_behalf_of_id"))
    return rules.fulfilled(candidates, slots, signers)


def asking_people(request: Request) -> set[str]:
    """The requester and the workers, under every account they have: nobody of them may approve."""
    return accounts_of_the_same(request.people)


def _may_decide(actor: Actor, request: Request, plan_digest: str | None) -> tuple[Plan, str | None]:
    """The plan this person may decide about now, and whom they stand in for (None: themselves)."""
    person = actor.person
    plan = _plan_waiting(request, None)
    if person.id in asking_people(request):
        raise Refused(Reason("not_own_request"), attempt=True)
    plan = _plan_waiting(request, plan_digest)
    slots = [rules.Slot.from_stored(slot) for slot in plan.authority["slots"]]
    entitled = set().union(*rules.approvers(slots, without=asking_people(request)))
    if person.id in entitled:
        return plan, None
    for principal in sorted(rules.stand_ins(clock.now()).get(person.id, ())):
        if principal in entitled:
            return plan, principal
    raise Refused(Reason("not_an_approver"), attempt=True)


def _plan_waiting(request: Request, plan_digest: str | None) -> Plan:
    """The plan that waits for a decision, being exactly the one that was read. Raises Refused."""
    if request.state != S.WAITING or request.plan is None:
        raise Refused(Reason("not_waiting", {"state": request.state}))
    if clock.now() >= (request.lapses_at or clock.now()):
        raise Refused(Reason("approval_lapsed"))
    if plan_digest is not None and plan_digest != request.plan.digest:
        raise Refused(Reason("plan_changed", {"number": request.plan.number}))
    return request.plan


def deny(actor: Actor, number: str, *, comment: str) -> Request:
    """却下: the request ends here. A comment is required."""
    return _decide_against(actor, number, S.DENIED, "denial", comment)


def return_for_correction(actor: Actor, number: str, *, comment: str) -> Request:
    """差戻し: back to the requester, same number. A comment is required."""
    return _decide_against(actor, number, S.RETURNED, "return", comment)


def _decide_against(actor: Actor, number: str, to: RequestState, kind: str, comment: str) -> Request:
    actor.needs("approve")
    text = _required(comment)
    with writing():
        request = locked(number)
        plan, principal = _may_decide(actor, request, None)
        now = clock.now()
        Remark.objects.create(request=request, person=actor.person, kind=kind, text=text, at=now)
        void_plan(plan, now, ())
        facts = {"on_behalf_of": principal or "", "digest": plan.digest}
        move(request, to, actor=actor.id, at=now, facts=facts, texts={"comment": text})
        return request


def void_plan(plan: Plan, at: datetime, why: tuple[Reason, ...]) -> None:
    """All seals on this plan fall."""
    stored = [reason.stored() for reason in why]
    Plan.objects.filter(pk=plan.pk).update(void_at=at, void_why=stored)
    plan.approvals.filter(void_at=None).update(void_at=at, void_why=stored)


def resubmit(actor: Actor, number: str, data: Mapping[str, Any], extra: Mapping[str, str] | None = None) -> Request:
    """A returned request, corrected: planned afresh under the same number. Raises ShapeError or Refused."""
    actor.needs("ask")
    found = Request.objects.get(number=number) if Request.objects.filter(number=number).exists() else None
    routine = _routine(found.routine if found else "")
    made = draft(actor, routine, data, extra)
    _refuse_where(made)
    with writing():
        request = locked(number)
        _own(actor, request)
        if request.state != S.RETURNED:
            raise Refused(Reason("not_in_this_state", {"state": request.state, "to": S.PLANNED.value}))
        request.form, request.extra = made.form.stored(), dict(made.extra)
        request.reason = routine.reason(made.form)
        request.workers.set(made.workers)
        _plan_and_route(request, routine, made, actor.id)
        return request


def ask_question(actor: Actor, number: str, *, text: str) -> Remark:
    """照会: a question changes no state."""
    return _remark(actor, number, "question", text)


def answer_question(actor: Actor, number: str, *, text: str) -> Remark:
    return _remark(actor, number, "answer", text)


def _remark(actor: Actor, number: str, kind: str, text: str) -> Remark:
    actor.needs("ask" if kind == "answer" else "approve")
    said = _required(text)
    with writing():
        request = locked(number)
        if not rules.visible(actor, clock.now()).filter(pk=request.pk).exists():
            raise Refused(Reason("no_such_request", {"request": number}), attempt=True)
        remark = Remark.objects.create(request=request, person=actor.person, kind=kind, text=said, at=clock.now())
        record(f"request.{kind}", actor=actor.id, subject=number, texts={"text": said})
        return remark


# --- taking back, ending, mending


def withdraw(actor: Actor, number: str) -> Request:
    """取下げ, by the requester: before anything was granted it ends the request, afterwards it ends the grants."""
    actor.needs("ask")
    with writing():
        request = locked(number)
        _own(actor, request)
        now = clock.now()
        if request.state in (S.APPLYING, S.ACTIVE, S.FAILED):
            _end_holds(request, actor.id, now)
            return request
        move(request, S.WITHDRAWN, actor=actor.id, at=now)
        cancel_approved(request, now)
        return request


def end_early(actor: Actor, number: str) -> Request:
    """早期終了, by requester, worker, an approver or ops. Being ended is never gated by a rule."""
    actor.needs("ask")
    with writing():
        request = locked(number)
        if not may_end(actor, request):
            raise Refused(Reason("may_not_end"), attempt=True)
        if request.state not in (S.APPLYING, S.ACTIVE, S.FAILED):
            raise Refused(Reason("nothing_to_end", {"state": request.state}))
        _end_holds(request, actor.id, clock.now())
        return request


def may_end(actor: Actor, request: Request) -> bool:
    signed = Approval.objects.filter(plan__request=request, person=actor.person).exists()
    return actor.ops or signed or actor.person.id in asking_people(request)


def _end_holds(request: Request, by: str, now: datetime) -> None:
    holds = list(request.holds.filter(state__in=[HoldState.APPLYING, HoldState.ACTIVE, HoldState.FAILED]))
    Hold.objects.filter(pk__in=[hold.pk for hold in holds]).update(state=HoldState.ENDING)
    Step.objects.filter(hold__in=holds, kind=StepKind.END, done_at=None).update(due=now)
    request.steps.filter(kind=StepKind.MANUAL, done_at=None).update(phase=Phase.CANCELLED, done_at=now)
    record("request.end_asked", actor=by, subject=request.number, facts={"grants": [hold.key for hold in holds]})
    derive(request, actor=by, at=now)


def cancel_approved(request: Request, now: datetime) -> None:
    """Holds that never came into force are cancelled; what was kept for them ends at once."""
    holds = list(request.holds.filter(state=HoldState.APPROVED))
    Hold.objects.filter(pk__in=[hold.pk for hold in holds]).update(state=HoldState.CANCELLED, ended_at=now)
    Step.objects.filter(request=request, done_at=None).update(phase=Phase.CANCELLED, due=None, done_at=now)
    for hold in holds:
        release_kept(hold.key, now)


def release_kept(key: str, now: datetime) -> None:
    """If an ended grant left the thing standing for a hold that is now gone, its undo is due at once."""
    kept = (
        Hold.objects.filter(key=key, state=HoldState.ENDED, ended_by="held_by_others", thing__closed_at=None)
        .order_by("-ended_at")
        .first()
    )
    in_force = (HoldState.APPLYING, HoldState.ACTIVE, HoldState.ENDING, HoldState.FAILED)
    if kept is None or Hold.objects.filter(key=key, state__in=in_force).exists():
        return
    reopen_end(kept, now)


def reopen_end(hold: Hold, now: datetime) -> None:
    """An ended grant whose thing still stands goes back to ending, with a step to end it."""
    last = Step.objects.filter(hold=hold, kind=StepKind.END).latest("id")
    Step.objects.create(
        request_id=hold.request_id,
        hold=hold,
        kind=StepKind.END,
        position=last.position,
        action=last.action,
        params=last.params,
        lock_key=last.lock_key,
        phase=Phase.LOOK,
        rank=RANK[StepKind.END],
        due=now,
    )
    hold.state, hold.ended_by, hold.ended_at = HoldState.ENDING, "", None
    hold.save(update_fields=["state", "ended_by", "ended_at"])
    request = Request.objects.select_for_update().get(pk=hold.request_id)
    derive(request, actor=SYSTEM, at=now)


def resume(actor: Actor, number: str) -> Request:
    """Ops tries the failed grants of the *same* plan again. Refused after their end."""
    _ops_only(actor)
    with writing():
        request = locked(number)
        now = clock.now()
        failed = list(request.holds.filter(state=HoldState.FAILED))
        if not failed:
            raise Refused(Reason("nothing_failed"))
        if request.ends_at and now >= request.ends_at:
            raise Refused(Reason("already_past_end"))
        if request.plan is not None:
            _still_allowed(request, request.plan)
            if not approvals_complete(request, request.plan):
                raise Refused(Reason("approver_no_longer_entitled"))
        Hold.objects.filter(pk__in=[hold.pk for hold in failed]).update(state=HoldState.APPLYING)
        Step.objects.filter(hold__in=failed, kind=StepKind.APPLY).update(
            phase=Phase.RECOVER, due=now, needs_a_person=False, attempts=0, done_at=None
        )
        record("request.resumed", actor=actor.id, subject=number, facts={"grants": [hold.key for hold in failed]})
        derive(request, actor=actor.id, at=now)
        return request


def give_up(actor: Actor, number: str) -> Request:
    """Ops ends what failed instead of trying again."""
    _ops_only(actor)
    return end_early(actor, number)


# --- work by people


def assign(actor: Actor, number: str, *, assignee: str, target_at: datetime | None = None) -> Request:
    """Triage: who of the operations team works on it, and until when."""
    _ops_only(actor)
    with writing():
        request = locked(number)
        person = Person.objects.filter(id=assignee, absent_since=None).first()
        if person is None:
            raise Refused(Reason("unknown_person", {"person": assignee[:60]}), field="assignee")
        request.assignee = person
        request.target_at = target_at or request.target_at
        request.save()
        record("request.assigned", actor=actor.id, subject=number, facts={"assignee": person.id})
        return request


def work(actor: Actor, number: str, *, text: str, evidence: str = "", minutes: int = 0) -> WorkEntry:
    """What was done in the manual step, with evidence and the minutes it took."""
    _ops_only(actor)
    said = _required(text)
    if not 0 <= minutes <= 60 * 24:
        raise Refused(Reason("minutes_out_of_range"), field="minutes")
    with writing():
        step = _open_manual(locked(number))
        entry = WorkEntry.objects.create(
            step=step,
            person=actor.person,
            text=said,
            evidence=_comment(evidence),
            minutes=minutes,
            at=clock.now(),
        )
        record("step.worked", actor=actor.id, subject=number, facts={"minutes": minutes}, texts={"text": said})
        return entry


def close_manual(actor: Actor, number: str) -> Request:
    """The manual step is done; the last one closes the request."""
    _ops_only(actor)
    with writing():
        request = locked(number)
        step = _open_manual(request)
        if not step.entries.exists():
            raise Refused(Reason("nothing_worked_yet"))
        now = clock.now()
        step.phase, step.done_at = Phase.DONE, now
        step.save()
        record("step.closed", actor=actor.id, subject=number, facts={"position": step.position})
        if request.holds.exists():
            _open_check(request, now, behind=step.position + 1)
        elif not request.steps.filter(kind=StepKind.MANUAL, phase=Phase.OPEN).exists():
            move(request, S.DONE, actor=actor.id, at=now)
        return request


def _open_manual(request: Request) -> Step:
    step = request.steps.filter(kind=StepKind.MANUAL, phase=Phase.OPEN).order_by("position").first()
    if step is None:
        raise Refused(Reason("no_open_manual_step"))
    return step


def report(actor: Actor, number: str, *, outcome: str, text: str = "") -> CompletionReport:
    """作業完了報告, by a worker or the requester, after the grants have ended."""
    actor.needs("ask")
    if outcome not in CompletionReport.Outcome.values:
        raise Refused(Reason("unknown_outcome", {"outcome": outcome[:20]}), field="outcome")
    with writing():
        request = locked(number)
        if actor.person.id not in asking_people(request):
            raise Refused(Reason("not_your_work"), attempt=True)
        if request.state not in (S.ENDED, S.UNDONE, S.ENDING):
            raise Refused(Reason("report_after_end"))
        if CompletionReport.objects.filter(request=request).exists():
            raise Refused(Reason("already_reported"))
        made = CompletionReport.objects.create(
            request=request, person=actor.person, outcome=outcome, text=_comment(text), at=clock.now()
        )
        record(
            "request.reported",
            actor=actor.id,
            subject=number,
            facts={"outcome": outcome},
            texts={"text": text},
        )
        return made


def confirm_report(actor: Actor, number: str) -> CompletionReport:
    """An approver of the request (or ops, where nobody had to approve) confirms the completion report."""
    actor.needs("approve")
    with writing():
        request = locked(number)
        made = CompletionReport.objects.filter(request=request, confirmed_at=None).first()
        if made is None:
            raise Refused(Reason("nothing_to_confirm"))
        signed = Approval.objects.filter(plan__request=request, person=actor.person).exists()
        if actor.person.id in asking_people(request) or not (signed or actor.ops):
            raise Refused(Reason("not_an_approver"), attempt=True)
        made.confirmed_by, made.confirmed_at = actor.person, clock.now()
        made.save()
        record("request.report_confirmed", actor=actor.id, subject=number)
        return made


# --- small rules shared above


def refused_attempt(actor: Actor, what: str, subject: str, refused: Refused) -> None:
    """Remember an attempt on authority, after its rollback; at most ten a minute for one actor."""
    if not refused.attempt:
        return
    with writing():
        recent = Entry.objects.filter(
            kind="attempt.refused", actor=actor.id, at__gt=database_now() - timedelta(minutes=1)
        )
        if recent.count() < 10:
            codes = [reason.code for reason in refused.reasons]
            record("attempt.refused", actor=actor.id, subject=subject[:80], facts={"what": what, "why": codes})


def _routine(name: str) -> Routine:
    routine = routine_of(name)
    if routine is None:
        raise Refused(Reason("no_such_routine", {"routine": name[:60]}))
    return routine


def _own(actor: Actor, request: Request) -> None:
    if request.requester_id != actor.person.id:
        raise Refused(Reason("not_your_request"), attempt=True)


def _ops_only(actor: Actor) -> None:
    actor.needs("approve")
    if not actor.ops:
        raise Refused(Reason("ops_only"), attempt=True)


def _required(text: str) -> str:
    said = _comment(text)
    if not said:
        raise Refused(Reason("say_why"), field="comment")
    return said


def _comment(text: str) -> str:
    said = text.strip()
    if len(said) > 4000:
        raise Refused(Reason("shape.string_too_long", {"max_length": 4000, "field": "comment"}), field="comment")
    if any(ord(char) < 32 and char not in "\r\n\t" for char in said):
        raise Refused(Reason("shape.refused_characters", {"field": "comment"}), field="comment")
    return said
