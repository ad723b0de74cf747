"""The office around the desk, as rows: absences with delegates, freezes, company holidays, the company's own fields."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Literal, Self

from django.db.models import QuerySet
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from kumoban.core.instant import AwareInstant
from kumoban.core.pattern import problem_of
from kumoban.core.reason import Reason, Refused
from kumoban.core.spreadsheet import table_of
from kumoban.desk import clock
from kumoban.desk.models import Absence, CompanyHoliday, ExtraField, FreezePeriod
from kumoban.desk.notices.events import happened
from kumoban.desk.people import Actor
from kumoban.desk.requests.guards import ops_only
from kumoban.desk.routine import routine_of
from kumoban.desk.shapes import problem
from kumoban.estate.models import Group, OrganizationalUnit, Person
from kumoban.ledger.record import record, writing

__all__ = [
    "AbsenceForm",
    "ExtraFieldForm",
    "FreezeForm",
    "HolidayForm",
    "HolidaysTaken",
    "absences_of",
    "add_extra_field",
    "add_freeze",
    "add_holiday",
    "be_absent",
    "cancel_absence",
    "end_freeze",
    "remove_extra_field",
    "remove_holiday",
    "take_holidays",
]

_KINDS = ("text", "paragraph", "number", "date", "url", "choice")
#: of one list of holidays, so that it stands whole in one entry of the ledger
MOST_HOLIDAYS = 400


class _OfficeForm(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


# --- absences


class AbsenceForm(_OfficeForm):
    """Aware times (ISO 8601 with offset); ``delegate`` is a user name."""

    delegate: str
    starts_at: AwareInstant
    ends_at: AwareInstant


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
        times = {"starts_at": starts_at.isoformat(), "ends_at": ends_at.isoformat()}
        happened("delegate", None, by=actor.id, at=clock.now(), delegate=person.id, **times)
    return made


def absences_of(actor: Actor) -> QuerySet[Absence]:
    """This person's absences that are not over, the next first."""
    return Absence.objects.filter(person=actor.person, ends_at__gt=clock.now()).order_by("starts_at", "id")


def cancel_absence(actor: Actor, pk: int) -> None:
    """An absence to come is taken back; one under way ends now. What the delegate has sealed stays sealed."""
    actor.needs("approve")
    with writing():
        now = clock.now()
        found = absences_of(actor).select_for_update().filter(pk=pk).select_related("delegate").first()
        if found is None:
            raise Refused(Reason("no_such_absence"))
        if found.starts_at > now:
            found.delete()
        else:
            Absence.objects.filter(pk=pk).update(ends_at=now)
        record(
            "absence.cancelled",
            actor=actor.id,
            subject=f"person:{actor.person.id}",
            facts={"delegate": found.delegate_id, "starts_at": found.starts_at, "ends_at": found.ends_at},
        )


# --- freezes


class FreezeForm(_OfficeForm):
    """Empty lists mean all routines, all OUs; ``exception_group`` is a group's name."""

    reason: str = Field(min_length=1, max_length=200)
    starts_at: AwareInstant
    ends_at: AwareInstant
    routines: list[str] = Field(default_factory=list, max_length=50)
    ou_ids: list[str] = Field(default_factory=list, max_length=50)
    exception_group: str = ""

    @field_validator("routines")
    @classmethod
    def _known_routines(cls, given: list[str]) -> list[str]:
        for name in given:
            if routine_of(name) is None:
                raise problem("no_such_routine", routine=name[:60])
        return given

    @field_validator("ou_ids")
    @classmethod
    def _known_ous(cls, given: list[str]) -> list[str]:
        known = set(OrganizationalUnit.objects.filter(id__in=given, absent_since=None).values_list("id", flat=True))
        for ou in given:
            if ou not in known:
                raise problem("unknown_ou", ou=ou[:60])
        return given


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
    ops_only(actor, "rules")
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


def end_freeze(actor: Actor, pk: int) -> None:
    """A freeze to come is taken back; one under way ends now."""
    ops_only(actor, "rules")
    with writing():
        now = clock.now()
        found = FreezePeriod.objects.select_for_update().filter(pk=pk, ends_at__gt=now).first()
        if found is None:
            raise Refused(Reason("no_such_freeze"))
        facts = {"reason": found.reason, "starts_at": found.starts_at, "ends_at": found.ends_at}
        if found.starts_at > now:
            found.delete()
        else:
            FreezePeriod.objects.filter(pk=pk).update(ends_at=now)
        record("freeze.ended", actor=actor.id, subject=f"freeze:{pk}", facts=facts)


# --- company holidays


class HolidayForm(_OfficeForm):
    day: date
    name: str = Field(default="", max_length=80)


def add_holiday(actor: Actor, *, day: date, name: str) -> None:
    """A day on which the company does not work; no business time passes on it."""
    ops_only(actor, "rules")
    with writing():
        CompanyHoliday.objects.update_or_create(day=day, defaults={"name": name.strip()[:80]})
        record("holiday.added", actor=actor.id, subject="calendar", facts={"day": day.isoformat()})


def remove_holiday(actor: Actor, day: date) -> None:
    ops_only(actor, "rules")
    with writing():
        removed, _ = CompanyHoliday.objects.filter(day=day).delete()
        if not removed:
            raise Refused(Reason("no_such_holiday", {"day": day.isoformat()}))
        record("holiday.removed", actor=actor.id, subject="calendar", facts={"day": day.isoformat()})


@dataclass(frozen=True)
class HolidaysTaken:
    """What came of a list: the days taken, and by line what was not understood."""

    days: tuple[date, ...]
    refused: tuple[tuple[int, Reason], ...]


def take_holidays(actor: Actor, text: str) -> HolidaysTaken:
    """Company holidays as CSV, ``date,name`` a line. Lines that are not understood are told; the others are taken."""
    ops_only(actor, "rules")
    taken: dict[date, str] = {}
    refused: list[tuple[int, Reason]] = []
    rows = table_of(text, ",")
    if rows is None:
        raise Refused(Reason("csv_not_read"))
    for line, row in rows:
        cells = [cell.strip() for cell in row]
        if line == 1 and cells[0].casefold() in ("date", "day", "日付", "年月日"):
            continue
        day = _day(cells[0])
        if why := _wrong_with(day, cells, taken):
            refused.append((line, why))
        elif day is not None:
            taken[day] = cells[1] if len(cells) > 1 else ""
    if taken:
        _store_holidays(actor, taken)
    return HolidaysTaken(tuple(sorted(taken)), tuple(refused))


def _day(text: str) -> date | None:
    """2026-12-29 or, as Japanese spreadsheets write it, 2026/12/29."""
    try:
        return date(*(int(part) for part in re.fullmatch(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})", text).groups()))  # type: ignore[union-attr]
    except (AttributeError, ValueError):
        return None


def _wrong_with(day: date | None, cells: list[str], taken: Mapping[date, str]) -> Reason | None:
    if day is None:
        return Reason("holiday_not_a_date", {"text": cells[0][:40]})
    if day in taken:
        return Reason("holiday_twice", {"day": day.isoformat()})
    if len(cells) > 2:
        return Reason("holiday_too_many_cells")
    if len(cells) > 1 and len(cells[1]) > 80:
        return Reason("shape.string_too_long", {"max_length": 80})
    return Reason("holidays_too_many", {"most": MOST_HOLIDAYS}) if len(taken) >= MOST_HOLIDAYS else None


def _store_holidays(actor: Actor, taken: Mapping[date, str]) -> None:
    with writing():
        for day, name in taken.items():
            CompanyHoliday.objects.update_or_create(day=day, defaults={"name": name})
        days = [day.isoformat() for day in sorted(taken)]
        record("holidays.added", actor=actor.id, subject="calendar", facts={"days": days})


# --- the company's own fields


class ExtraFieldForm(_OfficeForm):
    """``kind``: text, paragraph, number, date, url or choice; ``pattern``: a regular expression of the whole value."""

    routine: str
    key: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")
    label_ja: str = Field(min_length=1, max_length=80)
    label_en: str = Field(min_length=1, max_length=80)
    kind: Literal["text", "paragraph", "number", "date", "url", "choice"] = "text"
    required: bool = False
    pattern: str = Field(default="", max_length=200)
    choices: list[Annotated[str, Field(max_length=100)]] = Field(default_factory=list, max_length=100)
    #: where the value is looked up: an https address with {value} in it
    link: str = Field(default="", max_length=300)
    position: int = Field(default=0, ge=0, le=1000)

    @field_validator("link")
    @classmethod
    def _an_address(cls, given: str) -> str:
        if given and not (given.startswith("https://") and "{value}" in given.removeprefix("https://")):
            raise problem("not_a_link")
        return given

    @model_validator(mode="after")
    def _choices_where_chosen(self) -> Self:
        if self.kind == "choice" and not any(choice.strip() for choice in self.choices):
            raise problem("choices_missing", "choices")
        return self


def add_extra_field(actor: Actor, values: Mapping[str, Any]) -> ExtraField:
    """追加項目: shown, validated, signed and exported with every later request of the routine."""
    ops_only(actor, "rules")
    if routine_of(str(values["routine"])) is None:
        raise Refused(Reason("no_such_routine", {"routine": str(values["routine"])[:60]}), field="routine")
    if values["kind"] not in _KINDS:
        raise Refused(Reason("unknown_kind", {"kinds": ", ".join(_KINDS)}), field="kind")
    if wrong := problem_of(str(values.get("pattern", ""))):
        raise Refused(Reason(wrong), field="pattern")
    with writing():
        made, _ = ExtraField.objects.update_or_create(
            routine=values["routine"], key=values["key"], defaults=dict(values) | {"key": values["key"]}
        )
        facts = {name: value for name, value in values.items() if name != "choices"}
        choices = {"choices": "\n".join(made.choices)} if made.choices else None
        subject = f"extra:{made.routine}.{made.key}"
        record("extra_field.saved", actor=actor.id, subject=subject, facts=facts, texts=choices)
    return made


def remove_extra_field(actor: Actor, pk: int) -> None:
    """Later requests no longer have the field; those made with it keep what was written."""
    ops_only(actor, "rules")
    with writing():
        found = ExtraField.objects.filter(pk=pk).first()
        if found is None:
            raise Refused(Reason("no_such_extra_field"))
        record("extra_field.removed", actor=actor.id, subject=f"extra:{found.routine}.{found.key}")
        found.delete()


def _ordered(starts_at: datetime, ends_at: datetime) -> None:
    if starts_at.tzinfo is None or ends_at.tzinfo is None or ends_at <= starts_at:
        raise Refused(Reason("times_not_in_order"), field="ends_at")
