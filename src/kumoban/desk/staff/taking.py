"""The table taken: previewed with what it would do, then written exactly as it was previewed, ahead of its day."""

from __future__ import annotations

from dataclasses import dataclass

from kumoban.core.reason import Reason, Refused
from kumoban.desk import clock
from kumoban.desk.models import Hold
from kumoban.desk.people import Actor
from kumoban.desk.requests.closing import end_holds
from kumoban.desk.requests.guards import ops_only
from kumoban.desk.staff.effects import Effects, effects_of
from kumoban.desk.staff.table import Table, read_table
from kumoban.desk.states import HoldState
from kumoban.desk.transition import locked
from kumoban.estate.employment import day_of, in_force
from kumoban.estate.models import Employment
from kumoban.ledger.record import SYSTEM, record, writing

__all__ = ["Preview", "end_at_the_last_day", "preview", "take"]


@dataclass(frozen=True)
class Preview:
    table: Table
    effects: Effects


def preview(actor: Actor, text: str) -> Preview:
    """What the table would write and do. Raises Refused unless ops, or for what is no such table."""
    ops_only(actor, "rules")
    table = read_table(text)
    return Preview(table, effects_of(table.taken))


def take(actor: Actor, text: str, *, digest: str) -> int:
    """Write what the preview of this digest said, in one transaction; refused lines are left out. How many rows."""
    ops_only(actor, "rules")
    with writing():
        table = read_table(text)
        if table.digest != digest:
            raise Refused(Reason("staff_changed"))
        for line in table.taken:
            assert line.person is not None
            Employment.objects.update_or_create(
                person=line.person, valid_from=line.valid_from, defaults=dict(line.values)
            )
        days = sorted({line.valid_from.isoformat() for line in table.taken})
        facts = {"rows": len(table.taken), "refused": len(table.refused), "days": days[:50], "digest": digest}
        record("staff.taken", actor=actor.id, subject="staff", facts=facts)
        return len(table.taken)


def end_at_the_last_day() -> int:
    """Grants of those whose last day has passed end, whatever end they were given. How many people."""
    today = day_of(clock.now())
    over = Employment.objects.filter(last_day__lt=today).values_list("person_id", flat=True)
    rows = in_force(set(over), today)
    gone = {person for person, row in rows.items() if row.last_day is not None and row.last_day < today}
    live = Hold.objects.filter(person_id__in=gone, state__in=[HoldState.APPLYING, HoldState.ACTIVE, HoldState.FAILED])
    pairs = sorted(set(live.values_list("request__number", "person_id")))
    for number, person in pairs:
        with writing():
            end_holds(locked(number), SYSTEM, clock.now(), person=person)
    return len({person for _number, person in pairs})
