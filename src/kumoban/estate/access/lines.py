"""Lines a page at a time, however large the organisation: source by source, each behind the last line's position."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.db import connection

from kumoban.estate.access.sources import SOURCES, Source
from kumoban.estate.access.wanted import START, AccessLine, Position, Scope, SignIn, Wanted

__all__ = ["access_lines", "count_lines"]

_NAMES = [source.name for source in SOURCES]


def access_lines(wanted: Wanted, scope: Scope | None, after: Position = START, limit: int = 100) -> list[AccessLine]:
    """At most ``limit`` lines behind ``after``; ``scope`` None is everything."""
    first = _NAMES.index(after.source) if after.source in _NAMES else 0
    lines: list[AccessLine] = []
    for source in SOURCES[first:]:
        if len(lines) < limit:
            behind = after if source.name == after.source else START
            lines += _lines(source, wanted, scope, behind, limit - len(lines))
    return lines


def count_lines(wanted: Wanted, scope: Scope | None, most: int) -> int:
    """How many lines there are, counted up to ``most``."""
    counted = 0
    for source in SOURCES:
        if counted < most:
            conditions, params = _conditions(source, wanted, scope)
            sql = f"SELECT COUNT(*) FROM (SELECT 1 {source.rows} {conditions} LIMIT %s) AS found"  # noqa: S608
            with connection.cursor() as cursor:
                cursor.execute(sql, [*params, most - counted])
                counted += int(cursor.fetchone()[0])
    return counted


def _lines(source: Source, wanted: Wanted, scope: Scope | None, after: Position, limit: int) -> list[AccessLine]:
    conditions, params = _conditions(source, wanted, scope)
    behind = f"({source.place}) > (%s, %s, %s, %s, %s) ORDER BY {source.order}"
    sql = f"SELECT {source.columns} {source.rows} {conditions} AND {behind} LIMIT %s"
    with connection.cursor() as cursor:
        cursor.execute(sql, [*params, *after[1:], limit])
        return [_line(source.name, row) for row in cursor.fetchall()]


def _conditions(source: Source, wanted: Wanted, scope: Scope | None) -> tuple[str, list[str]]:
    found = list(source.conditions(wanted))
    if scope is not None:
        found.append(source.within(scope))
    return "".join(f" AND {condition}" for condition, _ in found), [value for _, values in found for value in values]


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
