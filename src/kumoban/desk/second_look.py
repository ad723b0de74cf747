"""The second look: a signature outlives a lease, so an ended thing is looked at again when no call can still land."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from kumoban.core.action import Presence
from kumoban.desk.models import Hold, Step, Thing
from kumoban.desk.outcome import Next, Outcome, backoff
from kumoban.desk.requests import reopen_end
from kumoban.desk.states import IN_FORCE, Phase
from kumoban.ledger.record import SYSTEM, record

__all__ = ["settle_second_look"]


def settle_second_look(step: Step, outcome: Outcome, now: datetime) -> Next:
    """Back, and one of our steps was taken over or lost its answer: ended again. Otherwise somebody else made it."""
    hold = step.hold
    assert hold is not None
    if Hold.objects.filter(key=hold.key, state__in=IN_FORCE).exists():
        return Next(Phase.DONE)
    if outcome.seen is None:
        step.attempts += 1
        return Next(Phase.LOOK, backoff(step.attempts))
    facts = {"thing": hold.key, **outcome.seen.evidence}
    if outcome.seen.presence != Presence.PRESENT:
        record("grant.second_look", actor=SYSTEM, subject=step.request.number, facts={**facts, "saw": "absent"})
        return Next(Phase.DONE)
    if Step.objects.filter(Q(taken_over=True) | Q(answer_lost=True), hold__thing=hold.thing_id).exists():
        record("grant.came_back", actor=SYSTEM, subject=step.request.number, facts=facts)
        _reopen_thing(hold)
        reopen_end(hold, now)
    else:
        record("grant.made_by_others", actor=SYSTEM, subject=step.request.number, facts=facts)
    return Next(Phase.DONE)


def _reopen_thing(hold: Hold) -> None:
    """The episode goes on; where another one of the thing is open, this grant joins it."""
    assert hold.thing_id is not None
    other = Thing.objects.filter(key=hold.key, closed_at=None).exclude(pk=hold.thing_id).first()
    if other is None:
        Thing.objects.filter(pk=hold.thing_id).update(closed_at=None)
    else:
        hold.thing = other
        hold.save(update_fields=["thing"])
