"""申し送り: what one shift of operations leaves to the next. Never changed; taken off by whoever dealt with it."""

from __future__ import annotations

from django.db.models import QuerySet

from kumoban.core.reason import Reason, Refused
from kumoban.desk import clock
from kumoban.desk.models import ShiftNote
from kumoban.desk.people import Actor
from kumoban.desk.requests.guards import ops_only, required_text
from kumoban.ledger.record import record, writing

__all__ = ["leave", "standing", "take_off"]


def standing(actor: Actor) -> QuerySet[ShiftNote]:
    """Those not taken off yet, the newest first; the operations team's only."""
    notes = ShiftNote.objects.filter(off_at=None) if actor.ops else ShiftNote.objects.none()
    return notes.select_related("person").order_by("-id")


def leave(actor: Actor, text: str) -> ShiftNote:
    ops_only(actor)
    said = required_text(text)
    with writing():
        made = ShiftNote.objects.create(person=actor.person, text=said, at=clock.now())
        record("shift_note.left", actor=actor.id, subject=f"shift-note:{made.pk}", texts={"text": said})
    return made


def take_off(actor: Actor, pk: int) -> None:
    """It is shown no more; the record keeps who wrote it and who took it off."""
    ops_only(actor)
    with writing():
        now = clock.now()
        if not ShiftNote.objects.filter(pk=pk, off_at=None).update(off_at=now, off_by=actor.person):
            raise Refused(Reason("no_such_note"))
        record("shift_note.taken_off", actor=actor.id, subject=f"shift-note:{pk}")
