"""What AWS's answer to one turn of a grant's step means: ``settle`` changes step, hold and thing by it.

Phases: look → send → (poll) → verify. ``send`` is entered only by the commit of its intent and left within the same
lease; a step found in ``send`` by another claim was interrupted and goes to ``recover``, which looks before anything.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from django.db.models import Q

from kumoban.aws.errors import AlreadyThere, AnswerLost, AwsError, NotFound, Transient
from kumoban.core.action import Presence, Seen, Started
from kumoban.core.reason import Reason
from kumoban.desk.calls import direction_of, intend, record_call
from kumoban.desk.ends import ended
from kumoban.desk.models import Hold, Step, Thing
from kumoban.desk.notices.events import needs_person
from kumoban.desk.outcome import Next, Outcome, backoff
from kumoban.desk.states import HoldState, Phase, StepKind
from kumoban.ledger.record import SYSTEM, record

__all__ = ["settle"]

_POLL = timedelta(seconds=1)
_POLL_AGAIN = timedelta(seconds=0.3)
_VERIFY_TRIES = 10
_ALARM_AFTER = 5
#: AWS takes a signature for fifteen minutes; and what it carries out then takes a while to be seen
_SIGNATURE_LIFE = timedelta(minutes=16)
#: an end that AWS lets nobody carry out is tried again this much later
_UNREACHABLE = timedelta(hours=1)


def settle(step: Step, outcome: Outcome, now: datetime) -> Next:
    """Change step, hold and thing by what this turn brought; the caller stores the step."""
    before = step.phase
    following = _settled(step, outcome, now)
    came_back = following.phase == Phase.LOOK or (following.phase == before and outcome.error is not None)
    if direction_of(step) == "undo" and came_back and outcome.unreachable is None:
        return _setback(step, following, now)
    return following


def _settled(step: Step, outcome: Outcome, now: datetime) -> Next:
    if outcome.unreachable is not None:
        return _out_of_reach(step, outcome, outcome.unreachable, now)
    if outcome.error is not None:
        return _trouble(step, outcome.error, now)
    if outcome.started is not None:
        return _accepted(step, outcome.started)
    if outcome.progress is not None:
        return _progressed(step, outcome, now)
    assert outcome.seen is not None
    undo = direction_of(step) == "undo"
    if step.phase == Phase.RECOVER:
        return _recovered(step, outcome.seen, outcome.pending, now, undo=undo)
    if step.phase == Phase.VERIFY or undo:
        return _verified(step, outcome.seen, now, undo=undo)
    return _looked(step, outcome.seen, now)


def _setback(step: Step, following: Next, now: datetime) -> Next:
    """An end came back without being ended: tried again until done, later each time, with one alarm on the way."""
    step.setbacks += 1
    if step.setbacks == _ALARM_AFTER:
        step.needs_a_person = True
        why = str((step.error.get("reason") or {}).get("code") or step.error.get("code") or "not_ended")
        record("grant.end_alarm", actor=SYSTEM, subject=step.request.number, facts={"why": why, "step": step.pk})
        needs_person(step.request_id, now)
    return replace(following, wait=max(following.wait, backoff(step.setbacks - 1)))


def _looked(step: Step, seen: Seen, now: datetime) -> Next:
    """The one look that decides ``existed_before``, before the first call."""
    hold = step.hold
    assert hold is not None
    if seen.presence == Presence.TARGET_GONE:
        return _failed(step, Reason("target_gone", dict(seen.evidence)), now)
    thing = _open_thing(hold, now)
    present = seen.presence == Presence.PRESENT
    if thing.existed_before is None:
        thing.existed_before = present and not _late_arrival(hold, now)
    elif thing.existed_before and not present:
        thing.existed_before = False  # removed out of band meanwhile: what we make now is ours
    if not present and thing.created_by is None:
        thing.created_by = step.pk
    thing.save()
    return _active(step, seen, now) if present else intend(step, now)


def _late_arrival(hold: Hold, now: datetime) -> bool:
    """A call of an earlier episode, signed before its node lost the lease, may be what made the thing."""
    unsure = Step.objects.filter(Q(taken_over=True) | Q(answer_lost=True), hold__key=hold.key, kind=StepKind.APPLY)
    return unsure.filter(sent_at__gt=now - _SIGNATURE_LIFE).exclude(hold=hold).exists()


def _open_thing(hold: Hold, now: datetime) -> Thing:
    if hold.thing is None:
        hold.thing = Thing.objects.filter(key=hold.key, closed_at=None).first() or Thing.objects.create(
            key=hold.key, opened_at=now
        )
        hold.save(update_fields=["thing"])
    return hold.thing


def _accepted(step: Step, started: Started) -> Next:
    step.operation, step.aws_request_id = started.operation or "", started.aws_request_id[:80]
    step.attempts = 0
    if started.operation is None:
        step.outstanding = False
    record_call(step, "aws.accepted", request_id=started.aws_request_id)
    return Next(Phase.POLL, _POLL) if started.operation else Next(Phase.VERIFY)


def _progressed(step: Step, outcome: Outcome, now: datetime) -> Next:
    assert outcome.progress is not None
    step.outstanding = outcome.progress.state == "in_progress"
    if step.outstanding:
        return Next(Phase.POLL, _POLL_AGAIN)
    if outcome.progress.state != "failed":
        return Next(Phase.VERIFY)
    reason = Reason("aws_failed", {"detail": outcome.progress.detail[:300]})
    record_call(step, "aws.failed", detail=outcome.progress.detail[:300])
    if direction_of(step) == "undo":
        return _try_ending_again(step, reason)
    return _failed(step, reason, now)


def _recovered(step: Step, seen: Seen, pending: bool, now: datetime, *, undo: bool) -> Next:
    """After a lost answer: what the look saw closes the call in the ledger; to a resumed step, present is ours."""
    if pending:
        return Next(Phase.RECOVER, _POLL)
    if step.outstanding:
        step.outstanding = False
        record_call(step, "aws.answer_lost", saw=seen.presence.value)
    if undo:
        return _verified(step, seen, now, undo=True) if seen.presence != Presence.PRESENT else Next(Phase.LOOK)
    if seen.presence == Presence.PRESENT and step.hold is not None and step.hold.thing is not None:
        return _active(step, seen, now)
    return _looked(step, seen, now)  # also where no look was ever written: then it decides whose the thing is


def _verified(step: Step, seen: Seen, now: datetime, *, undo: bool) -> Next:
    if undo and seen.presence != Presence.PRESENT:
        by = "target_gone" if seen.presence == Presence.TARGET_GONE else "seen_absent"
        return ended(step, by, dict(seen.evidence), now)
    if not undo and seen.presence == Presence.PRESENT:
        return _active(step, seen, now)
    step.attempts += 1
    if step.attempts == 1 and step.operation:
        return Next(Phase.POLL)  # it is over and not as it should be: AWS says why
    if step.attempts <= _VERIFY_TRIES:
        return Next(Phase.VERIFY, 2 * _POLL)
    reason = Reason("still_there" if undo else "not_seen")
    return _try_ending_again(step, reason) if undo else _failed(step, reason, now)


def _trouble(step: Step, error: AwsError, now: datetime) -> Next:
    """AWS did not answer, or answered no. By type, never by string."""
    step.attempts += 1
    step.error = {"code": error.code, "message": error.message[:500], "request_id": error.aws_request_id}
    if step.phase != Phase.SEND:
        phase = Phase.RECOVER if isinstance(error, NotFound) and step.phase == Phase.POLL else Phase(step.phase)
        if step.outstanding and step.attempts == _ALARM_AFTER:
            step.needs_a_person = True
            record(
                "step.unreadable", actor=SYSTEM, subject=step.request.number, facts={"step": step.pk, "why": error.code}
            )
            needs_person(step.request_id, now)
        if isinstance(error, Transient | AnswerLost | NotFound) or step.outstanding or direction_of(step) == "undo":
            return Next(phase, backoff(step.attempts), unlock=not step.outstanding)
        return _failed(step, Reason("aws_refused", step.error), now)
    if isinstance(error, AnswerLost):
        step.answer_lost = True
        return Next(Phase.RECOVER, _POLL)
    step.outstanding = False
    record_call(step, "aws.refused", code=error.code, request_id=error.aws_request_id)
    if isinstance(error, AlreadyThere) and direction_of(step) == "apply":
        return _there_already(step)
    if isinstance(error, Transient):
        return Next(Phase.LOOK, backoff(step.attempts), unlock=True)
    if direction_of(step) == "undo":
        if isinstance(error, NotFound):
            return Next(Phase.VERIFY)
        return _try_ending_again(step, Reason("aws_refused", step.error))
    return _failed(step, Reason("aws_refused", step.error), now)


def _there_already(step: Step) -> Next:
    """Somebody else made it between look and create, unless an earlier call of ours did whose answer was lost."""
    hold = step.hold
    assert hold is not None
    assert hold.thing is not None
    first = hold.thing.created_by == step.pk and not (step.answer_lost or step.taken_over)
    if first:
        hold.thing.existed_before = True
        hold.thing.save(update_fields=["existed_before"])
    return Next(Phase.VERIFY)


def _active(step: Step, seen: Seen, now: datetime) -> Next:
    """Active means seen."""
    hold = step.hold
    assert hold is not None
    step.error = {}
    if hold.state == HoldState.APPLYING:
        hold.state, hold.active_at, hold.was_active = HoldState.ACTIVE, now, True
        hold.evidence = {"active": dict(seen.evidence)}
        record(
            "grant.active",
            actor=SYSTEM,
            subject=step.request.number,
            facts={"thing": hold.key, **seen.evidence},
        )
        step.touched = True
    return Next(Phase.DONE, unlock=True)


def _failed(step: Step, reason: Reason, now: datetime) -> Next:
    """A failed grant waits for a person, and is ended at its end at the latest."""
    hold = step.hold
    assert hold is not None
    step.needs_a_person, step.error = True, {**step.error, "reason": reason.stored()}
    if hold.state == HoldState.APPLYING:
        hold.state = HoldState.FAILED
        record(
            "grant.failed",
            actor=SYSTEM,
            subject=step.request.number,
            facts={"thing": hold.key, "why": reason.code},
        )
        needs_person(step.request_id, now, reason)
        step.touched = True
    return Next(Phase.FAILED, unlock=True)


def _try_ending_again(step: Step, reason: Reason) -> Next:
    step.error = {**step.error, "reason": reason.stored()}
    return Next(Phase.LOOK, unlock=True)


def _out_of_reach(step: Step, outcome: Outcome, reason: Reason, now: datetime) -> Next:
    """Not gone, and not to be changed: the end stays due, tried hourly without its lock; one person is told once."""
    if outcome.error is not None and step.phase == Phase.SEND:
        record_call(step, "aws.refused", code=outcome.error.code, request_id=outcome.error.aws_request_id)
    elif outcome.progress is not None:
        record_call(step, "aws.failed", detail=outcome.progress.detail[:300])
    elif step.outstanding:
        record_call(step, "aws.answer_lost", saw="unreachable")
    step.attempts, step.outstanding = 0, False
    if step.error.get("reason") != reason.stored():
        record(
            "grant.end_waits",
            actor=SYSTEM,
            subject=step.request.number,
            facts={"thing": step.hold.key if step.hold else "", "why": reason.code, **reason.params},
        )
        needs_person(step.request_id, now, reason)
    step.needs_a_person, step.error = True, {"reason": reason.stored()}
    return Next(Phase.LOOK, _UNREACHABLE, unlock=True)
