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
from kumoban.desk.checking import Checked, settle_check
from kumoban.desk.models import Lock, Request, Step
from kumoban.desk.outcome import Next, Outcome
from kumoban.desk.second_look import settle_second_look
from kumoban.desk.states import POLL_RANK, RANK, Phase, StepKind
from kumoban.desk.steps import settle
from kumoban.desk.transition import derive_all
from kumoban.ledger.clock import database_now
from kumoban.ledger.record import SYSTEM, record, writing

__all__ = ["Turn", "derive_touched", "settle_turns", "store"]

log = logging.getLogger(__name__)

#: AWS has begun something that must be seen to its end
_UNDER_WAY = (Phase.POLL, Phase.RECOVER, Phase.VERIFY)
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


def _together(turns: Sequence[Turn], node: str, reserve: timedelta) -> list[Turn]:
    with writing():
        now, bare = clock.now(), database_now()
        ours = _ours(turns, node, bare)
        again = [
            turn for turn in turns if turn.step.pk in ours and _goes_on(turn, ours[turn.step.pk], now, bare, reserve)
        ]
        derive_touched(ours.values(), now)
    for turn in again:
        turn.step = ours[turn.step.pk]
    return again


def _ours(turns: Sequence[Turn], node: str, bare: datetime) -> dict[int, Step]:
    """The steps of these turns whose lease has not moved on, read and locked at once."""
    requests = {turn.step.request_id for turn in turns}
    list(Request.objects.select_for_update().filter(pk__in=requests).order_by("pk").values_list("pk"))
    rows = Step.objects.select_for_update(of=("self",)).select_related("request", "hold", "hold__thing")
    held = rows.filter(pk__in=[turn.step.pk for turn in turns], lease_by=node, lease_until__gte=bare)
    return {step.pk: step for step in held.order_by("pk")}


def derive_touched(steps: Iterable[Step], now: datetime) -> None:
    """The state of every request whose grants this batch changed."""
    touched = {step.request_id for step in steps if step.request_touched}
    if touched:
        derive_all(touched, actor=SYSTEM, at=now)


def _goes_on(turn: Turn, step: Step, now: datetime, bare: datetime, reserve: timedelta) -> bool:
    """Write one answer. True when the step goes on at once under its lease."""
    if turn.brought is None:
        return False
    step.answered_at = now
    following = _following(step, turn.brought, now)
    enough = step.lease_until is not None and step.lease_until - bare > reserve
    if not following.over and not following.wait and not following.unlock and enough:
        step.phase = following.phase
        step.save()
        return True
    if following.phase == Phase.SEND:  # no lease left to send under: the intent is withdrawn, the look repeated
        following = withdraw_intent(step)
    store(step, following, now)
    return False


def _following(step: Step, brought: Outcome | Checked, now: datetime) -> Next:
    if isinstance(brought, Checked):
        return settle_check(step, brought, now)
    if step.kind == StepKind.SECOND_LOOK:
        return settle_second_look(step, brought, now)
    return settle(step, brought, now)


def store(step: Step, following: Next, now: datetime) -> None:
    """What the step does next, without a lease; its AWS lock goes back where nothing is under way any more."""
    step.phase, step.lease_by, step.lease_until = following.phase, "", None
    under_way = step.kind == StepKind.APPLY and following.phase in _UNDER_WAY
    step.rank = POLL_RANK if under_way else RANK[StepKind(step.kind)]
    step.due = None if following.over else now + following.wait
    step.done_at = now if following.phase in (Phase.DONE, Phase.CANCELLED) else None
    step.save()
    if following.unlock or following.over:
        Lock.objects.filter(step_id=step.pk).delete()
