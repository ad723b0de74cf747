"""What is in force ends, what was to come is cancelled: the rows, whoever decided it."""

from __future__ import annotations

from datetime import datetime

from kumoban.desk.changes import cancel_changes, finish
from kumoban.desk.models import Hold, Request, Step
from kumoban.desk.states import RANK, HoldState, Phase, StepKind
from kumoban.desk.transition import derive
from kumoban.ledger.record import SYSTEM, record

__all__ = ["cancel_approved", "end_holds", "release_kept", "reopen_end"]


def end_holds(request: Request, by: str, now: datetime, *, person: str | None = None, key: str | None = None) -> None:
    """What is in force is ended now (of this person, or of this thing only, where one is named).

    With all of it, changes not sent yet and work by hand are cancelled too; what was changed stays changed.
    """
    live = request.holds.filter(state__in=[HoldState.APPLYING, HoldState.ACTIVE, HoldState.FAILED])
    live = live if person is None else live.filter(person_id=person)
    holds = list(live if key is None else live.filter(key=key))
    Hold.objects.filter(pk__in=[hold.pk for hold in holds]).update(state=HoldState.ENDING)
    Step.objects.filter(hold__in=holds, kind=StepKind.END, done_at=None).update(due=now)
    if person is None and key is None:
        cancelled = cancel_changes(request, now)
        request.steps.filter(kind=StepKind.MANUAL, done_at=None).update(phase=Phase.CANCELLED, done_at=now)
        if cancelled:
            finish(request, now)
    record("request.end_asked", actor=by, subject=request.number, facts={"grants": len(holds)})
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
