"""Lines a page at a time, however large the organisation: source by source, each behind the last line's position."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from kumoban.estate.access.asked import criteria
from kumoban.estate.access.sources import SOURCES, Source
from kumoban.estate.access.wanted import START, AccessLine, Position, Scope, SignIn, Wanted

__all__ = ["access_lines", "count_lines"]

_NAMES = [source.name for source in SOURCES]
#: the sources of one path; any other word is no path
_PATHS = {
    "direct": ("assignment",),
    "group": ("group",),
    "entitlement": ("entitlement", "entitlement_group"),
    "iam_user": ("iam_user",),
    "": tuple(_NAMES),
}


def access_lines(wanted: Wanted, scope: Scope | None, after: Position = START, limit: int = 100) -> list[AccessLine]:
    """At most ``limit`` lines behind ``after``; ``scope`` None is everything."""
    asked = list(criteria(wanted, scope))
    lines: list[AccessLine] = []
    first = _NAMES.index(after.source) if after.source in _NAMES else 0
    for source in _sources(wanted, first):
        behind = after if source.name == after.source else START
        if query := source.page(asked, behind[1:], limit - len(lines)) if len(lines) < limit else None:
            lines += [_line(source.name, row) for row in _rows(*query)]
    return lines


def count_lines(wanted: Wanted, scope: Scope | None, most: int) -> int:
    """How many lines there are, counted up to ``most``."""
    asked, counted = list(criteria(wanted, scope)), 0
    for source in _sources(wanted):
        if query := source.count(asked, most - counted) if counted < most else None:
            counted += int(_rows(*query)[0][0])
    return counted


def _sources(wanted: Wanted, first: int = 0) -> list[Source]:
    return [source for source in SOURCES[first:] if source.name in _PATHS.get(wanted.path, ())]


def _rows(sql: str, params: Sequence[str]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())


def _line(source: str, row: tuple[Any, ...]) -> AccessLine:
    account, environment, team, what, person, user_name, usable, group, seen_at, adopted, owner = row[5:16]
    names = (account, environment, team, what, person, user_name)
    console, mfa, keys, used = row[16:]
    sign_in = None if console is None else SignIn(bool(console), bool(mfa), keys, _instant(used) if used else None)
    place = Position(source, *row[:5])
    return AccessLine(place, *names, bool(usable), group, _instant(seen_at), adopted, owner, sign_in)


def _instant(value: datetime | str) -> datetime:
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    return at if at.tzinfo else at.replace(tzinfo=UTC)
