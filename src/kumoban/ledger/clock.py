"""The database's clock: the one clock that every node agrees on."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import connection

__all__ = ["database_now"]

_NOW = {
    "sqlite": "SELECT strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now')",
    "postgresql": "SELECT clock_timestamp()",
}


def database_now() -> datetime:
    """Now on the database's clock, in UTC. Due times, leases and decisions use no other clock."""
    with connection.cursor() as cursor:
        cursor.execute(_NOW[connection.vendor])
        (now,) = cursor.fetchone()
    if isinstance(now, str):
        now = datetime.fromisoformat(now)
    return now.astimezone(UTC)  # type: ignore[no-any-return]
