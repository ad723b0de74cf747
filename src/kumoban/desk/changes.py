"""A change: a step on AWS of which nothing ends. Look → send → (poll) → verify; then what stands behind it may go on.

Done means seen as wanted. What is neither as wanted nor as the plan saw it was changed by somebody else: a person
decides. A call whose answer was lost is looked for before anything is sent again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from django.db.models import Q

from kumoban.aws.errors import AlreadyThere, AnswerLost, AwsError, NotFound, Transient
from kumoban.core.action import Presence, Seen
from kumoban.core.plan import Plan, PlannedStep
from kumoban.core.reason import Reason
from kumoban.desk.calls import intend, record_call
from kumoban.desk.models import Lock, Request, Step
from kumoban.desk.notices.events import needs_person
from kumoban.desk.outcome import Next, Outcome, backoff
from kumoban.desk.routine import action_of, routine_of
from kumoban.desk.states import RANK, Phase, StepKind
from kumoban.ledger.record import SYSTEM, record

__all__ = ["cancel_changes", "finish", "go_on_behind", "make_change", "open_next", "settle_change"]

_POLL = timedelta(seconds=1)
_LOOK_AGAIN = timedelta(seconds=2)
_VERIFY_TRIES = 10
#: what is made elsewhere is looked for this often; SCIM of the usual directories takes up to 40 minutes
_ARRIVES = timedelta(minutes=1)
#: a change of several calls makes at most so many before a person is asked
_MOST_CALLS = 30
#: what AWS calls passing is tried this often before a person is asked
_TRIES = 20


def make_change(request: Request, position: int, planned: PlannedStep) -> Step:
    """The row of a change that waits for its turn."""
    return Step.objects.create(
        request=request,
        kind=StepKind.CHANGE,
        position=position,
        action=planned.action,
        params=dict(planned.params),
        thing=planned.thing or "",
        account_id=planned.account or "",
        phase=Phase.LOOK,
        rank=RANK[StepKind.CHANGE],
        due=None,
    )


def open_next(request: Request, now: datetime) -> int:
    """Changes whose turn it is go on: all before them is done, and no work by hand is still ahead. How many."""
    waiting = list(request.steps.filter(kind=StepKind.CHANGE, due=None, done_at=None, lease_by="", phase=Phase.LOOK))
    if not waiting or request.plan is None:
        return 0
    plan = request.plan.value
    done = dict(request.steps.filter(kind=StepKind.CHANGE, phase=Phase.DONE).values_list("position", "found"))
    turn = _turn(request, plan)
    opened = [step for step in waiting if step.position in turn and plan.steps[step.position].behind <= done.keys()]
    for step in opened:
        takes = plan.steps[step.position].takes
        step.params |= {name: done[position][what] for name, (position, what) in takes.items()}
        step.account_id = step.account_id or step.params.get("account", "")
        step.lock_key, step.due = action_of(step.action).lock(step.params), now
    Step.objects.bulk_update(opened, ["params", "account_id", "lock_key", "due"])
    return len(opened)


def _turn(request: Request, plan: Plan) -> Collection[int]:
    """The positions that work by hand does not hold up: up to the first that is open, or not checked behind."""
    by_hand = (
        request.steps.filter(kind=StepKind.MANUAL).exclude(phase=Phase.CANCELLED).values_list("position", flat=True)
    )
    checked = {
        int(params.get("behind", 0))
        for params in request.steps.filter(kind=StepKind.CHECK, phase=Phase.DONE).values_list("params", flat=True)
    }
    return range(min((at for at in by_hand if at + 1 not in checked), default=len(plan.steps)))


def cancel_changes(request: Request, now: datetime) -> int:
    """What was not sent yet never will be; what AWS has begun is seen to its end. How many were cancelled.

    The request is locked, so that no turn under way can write its intent meanwhile: its answer finds no lease.
    """
    waiting = request.steps.filter(kind=StepKind.CHANGE, done_at=None)
    begun = Q(outstanding=True) | Q(phase__in=[Phase.SEND, Phase.POLL, Phase.VERIFY])
    under_way = begun & ~Q(phase=Phase.FAILED)
    waiting.filter(under_way).update(stopped=True)
    cancelled = list(waiting.exclude(under_way))
    for step in cancelled:
        if step.outstanding:  # it failed because nobody could look
            record_call(step, "aws.answer_lost", saw="unreadable")
    Lock.objects.filter(step__in=cancelled).delete()
    return Step.objects.filter(pk__in=[step.pk for step in cancelled]).update(
        phase=Phase.CANCELLED, due=None, lease_by="", lease_until=None, outstanding=False, done_at=now
    )


def settle_change(step: Step, outcome: Outcome, now: datetime) -> Next:
    """Change the step by what this turn brought; the caller stores it."""
    if outcome.error is not None:
        return _trouble(step, outcome.error, now)
    if outcome.started is not None:
        step.operation, step.aws_request_id = outcome.started.operation or "", outcome.started.aws_request_id[:80]
        step.attempts, step.outstanding = 0, bool(outcome.started.operation)
        record_call(step, "aws.accepted", request_id=outcome.started.aws_request_id)
        return Next(Phase.POLL, _POLL) if step.outstanding else Next(Phase.VERIFY)
    if outcome.progress is not None:
        return _progressed(step, outcome, now)
    assert outcome.seen is not None
    return _seen(step, outcome.seen, now, pending=outcome.pending)


def _progressed(step: Step, outcome: Outcome, now: datetime) -> Next:
    assert outcome.progress is not None
    step.outstanding = outcome.progress.state == "in_progress"
    if step.outstanding:
        return Next(Phase.POLL, _POLL)
    if outcome.progress.state != "failed":
        return Next(Phase.VERIFY)
    detail = outcome.progress.detail[:300]
    record_call(step, "aws.failed", detail=detail)
    return _failed(step, Reason("aws_failed", {"detail": detail}), now)


def _seen(step: Step, seen: Seen, now: datetime, *, pending: bool) -> Next:
    if pending:
        return Next(Phase.RECOVER, _POLL)
    if step.phase == Phase.RECOVER and step.outstanding:
        step.outstanding = False
        record_call(step, "aws.answer_lost", saw=seen.presence.value)
    if seen.presence == Presence.PRESENT:
        return _done(step, seen)
    if action_of(step.action).arrives:
        return _not_arrived(step, seen, now)
    if step.stopped and (step.phase != Phase.VERIFY or seen.presence in (Presence.PARTLY, Presence.ARRIVING)):
        step.touched = True
        return Next(Phase.CANCELLED, unlock=True)
    if seen.presence == Presence.ARRIVING:
        return _not_arrived(step, seen, now)
    if seen.presence == Presence.PARTLY:
        step.attempts, step.setbacks = 0, step.setbacks + 1
        if step.setbacks > _MOST_CALLS:  # they are accepted, and nothing comes of them
            return _failed(step, Reason("not_seen"), now)
        return intend(step, now)
    if step.phase == Phase.VERIFY and step.attempts < _VERIFY_TRIES:
        step.attempts += 1
        if step.attempts == 1 and step.operation:
            return Next(Phase.POLL)  # it is over and not as it should be: AWS says why
        # AWS shows a change a while after it has accepted it
        return Next(Phase.VERIFY, _LOOK_AGAIN)
    if step.phase == Phase.VERIFY:
        return _failed(step, Reason("aws_refused", step.error) if step.error else Reason("not_seen"), now)
    if seen.presence == Presence.ABSENT:
        return intend(step, now)
    code = "target_gone" if seen.presence == Presence.TARGET_GONE else "changed_meanwhile"
    return _failed(step, Reason(code, {"attributes": "", **seen.evidence}), now)


def _not_arrived(step: Step, seen: Seen, now: datetime) -> Next:
    """Looked for again and again; after a while a person is told once."""
    step.attempts, step.setbacks = 0, step.setbacks + 1  # whoever cannot be asked for a moment is not one look less
    if step.setbacks == seen.within // _ARRIVES:
        late = Reason("not_arrived" if action_of(step.action).arrives else "not_made_yet")
        step.needs_a_person, step.error = True, {"reason": late.stored()}
        needs_person(step.request_id, now, late)
    return Next(Phase.LOOK, _ARRIVES, unlock=True)


def _trouble(step: Step, error: AwsError, now: datetime) -> Next:
    """AWS did not answer, or answered no. By type, never by string."""
    step.attempts += 1
    step.error = {"code": error.code, "message": error.message[:500], "request_id": error.aws_request_id}
    if step.phase == Phase.SEND:
        if isinstance(error, AnswerLost):
            step.answer_lost = True
            return Next(Phase.RECOVER, _POLL)
        step.outstanding = False
        record_call(step, "aws.refused", code=error.code, request_id=error.aws_request_id)
        if isinstance(error, AlreadyThere):  # somebody was there first: ours only where it is exactly as wanted
            step.attempts = _VERIFY_TRIES - 1
            return Next(Phase.VERIFY)
    again = isinstance(error, Transient | AnswerLost) or (isinstance(error, NotFound) and step.outstanding)
    if again and (step.outstanding or step.attempts < _TRIES):
        phase = Phase.LOOK if step.phase == Phase.SEND else Phase(step.phase)
        return Next(phase, backoff(step.attempts), unlock=not step.outstanding)
    return _failed(step, Reason("aws_refused", step.error), now)


def _done(step: Step, seen: Seen) -> Next:
    step.error, step.found, step.touched, step.needs_a_person = {}, dict(seen.found), True, False
    facts = {"thing": step.thing, "account": step.account_id, "step": step.pk, "sent": bool(step.sent_at)}
    record("change.seen", actor=SYSTEM, subject=step.request.number, facts={**facts, **seen.evidence, **seen.found})
    return Next(Phase.DONE, unlock=True)


def _failed(step: Step, reason: Reason, now: datetime) -> Next:
    """Waits for a person, and so does what stands behind it."""
    step.needs_a_person, step.error, step.touched = True, {**step.error, "reason": reason.stored()}, True
    facts = {"thing": step.thing, "why": reason.code, "step": step.pk}
    record("change.failed", actor=SYSTEM, subject=step.request.number, facts=facts)
    needs_person(step.request_id, now, reason)
    return Next(Phase.FAILED, unlock=True)


def go_on_behind(steps: Iterable[Step], now: datetime) -> None:
    """After a batch of turns: what stands behind the changes it has done; after the last, the desk's own rows."""
    over = (Phase.DONE, Phase.CANCELLED)
    done = {step.request_id for step in steps if step.kind == StepKind.CHANGE and step.phase in over}
    for request in Request.objects.filter(pk__in=done).select_related("plan").order_by("pk"):
        if open_next(request, now) == 0:
            finish(request, now)


def finish(request: Request, now: datetime) -> None:
    """All was seen, or the rest given up: what the routine keeps of it, in the transaction that ends the request."""
    routine = routine_of(request.routine)
    changes = request.steps.filter(kind=StepKind.CHANGE)
    if routine is None or routine.finish is None or request.plan is None:
        return
    if changes.exclude(phase__in=[Phase.DONE, Phase.CANCELLED]).exists():
        return
    found = dict(changes.filter(phase=Phase.DONE).values_list("position", "found"))
    needed = range(len(request.plan.value.steps)) if routine.finish_after is None else routine.finish_after
    if changes.exists() and found.keys() >= set(needed) & set(changes.values_list("position", flat=True)):
        routine.finish(request, request.plan.value, found, now)
