"""The HR department's table as it is sent: its heads in either language, its dates as spreadsheets write them."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.core.files.uploadedfile import UploadedFile

from kumoban.core.reason import Reason, Refused
from kumoban.core.spreadsheet import DELIMITERS, decoded, meant, table_of
from kumoban.estate.models import Employment, Person, Team

__all__ = ["HEADS", "Line", "Table", "read_table", "text_of"]

#: bytes of a file that is read
MOST_BYTES = 8 * 1024 * 1024
#: rows at a time
MOST = 50_000
#: the columns, each by what it may be called
HEADS: Mapping[str, tuple[str, ...]] = {
    "employee_number": ("社員番号", "employee number"),
    "valid_from": ("発効日", "effective date", "valid from"),
    "department": ("所属", "部門", "department"),
    "department_code": ("部門コード", "department code"),
    "teams": ("チーム", "teams", "team"),
    "manager_number": ("上長", "上長社員番号", "manager", "manager number"),
    "kind": ("雇用区分", "kind", "employment"),
    "last_day": ("最終日", "契約終了日", "退職日", "last day", "contract end"),
}
_NEEDED = ("employee_number", "valid_from")
_KINDS = {
    "": "employee",
    "正社員": "employee",
    "社員": "employee",
    "employee": "employee",
    "派遣": "dispatched",
    "派遣社員": "dispatched",
    "dispatched": "dispatched",
    "業務委託": "contractor",
    "委託": "contractor",
    "contractor": "contractor",
}
_DATE = re.compile(r"(\d{4})[-/年](\d{1,2})[-/月](\d{1,2})日?")
_BETWEEN = re.compile(r"[\s;、,/]+")


@dataclass(frozen=True)
class Line:
    """One row: the values it would write, or why it is refused."""

    number: int
    employee_number: str
    person: Person | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    refused: tuple[Reason, ...] = ()
    #: new, changed or same
    change: str = ""

    @property
    def valid_from(self) -> date:
        found: date = self.values["valid_from"]
        return found


@dataclass(frozen=True)
class Table:
    lines: Sequence[Line]
    #: heads that mean nothing here, and are left out
    unknown: tuple[str, ...]

    @property
    def taken(self) -> list[Line]:
        """The lines that would write something."""
        return [line for line in self.lines if line.change in ("new", "changed")]

    @property
    def refused(self) -> list[Line]:
        return [line for line in self.lines if line.refused]

    @property
    def digest(self) -> str:
        """Of what would be written: whatever changes meanwhile makes another one."""
        said = [[line.person.id if line.person else "", line.change, _plain(line.values)] for line in self.taken]
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}


def text_of(file: UploadedFile[Any]) -> str:
    """The text of an uploaded table. Raises Refused where it is too large, before it is read."""
    if (file.size or 0) > MOST_BYTES:
        raise Refused(Reason("staff_too_large", {"mib": MOST_BYTES // 1024 // 1024}), field="file")
    return decoded(file.read()) or ""


def read_table(text: str) -> Table:
    """Every line understood, or refused with its reason. Raises Refused for what is no such table at all."""
    if "\0" in text:
        raise Refused(Reason("shape.refused_characters", {"characters": "U+0000"}))
    rows, heads = _rows(text)
    people: dict[str, list[Person]] = {}
    for person in Person.objects.exclude(employee_number="").filter(absent_since=None):
        people.setdefault(person.employee_number, []).append(person)
    teams = _teams()
    known = {(row.person_id, row.valid_from): row for row in Employment.objects.all()}
    columns = [_column(head) for head in heads]
    lines: list[Line] = []
    seen: set[tuple[str, date]] = set()
    for number, cells in rows:
        given = {name: meant(cell).strip() for name, cell in zip(columns, cells, strict=False) if name}
        line = _line(number, given, people, teams, seen)
        lines.append(_compared(line, known))
    unknown = [head for head, name in zip(heads, columns, strict=True) if not name and head.strip()]
    return Table(lines, tuple(unknown))


def _rows(text: str) -> tuple[list[tuple[int, list[str]]], list[str]]:
    for delimiter in DELIMITERS:
        rows = table_of(text, delimiter)
        if rows and all(name in map(_column, rows[0][1]) for name in _NEEDED):
            if len(rows) - 1 > MOST:
                raise Refused(Reason("staff_too_many", {"most": MOST}))
            return rows[1:], rows[0][1]
    raise Refused(Reason("staff_no_table", {"heads": "、".join(HEADS[name][0] for name in _NEEDED)}))


def _column(head: str) -> str:
    said = unicodedata.normalize("NFKC", head).strip().casefold()
    return next((name for name, called in HEADS.items() if said == name or said in called), "")


def _teams() -> dict[str, str]:
    found: dict[str, str] = {}
    for slug, name in Team.objects.filter(absent_since=None).values_list("slug", "name"):
        found[slug.casefold()] = found[unicodedata.normalize("NFKC", name).casefold()] = slug
    return found


def _line(
    number: int,
    given: Mapping[str, str],
    people: Mapping[str, Sequence[Person]],
    teams: Mapping[str, str],
    seen: set[tuple[str, date]],
) -> Line:
    said = unicodedata.normalize("NFKC", given.get("employee_number", ""))
    found = people.get(said, ())
    refused: list[Reason] = []
    if len(found) != 1:
        refused.append(Reason("staff_nobody" if not found else "staff_several", {"number": said[:40]}))
    valid_from, last_day = (_date(given.get(name, "")) for name in ("valid_from", "last_day"))
    for name, day in (("valid_from", valid_from), ("last_day", last_day)):
        if day is None and (given.get(name) or name == "valid_from"):
            refused.append(Reason("holiday_not_a_date", {"text": given.get(name, "")[:40]}))
    words = [word for word in _BETWEEN.split(unicodedata.normalize("NFKC", given.get("teams", ""))) if word]
    refused += [Reason("unknown_team", {"team": word[:40]}) for word in words if word.casefold() not in teams]
    manager = unicodedata.normalize("NFKC", given.get("manager_number", ""))
    if manager and manager not in people:
        refused.append(Reason("staff_nobody", {"number": manager[:40]}))
    kind = _KINDS.get(unicodedata.normalize("NFKC", given.get("kind", "")).casefold())
    if kind is None:
        refused.append(Reason("staff_unknown_kind", {"kind": given["kind"][:40]}))
    if valid_from and (said, valid_from) in seen:
        refused.append(Reason("staff_twice", {"number": said[:40]}))
    if refused or valid_from is None:
        return Line(number, said, found[0] if len(found) == 1 else None, refused=tuple(refused))
    seen.add((said, valid_from))
    values = {
        "valid_from": valid_from,
        "department": given.get("department", "")[:200],
        "department_code": given.get("department_code", "")[:40],
        "teams": sorted({teams[word.casefold()] for word in words}),
        "manager_number": manager,
        "kind": kind,
        "last_day": last_day,
    }
    return Line(number, said, found[0], values)


def _date(text: str) -> date | None:
    match = _DATE.fullmatch(unicodedata.normalize("NFKC", text).strip())
    try:
        day = date(*map(int, match.groups())) if match else None
    except ValueError:
        return None
    return day if day is None or 1900 < day.year < 3000 else None


def _compared(line: Line, known: Mapping[tuple[str, date], Employment]) -> Line:
    if line.refused or line.person is None:
        return line
    row = known.get((line.person.id, line.valid_from))
    if row is None:
        change = "new"
    else:
        change = "same" if all(getattr(row, name) == value for name, value in line.values.items()) else "changed"
    return Line(line.number, line.employee_number, line.person, line.values, (), change)
