"""Work by people: triage, work entries, completion reports."""

from __future__ import annotations

from datetime import datetime, timedelta

from kumoban.core.reason import Reason, Refused
from kumoban.desk import clock
from kumoban.desk.models import Approval, CompletionReport, Request, Step, WorkEntry
from kumoban.desk.notices.events import happened
from kumoban.desk.office_calendar import business_calendar
from kumoban.desk.people import Actor, accounts_of_the_same, ops_members
from kumoban.desk.requests.guards import checked_text, ops_only, required_text
from kumoban.desk.requests.plans import open_check
from kumoban.desk.requests.stages import asking_people
from kumoban.desk.routine import routine_of
from kumoban.desk.states import Phase, RequestState, StepKind
from kumoban.desk.transition import derive, locked
from kumoban.ledger.record import record, writing

__all__ = ["assign", "close_manual", "confirm_report", "report", "work"]

S = RequestState


def assign(actor: Actor, number: str, *, assignee: str, target_at: datetime | None = None) -> Request:
    """Triage: who of the operations team (by id or user name) works on it, and until when.

    Where no target was ever set there is one from now on: the routine's, else a business day.
    """
    ops_only(actor)
    with writing():
        request = locked(number)
        person = next((member for member in ops_members() if assignee in (member.id, member.user_name)), None)
        if person is None:
            raise Refused(Reason("not_in_operations", {"person": assignee[:60]}), field="assignee")
        request.assignee = person
        request.target_at = target_at or request.target_at or _usual_target(request)
        request.save()
        record("request.assigned", actor=actor.id, subject=number, facts={"assignee": person.id})
        happened("assigned", request.pk, by=actor.id, at=clock.now(), assignee=person.id)
        return request


def _usual_target(request: Request) -> datetime:
    routine = routine_of(request.routine)
    length = routine.target if routine and routine.target else timedelta(hours=9)
    return business_calendar().add_business_time(clock.now(), length)


def work(actor: Actor, number: str, *, text: str, evidence: str = "", minutes: int = 0) -> WorkEntry:
    """What was done in the manual step, with evidence and the minutes it took."""
    ops_only(actor)
    said = required_text(text)
    if not 0 <= minutes <= 60 * 24:
        raise Refused(Reason("minutes_out_of_range"), field="minutes")
    with writing():
        step = _open_manual(locked(number))
        entry = WorkEntry.objects.create(
            step=step,
            person=actor.person,
            text=said,
            evidence=checked_text(evidence),
            minutes=minutes,
            at=clock.now(),
        )
        record("step.worked", actor=actor.id, subject=number, facts={"minutes": minutes}, texts={"text": said})
        return entry


def close_manual(actor: Actor, number: str) -> Request:
    """The manual step is done; the last one closes the request."""
    ops_only(actor)
    with writing():
        request = locked(number)
        step = _open_manual(request)
        if not step.entries.exists():
            raise Refused(Reason("nothing_worked_yet"))
        now = clock.now()
        step.phase, step.done_at = Phase.DONE, now
        step.save()
        record("step.closed", actor=actor.id, subject=number, facts={"position": step.position})
        if request.steps.filter(kind__in=[StepKind.APPLY, StepKind.CHANGE]).exists():
            open_check(request, now, behind=step.position + 1)
        else:
            derive(request, actor=actor.id, at=now)
        return request


def _open_manual(request: Request) -> Step:
    step = request.steps.filter(kind=StepKind.MANUAL, phase=Phase.OPEN).order_by("position").first()
    if step is None or request.state != RequestState.APPLYING:  # approved is not begun
        raise Refused(Reason("no_open_manual_step"))
    return step


def report(actor: Actor, number: str, *, outcome: str, text: str = "") -> CompletionReport:
    """作業完了報告, by a worker or the requester, after the grants have ended."""
    actor.needs("ask")
    if outcome not in CompletionReport.Outcome.values:
        raise Refused(Reason("unknown_outcome", {"outcome": outcome[:20]}), field="outcome")
    said = checked_text(text)
    with writing():
        request = locked(number)
        if actor.person.id not in accounts_of_the_same(request.people):
            raise Refused(Reason("not_your_work"), attempt=True)
        if request.state not in (S.ENDED, S.UNDONE, S.ENDING):
            raise Refused(Reason("report_after_end"))
        if CompletionReport.objects.filter(request=request).exists():
            raise Refused(Reason("already_reported"))
        made = CompletionReport.objects.create(
            request=request, person=actor.person, outcome=outcome, text=said, at=clock.now()
        )
        record(
            "request.reported",
            actor=actor.id,
            subject=number,
            facts={"outcome": outcome},
            texts={"text": said} if said else None,
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
