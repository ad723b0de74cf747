"""The tables of a period by themselves: requests, approvals, grants, session evidence, changes of rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kumoban.desk.people import Actor
from kumoban.evidence.audit.pack import tables
from kumoban.evidence.audit.pack.tables import Row
from kumoban.evidence.audit.room import Period, auditing, within
from kumoban.ledger.models import Entry

__all__ = ["TABLES", "table_of"]


def table_of(actor: Actor, name: str, period: Period) -> list[Row]:
    """What the ledger's entries of the period are about, as an audit pack would hold it. Raises KeyError, Refused."""
    auditing(actor)
    allowed = within(actor, period)
    entries = Entry.objects.filter(at__gte=allowed.since, at__lt=allowed.until).order_by("seq")
    return TABLES[name](list(entries))


def _evidence(entries: Sequence[Entry]) -> list[Row]:
    return tables.evidence([row["key"] for row in tables.requests(entries)])


TABLES: dict[str, Callable[[Sequence[Entry]], list[Row]]] = {
    "requests": tables.requests,
    "approvals": tables.approvals,
    "grants": tables.grants,
    "evidence": _evidence,
    "rule_changes": tables.rule_changes,
}
