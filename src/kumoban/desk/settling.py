"""Writing what came back from AWS: a batch of answers in one transaction, each by what its step is.

Requests are locked before their steps, in the order of their ids, as people's verbs lock them. When one answer cannot
be written the others are, and its step waits for a person.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import OperationalError

from kumoban.aws.buckets import Fence, Permit
from kumoban.core.reason import Reason
from kumoban.desk import clock
from kumoban.desk.calls import withdraw_intent
from kumoban.desk.changes import go_on_behind, settle_change
from kumoban.desk.checking import Checked, settle_check
from kumoban.desk.ends import close_things, plan_second_looks
from kumoban.desk.models import Hold, Lock, Request, Step
from kumoban.desk.notices.events import needs_person
from kumoban.desk.outcome import Next, Outcome
from kumoban.desk.second_look import settle_second_look
from kumoban.desk.states import POLL_RANK, RANK, Phase, StepKind
from kumoban.desk.steps import settle
from kumoban.desk.transition import derive_all
from kumoban.ledger.clock import database_now
from kumoban.ledger.record import SYSTEM, record, writing

__all__ = ["Turn", "settle_turns", "write"]

log = logging.getLogger(__name__)

#: AWS has begun something that must be seen to its end
_UNDER_WAY = (Phase.POLL, Phase.RECOVER, Phase.VERIFY)
#: all that a turn changes of its step and of its grant
_OF_STEPS = (
    *("phase", "rank", "due", "lease_by", "lease_until", "attempts", "setbacks", "operation", "aws_request_id"),
    *(
        "outstanding",
        "answer_lost",
        "taken_over",
        "needs_a_person",
        "error",
        "found",
        "sent_at",
        "answered_at",
        "done_at",
    ),
)
_OF_GRANTS = ("state", "active_at", "was_active", "ended_at", "ended_by", "evidence")
#: an answer that could not be written is asked for again this much later
_UNWRITABLE = timedelta(minutes=5)


@dataclass
class Turn:
    """One claimed step on its way through a thread; ``send_at`` on the boot clock."""

    step: Step
    fence: Fence
    permit: Permit
    send_at: float
    brought: Outcome | Checked | None = None


def settle_turns(turns: Sequence[Turn], node: str, reserve: timedelta) -> list[Turn]:
    """Write the answers; those that go on at once under their lease (``reserve`` of it left) come back.

    Raises OperationalError, with nothing written, where the database could not take them.
    """
    try:
        return _together(turns, node, reserve)
    except OperationalError:
        raise
    except Exception:
        log.exception("%s answers could not be written together; they are written one by one", len(turns))
        return [turn for one in turns for turn in _alone(one, node, reserve)]


def _alone(turn: Turn, node: str, reserve: timedelta) -> list[Turn]:
    try:
        return _together([turn], node, reserve)
    except OperationalError:
        raise
    except Exception as broken:
        log.exception("the answer of step %s of %s cannot be written", turn.step.pk, turn.step.request.number)
        _set_aside(turn.step, node, broken)
        return []


def _set_aside(step: Step, node: str, broken: Exception) -> None:
    with writing():
        reason = Reason("answer_not_written", {"problem": type(broken).__name__})
        Step.objects.filter(pk=step.pk, lease_by=node).update(
            lease_by="",
            lease_until=None,
            due=clock.now() + _UNWRITABLE,
            needs_a_person=True,
            error={"reason": reason.stored()},
        )
        record(
            "step.unwritable", actor=SYSTEM, subject=step.request.number, facts={"step": step.pk, "why": reason.code}
        )
        needs_person(step.request_id, clock.now(), reason)


def _together(turns: Sequence[Turn], node: str, reserve: timedelta) -> list[Turn]:
    with writing():
        now, bare = clock.now(), database_now()
        ours = _ours(turns, node, bare)
        again: list[Turn] = []
        resting: list[tuple[Step, Next]] = []
        for turn in turns:
            step = ours.get(turn.step.pk)
            if step is None or turn.brought is None:
                continue
            following = _settled(step, turn.brought, now)
            if _goes_on(step, following, bare, reserve):
                turn.step, step.phase = step, following.phase
                again.append(turn)
            else:
                resting.append((step, _not_sent(step, following)))
        write(ours.values(), resting, now)
    return again


def _ours(turns: Sequence[Turn], node: str, bare: datetime) -> dict[int, Step]:
    """The steps of these turns whose lease has not moved on, read and locked at once."""
    requests = {turn.step.request_id for turn in turns}
    list(Request.objects.select_for_update().filter(pk__in=requests).order_by("pk").values_list("pk"))
    rows = Step.objects.select_for_update(of=("self",)).select_related("request", "hold", "hold__thing")
    held = rows.filter(pk__in=[turn.step.pk for turn in turns], lease_by=node, lease_until__gte=bare)
    return {step.pk: step for step in held.order_by("pk")}


def _settled(step: Step, brought: Outcome | Checked, now: datetime) -> Next:
    step.answered_at = now
    if isinstance(brought, Checked):
        return settle_check(step, brought, now)
    if step.kind == StepKind.SECOND_LOOK:
        return settle_second_look(step, brought, now)
    if step.kind == StepKind.CHANGE:
        return settle_change(step, brought, now)
    return settle(step, brought, now)


def _goes_on(step: Step, following: Next, bare: datetime, reserve: timedelta) -> bool:
    """At once, under the lease it has."""
    enough = step.lease_until is not None and step.lease_until - bare > reserve
    return enough and not (following.over or following.wait or following.unlock)


def _not_sent(step: Step, following: Next) -> Next:
    """No lease is left to send under: the intent is withdrawn, the look repeated."""
    return withdraw_intent(step) if following.phase == Phase.SEND else following


def write(steps: Iterable[Step], resting: Sequence[tuple[Step, Next]], now: datetime) -> None:
    """A batch of steps that this transaction holds locked, with all that follows from what they did.

    ``resting`` are those that go on without a lease; their AWS locks go back where nothing is under way any more.
    """
    for step, following in resting:
        _rest(step, following, now)
    _write_rows(list(steps))
    Lock.objects.filter(
        step__in=[step.pk for step, following in resting if following.unlock or following.over]
    ).delete()
    close_things([step.hold.thing_id for step, following in resting if following.let_go and step.hold], now)
    plan_second_looks([(step, following.look_again_at) for step, following in resting if following.look_again_at])
    go_on_behind((step for step, _ in resting), now)
    if touched := {step.request_id for step in steps if step.touched}:
        derive_all(touched, actor=SYSTEM, at=now)


def _rest(step: Step, following: Next, now: datetime) -> None:
    step.phase, step.lease_by, step.lease_until = following.phase, "", None
    under_way = step.kind in (StepKind.APPLY, StepKind.CHANGE) and following.phase in _UNDER_WAY
    step.rank = POLL_RANK if under_way else RANK[StepKind(step.kind)]
    step.due = None if following.over else now + following.wait
    step.done_at = now if following.phase in (Phase.DONE, Phase.CANCELLED) else None


def _write_rows(steps: Sequence[Step]) -> None:
    """Steps and the grants they touched, each kind in one statement: upserts of rows that are there."""
    touched = [step.hold for step in steps if step.touched and step.hold is not None]
    Hold.objects.bulk_create(touched, update_conflicts=True, unique_fields=["id"], update_fields=_OF_GRANTS)
    Step.objects.bulk_create(steps, update_conflicts=True, unique_fields=["id"], update_fields=_OF_STEPS)
