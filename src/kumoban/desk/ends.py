"""Ending a grant: whether an undo is due is the desk's decision, taken with the claim; ended means proven."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef

from kumoban.desk.calls import intend, record_call
from kumoban.desk.models import Hold, Step, Thing
from kumoban.desk.outcome import Next
from kumoban.desk.states import IN_FORCE, RANK, HoldState, Phase, StepKind
from kumoban.ledger.record import SYSTEM, record

__all__ = ["Neighbours", "begin_ending", "close_things", "decide_end", "ended", "plan_second_looks"]

#: an approved hold that starts this soon touches the one that ends
_TOUCHING = timedelta(minutes=1)


@dataclass(frozen=True)
class Neighbours:
    """What a batch of ends must know before it decides, read at once."""

    holds: Mapping[str, Sequence[Hold]]
    still_applying: frozenset[int]

    @classmethod
    def of(cls, ends: Sequence[Step]) -> Neighbours:
        ending = [step.hold for step in ends if step.hold is not None]
        holds: dict[str, list[Hold]] = {}
        if ending:
            near = Hold.objects.filter(key__in={hold.key for hold in ending})
            for hold in near.filter(state__in=[*IN_FORCE, HoldState.APPROVED]).select_related("request"):
                holds.setdefault(hold.key, []).append(hold)
        ids = [hold.pk for hold in ending]
        applying = Step.objects.filter(hold_id__in=ids, kind=StepKind.APPLY, done_at=None) if ids else ()
        return cls(holds, frozenset(step.hold_id for step in applying if step.hold_id))


def begin_ending(ends: Iterable[Step]) -> None:
    """Grants whose end is due are being ended from now on, also while another operation holds up their undo."""
    for step in ends:
        if step.hold is not None and step.hold.state != HoldState.ENDING:
            step.hold.state, step.touched = HoldState.ENDING, True
            record("grant.ending", actor=SYSTEM, subject=step.request.number, facts={"thing": step.hold.key})


def decide_end(step: Step, now: datetime, near: Neighbours) -> Next:
    """Whether an undo is due: the last hold ended, nobody touches, nor was it there before. Else ended at once."""
    hold = step.hold
    assert hold is not None
    if hold.pk in near.still_applying:
        for begun in Step.objects.filter(hold=hold, kind=StepKind.APPLY, done_at=None):
            _cancel(begun, hold, step, now)
    if hold.thing is None and not _joins_what_was_left(hold):
        return ended(step, "never_made", {}, now)
    assert hold.thing is not None
    others = [other for other in near.holds.get(hold.key, ()) if other.pk != hold.pk]
    holding = next((other for other in others if _keeps(other, now)), None)
    if holding is not None:
        return ended(step, "held_by_others", {"request": holding.request.number}, now)
    if hold.thing.existed_before:
        return ended(step, "was_there_before", {"seen_at": hold.thing.opened_at.isoformat()}, now)
    return intend(step, now)


def _cancel(begun: Step, hold: Hold, ending: Step, now: datetime) -> None:
    """The grant ends before it was applied; a call whose outcome nobody saw is closed in the record."""
    if begun.outstanding:
        begun.hold, begun.request = hold, ending.request
        begun.answer_lost, begun.outstanding = True, False
        record_call(begun, "aws.answer_lost", saw="not_looked")
    begun.phase, begun.due, begun.done_at = Phase.CANCELLED, None, now
    begun.save()


def _joins_what_was_left(hold: Hold) -> bool:
    """A grant that never looked may be the last one for which an ended grant left the thing standing."""
    hold.thing = Thing.objects.filter(key=hold.key, closed_at=None).first()
    if hold.thing is not None:
        hold.save(update_fields=["thing"])
    return hold.thing is not None


def _keeps(other: Hold, now: datetime) -> bool:
    """In force, or approved and starting within a minute (on approval: at once)."""
    return other.state != HoldState.APPROVED or other.starts_at is None or other.starts_at <= now + _TOUCHING


def ended(step: Step, by: str, evidence: dict[str, str], now: datetime) -> Next:
    """Ended means seen absent, held by others, there before, or its target gone."""
    hold = step.hold
    assert hold is not None
    hold.state, hold.ended_at, hold.ended_by = HoldState.ENDED, now, by
    hold.evidence = {**hold.evidence, "ended": evidence}
    step.error, step.needs_a_person, step.touched = {}, False, True
    record(
        "grant.ended",
        actor=SYSTEM,
        subject=step.request.number,
        facts={"thing": hold.key, "by": by, **evidence},
    )
    again = now + timedelta(seconds=settings.KUMOBAN_SECOND_LOOK_SECONDS) if by == "seen_absent" else None
    return Next(Phase.DONE, unlock=True, let_go=by != "held_by_others", look_again_at=again)


def close_things(things: Iterable[int | None], now: datetime) -> None:
    """The episodes of these things are over, but of those that another grant holds."""
    holding = Hold.objects.filter(key=OuterRef("key"), state__in=IN_FORCE)
    Thing.objects.filter(~Exists(holding), pk__in=[thing for thing in things if thing]).update(closed_at=now)


def plan_second_looks(ended: Iterable[tuple[Step, datetime]]) -> None:
    """A step of its own for every grant that was seen absent, due at its moment."""
    looks = [
        Step(
            request_id=step.request_id,
            hold_id=step.hold_id,
            kind=StepKind.SECOND_LOOK,
            position=step.position,
            action=step.action,
            params=step.params,
            phase=Phase.LOOK,
            rank=RANK[StepKind.SECOND_LOOK],
            due=due,
        )
        for step, due in ended
    ]
    Step.objects.bulk_create(looks)
