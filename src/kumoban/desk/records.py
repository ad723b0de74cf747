"""The ledger as one person may read it: everything for ops and auditors, a guest's period, else one's own requests."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from kumoban.core.spreadsheet import csv_lines
from kumoban.desk import rules
from kumoban.desk.people import Actor
from kumoban.estate.models import Person
from kumoban.ledger.search import Recorded, search

__all__ = ["Wanted", "as_csv", "as_json_lines", "entries", "every_entry"]

#: rows read at a time while an export is being sent
CHUNK = 500


@dataclass(frozen=True)
class Wanted:
    """Which entries: ``kind`` by its beginning, ``actor`` by id or user name, times half-open."""

    subject: str = ""
    kind: str = ""
    actor: str = ""
    since: datetime | None = None
    until: datetime | None = None


def entries(actor: Actor, wanted: Wanted, *, before: int | None = None, limit: int = 100) -> list[Recorded]:
    """Newest first; ``before`` pages on from a sequence number."""
    return search(
        subjects=[wanted.subject] if wanted.subject else None,
        kind=wanted.kind,
        actor=_id_of(wanted.actor),
        since=wanted.since,
        until=wanted.until,
        within=_may_see(actor),
        before=before,
        limit=limit,
    )


def every_entry(actor: Actor, wanted: Wanted) -> Iterator[Recorded]:
    """All that match, a chunk at a time."""
    before: int | None = None
    while found := entries(actor, wanted, before=before, limit=CHUNK):
        yield from found
        before = found[-1].seq


def as_csv(found: Iterable[Recorded]) -> Iterator[str]:
    head = ("seq", "at", "kind", "actor", "subject", "facts", "texts", "digest")
    return csv_lines(head, (_row(entry) for entry in found))


def as_json_lines(found: Iterable[Recorded]) -> Iterator[str]:
    for entry in found:
        yield json.dumps({**entry.__dict__, "at": entry.at.isoformat()}, ensure_ascii=False) + "\n"


def _row(entry: Recorded) -> tuple[Any, ...]:
    return (
        entry.seq,
        entry.at.isoformat(),
        entry.kind,
        entry.actor,
        entry.subject,
        json.dumps(entry.facts, ensure_ascii=False),
        json.dumps(entry.texts, ensure_ascii=False) if entry.texts else "",
        entry.digest,
    )


def of_their_period(actor: Actor) -> Q | None:
    """Of a guest only what was recorded in their period; None for everybody else."""
    return Q(at__gte=actor.guest.since, at__lt=actor.guest.until) if actor.guest is not None else None


def _may_see(actor: Actor) -> Q | None:
    if actor.ops or actor.auditor:
        return None
    if actor.guest is not None:
        return of_their_period(actor)
    mine = rules.visible(actor).values("number")
    return Q(subject__in=mine) | Q(subject=f"person:{actor.person.id}")


def _id_of(named: str) -> str:
    """The id of a person given by user name; anything else is an actor's id already (``desk``)."""
    person = Person.objects.filter(user_name=named).values_list("id", flat=True).first() if named else None
    return person or named
