"""Active grants that the estate's last look did not see: told, shown as "not seen since", and never made again."""

from __future__ import annotations

from datetime import datetime, timedelta

from kumoban.core.action import Presence
from kumoban.desk import clock
from kumoban.desk.models import Hold, Step
from kumoban.desk.routine import action_of, known_actions
from kumoban.desk.states import HoldState, StepKind
from kumoban.ledger.record import SYSTEM, record, writing

__all__ = ["look_for_unseen"]

#: a look that began before the grant was seen may end this much later
_SETTLED = timedelta(minutes=2)


def look_for_unseen() -> int:
    """Compare the active grants with what the estate saw since; how many changed."""
    ends = Step.objects.filter(kind=StepKind.END, hold__state=HoldState.ACTIVE, done_at=None)
    ends = ends.filter(action__in=known_actions()).select_related("hold", "request")
    return sum(_compare(step, clock.now()) for step in ends.iterator())


def _compare(step: Step, now: datetime) -> bool:
    hold = step.hold
    if hold is None or hold.active_at is None:
        return False
    seen = action_of(step.action).last_seen(step.params, hold.active_at + _SETTLED)
    if seen == Presence.ABSENT and hold.not_seen_since is None:
        return _tell(step, hold, "grant.not_seen", now)
    if seen == Presence.PRESENT and hold.not_seen_since is not None:
        return _tell(step, hold, "grant.seen_again", None)
    return False


def _tell(step: Step, hold: Hold, kind: str, since: datetime | None) -> bool:
    with writing():
        if not Hold.objects.filter(pk=hold.pk, state=HoldState.ACTIVE).update(not_seen_since=since):
            return False
        record(kind, actor=SYSTEM, subject=step.request.number, facts={"thing": hold.key})
    return True
