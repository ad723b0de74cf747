"""Reading the record: newest first, by kind, actor, subject and time."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from kumoban.ledger.models import Entry, EntryText

__all__ = ["Recorded", "search"]


@dataclass(frozen=True)
class Recorded:
    """One entry as people and exports see it."""

    seq: int
    at: datetime
    kind: str
    actor: str
    subject: str
    facts: dict[str, Any]
    texts: dict[str, str | None]
    digest: str


def search(
    *,
    subjects: Iterable[str] | None = None,
    kind: str = "",
    actor: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    within: Q | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[Recorded]:
    """At most ``limit`` entries, newest first; ``before`` pages on from a sequence number.

    ``within`` narrows further: what its reader may see.
    """
    entries = Entry.objects.order_by("-seq")
    if subjects is not None:
        entries = entries.filter(subject__in=list(subjects))
    if kind:
        entries = entries.filter(kind__startswith=kind)
    if actor:
        entries = entries.filter(actor=actor)
    if since:
        entries = entries.filter(at__gte=since)
    if until:
        entries = entries.filter(at__lt=until)
    if within is not None:
        entries = entries.filter(within)
    if before:
        entries = entries.filter(seq__lt=before)
    return _with_texts(list(entries[:limit]))


def _with_texts(entries: Sequence[Entry]) -> list[Recorded]:
    texts: dict[int, dict[str, str | None]] = {}
    for text in EntryText.objects.filter(entry_id__in=[entry.seq for entry in entries]):
        texts.setdefault(text.entry_id, {})[text.name] = text.text
    return [
        Recorded(
            entry.seq,
            entry.at,
            entry.kind,
            entry.actor,
            entry.subject,
            json.loads(entry.body)["facts"],
            texts.get(entry.seq, {}),
            entry.digest,
        )
        for entry in entries
    ]
