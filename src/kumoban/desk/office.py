"""The office around the desk, as rows: absences with delegates, freezes, company holidays, the company's own fields."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from kumoban.core.reason import Reason, Refused
from kumoban.desk.models import Absence, CompanyHoliday, ExtraField, FreezePeriod
from kumoban.desk.people import Actor
from kumoban.desk.routine import routine_of
from kumoban.estate.models import Group, Person
from kumoban.ledger.record import record, writing

__all__ = ["add_extra_field", "add_freeze", "add_holiday", "be_absent"]

_KINDS = ("text", "paragraph", "number", "date", "url", "choice")


def be_absent(actor: Actor, *, delegate: str, starts_at: datetime, ends_at: datetime) -> Absence:
    """While away, ``delegate`` may approve in this person's place. Nobody names a delegate for somebody else."""
    actor.needs("approve")
    _ordered(starts_at, ends_at)
    person = Person.objects.filter(user_name=delegate, absent_since=None, enabled=True).first()
    if person is None or person.id == actor.person.id:
        raise Refused(Reason("unknown_person", {"person": delegate[:60]}), field="delegate")
    with writing():
        made = Absence.objects.create(person=actor.person, delegate=person, starts_at=starts_at, ends_at=ends_at)
        facts = {"delegate": person.id, "starts_at": starts_at, "ends_at": ends_at}
        record("absence.set", actor=actor.id, subject=f"person:{actor.person.id}", facts=facts)
    return made


def add_freeze(
    actor: Actor,
    *,
    reason: str,
    starts_at: datetime,
    ends_at: datetime,
    routines: list[str],
    ou_ids: list[str],
    exception_group: str = "",
) -> FreezePeriod:
    """凍結期間. ``exception_group`` is a group's name: one of its members must then approve; empty refuses all."""
    _ops(actor)
    _ordered(starts_at, ends_at)
    group = Group.objects.filter(name=exception_group, absent_since=None).first() if exception_group else None
    if exception_group and group is None:
        raise Refused(Reason("unknown_group", {"group": exception_group[:60]}), field="exception_group")
    values: dict[str, Any] = {
        "reason": reason.strip()[:200],
        "starts_at": starts_at,
        "ends_at": ends_at,
        "routines": routines,
        "ou_ids": ou_ids,
        "exception_group": group.id if group else "",
    }
    with writing():
        made = FreezePeriod.objects.create(**values)
        record("freeze.added", actor=actor.id, subject=f"freeze:{made.pk}", facts=values)
    return made


def add_holiday(actor: Actor, *, day: date, name: str) -> None:
    """A day on which the company does not work; no business time passes on it."""
    _ops(actor)
    with writing():
        CompanyHoliday.objects.update_or_create(day=day, defaults={"name": name.strip()[:80]})
        record("holiday.added", actor=actor.id, subject="calendar", facts={"day": day.isoformat()})


def add_extra_field(actor: Actor, values: Mapping[str, Any]) -> ExtraField:
    """追加項目: shown, validated, signed and exported with every later request of the routine."""
    _ops(actor)
    if routine_of(str(values["routine"])) is None:
        raise Refused(Reason("no_such_routine", {"routine": str(values["routine"])[:60]}), field="routine")
    if values["kind"] not in _KINDS:
        raise Refused(Reason("unknown_kind", {"kinds": ", ".join(_KINDS)}), field="kind")
    try:
        re.compile(str(values.get("pattern", "")))
    except re.error as broken:
        raise Refused(Reason("pattern_not_understood", {"problem": str(broken)[:80]}), field="pattern") from broken
    with writing():
        made, _ = ExtraField.objects.update_or_create(
            routine=values["routine"], key=values["key"], defaults=dict(values) | {"key": values["key"]}
        )
        record("extra_field.saved", actor=actor.id, subject=f"extra:{made.routine}.{made.key}", facts=dict(values))
    return made


def _ops(actor: Actor) -> None:
    actor.needs("rules")
    if not actor.ops:
        raise Refused(Reason("ops_only"), attempt=True)


def _ordered(starts_at: datetime, ends_at: datetime) -> None:
    if starts_at.tzinfo is None or ends_at.tzinfo is None or ends_at <= starts_at:
        raise Refused(Reason("times_not_in_order"), field="ends_at")
