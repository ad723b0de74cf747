"""Who has access to what, as the estate last saw it: one line for a person, an account, a permission set and a path.

One query of one shape, however large the organisation: lines come in the order of the assignments' index, a page at a
time, and the next page begins behind the last line's position.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from django.db import connection

from kumoban.estate.models import searchable

__all__ = ["START", "AccessLine", "Position", "Scope", "Wanted", "access_lines", "count_lines"]


class Position(NamedTuple):
    """Where a line stands: what the next page begins behind."""

    account: str
    permission_set: str
    kind: str
    principal: str
    person: str

    @property
    def spoken(self) -> str:
        return "|".join(self)

    @classmethod
    def read(cls, text: str) -> Position:
        """The beginning, where it is no position."""
        parts = text[:400].split("|")
        return cls(*parts) if len(parts) == len(cls._fields) else START


START = Position("", "", "", "", "")


@dataclass(frozen=True)
class Scope:
    """The lines somebody may see: those of accounts of these teams, and those of these people."""

    teams: Collection[str]
    people: Collection[str]


@dataclass(frozen=True)
class Wanted:
    """What is looked for: ``text`` in the words of person, account or permission set; the others exactly.

    ``person`` and ``permission_set`` are ids or names; ``path`` is ``direct``, ``group`` or empty;
    ``adopted`` is ``yes``, ``no`` or empty.
    """

    text: str = ""
    person: str = ""
    account: str = ""
    permission_set: str = ""
    environment: str = ""
    path: str = ""
    adopted: str = ""


@dataclass(frozen=True)
class AccessLine:
    """``group`` is empty where the assignment is the person's own; ``usable``: the person is there and enabled.

    ``adopted`` is the request that marked it as known, and ``owner`` whose it is since.
    """

    position: Position
    account: str
    environment: str
    team: str
    permission_set: str
    person: str
    user_name: str
    usable: bool
    group: str
    seen_at: datetime
    adopted: str
    owner: str


_FROM = """
FROM estate_assignment a
LEFT JOIN estate_membership m
  ON a.principal_type = 'GROUP' AND m.group_id = a.principal_id AND m.absent_since IS NULL
LEFT JOIN estate_person p ON p.id = COALESCE(m.person_id, a.principal_id)
LEFT JOIN estate_group g ON g.id = m.group_id
LEFT JOIN estate_permissionset s ON s.arn = a.permission_set_arn
LEFT JOIN estate_person o ON o.id = a.owner_person
LEFT JOIN estate_team t ON t.slug = a.owner_team
JOIN estate_account c ON c.id = a.account_id
WHERE a.absent_since IS NULL AND c.absent_since IS NULL AND (a.principal_type = 'USER' OR m.person_id IS NOT NULL)
"""
_COLUMNS = """
SELECT a.account_id, a.permission_set_arn, a.principal_type, a.principal_id, COALESCE(m.person_id, a.principal_id),
  c.name, c.environment, c.team, COALESCE(s.name, a.permission_set_arn),
  COALESCE(p.display_name, m.person_id, a.principal_id), COALESCE(p.user_name, ''),
  p.id IS NOT NULL AND p.absent_since IS NULL AND p.enabled, COALESCE(g.name, m.group_id, ''),
  CASE WHEN m.seen_at < a.seen_at THEN m.seen_at ELSE a.seen_at END,
  a.adopted_request, COALESCE(o.display_name, t.name, a.owner_team)
"""
_PLACE = "a.account_id, a.permission_set_arn, a.principal_type, a.principal_id, COALESCE(m.person_id, a.principal_id)"


def access_lines(wanted: Wanted, scope: Scope | None, after: Position = START, limit: int = 100) -> list[AccessLine]:
    """At most ``limit`` lines behind ``after``; ``scope`` None is everything."""
    conditions, params = _conditions(wanted, scope)
    sql = f"{_COLUMNS} {_FROM} {conditions} AND ({_PLACE}) > (%s, %s, %s, %s, %s) ORDER BY {_PLACE} LIMIT %s"
    with connection.cursor() as cursor:
        cursor.execute(sql, [*params, *after, limit])
        return [_line(row) for row in cursor.fetchall()]


def count_lines(wanted: Wanted, scope: Scope | None, most: int) -> int:
    """How many lines there are, counted up to ``most``."""
    conditions, params = _conditions(wanted, scope)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*) FROM (SELECT 1 {_FROM} {conditions} LIMIT %s) AS found", [*params, most])  # noqa: S608
        return int(cursor.fetchone()[0])


def _conditions(wanted: Wanted, scope: Scope | None) -> tuple[str, list[str]]:
    """SQL made of the fixed pieces below only; every value is a parameter."""
    found: list[tuple[str, list[str]]] = []
    if wanted.text:
        like = f"%{_literal(searchable(wanted.text))}%"
        found.append((_TEXT, [like] * 7))
    if wanted.person:
        found.append((_PERSON, [wanted.person] * 6))
    if wanted.account:
        found.append(("(a.account_id = %s OR c.name = %s)", [wanted.account] * 2))
    if wanted.permission_set:
        found.append(("(a.permission_set_arn = %s OR s.name = %s)", [wanted.permission_set] * 2))
    if wanted.environment:
        found.append(("c.environment = %s", [wanted.environment]))
    if wanted.path in _PATHS:
        found.append(("a.principal_type = %s", [_PATHS[wanted.path]]))
    if wanted.adopted in ("yes", "no"):
        found.append((f"a.adopted_request {'<>' if wanted.adopted == 'yes' else '='} ''", []))
    if scope is not None:
        found.append(_within(scope))
    return "".join(f" AND {condition}" for condition, _ in found), [value for _, values in found for value in values]


_PATHS = {"direct": "USER", "group": "GROUP"}
_LIKE = r"search LIKE %s ESCAPE '\'"
_ACCOUNTS = f"SELECT id FROM estate_account WHERE {_LIKE}"  # noqa: S608
_SETS = f"SELECT arn FROM estate_permissionset WHERE {_LIKE}"  # noqa: S608


def _of_people(people: str) -> tuple[str, str]:
    """Assignments to these people or to a group of theirs; and, of their lines, these people's own.

    The first decides on assignments alone, so that the members of other groups are never read.
    """
    groups = f"SELECT group_id FROM estate_membership WHERE absent_since IS NULL AND person_id IN ({people})"  # noqa: S608
    return f"(a.principal_id IN ({people}) OR a.principal_id IN ({groups}))", f"p.id IN ({people})"


def _text_condition() -> str:
    reached, own = _of_people(f"SELECT id FROM estate_person WHERE {_LIKE}")  # noqa: S608
    first = f"(a.account_id IN ({_ACCOUNTS}) OR a.permission_set_arn IN ({_SETS}) OR {reached})"
    return f"({first} AND (a.account_id IN ({_ACCOUNTS}) OR a.permission_set_arn IN ({_SETS}) OR {own}))"


_TEXT = _text_condition()
_PERSON = "({} AND {})".format(*_of_people("SELECT id FROM estate_person WHERE id = %s OR user_name = %s"))


def _literal(text: str) -> str:
    """What LIKE finds as it is written."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _within(scope: Scope) -> tuple[str, list[str]]:
    teams, people = sorted(scope.teams), sorted(scope.people)
    parts = [
        f"{column} IN ({', '.join(['%s'] * len(values))})"
        for column, values in (("c.team", teams), ("COALESCE(m.person_id, a.principal_id)", people))
        if values
    ]
    return (f"({' OR '.join(parts)})" if parts else "1 = 0"), [*teams, *people]


def _line(row: tuple[Any, ...]) -> AccessLine:
    account, environment, team, permission_set, person, user_name, usable, group, seen_at, adopted, owner = row[5:]
    names = (account, environment, team, permission_set, person, user_name)
    return AccessLine(Position(*row[:5]), *names, bool(usable), group, _instant(seen_at), adopted, owner)


def _instant(value: datetime | str) -> datetime:
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    return at if at.tzinfo else at.replace(tzinfo=UTC)
