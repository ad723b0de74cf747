"""Verifying the record: the chain, the columns against the bytes, the texts against their digests, the seal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import connection

from kumoban.ledger.chain import GENESIS, chain_key, link
from kumoban.ledger.models import Entry, EntryText, Head
from kumoban.ledger.record import text_digest
from kumoban.ledger.seal import seals

__all__ = ["Verdict", "verify", "verify_range"]


@dataclass(frozen=True)
class Verdict:
    """``entries`` read; ``faults`` name the first fault of each kind as (seq, code)."""

    entries: int
    faults: tuple[tuple[int, str], ...]

    @property
    def whole(self) -> bool:
        return not self.faults


def verify() -> Verdict:
    """Read the whole record once and say where it was touched, if it was. What is written meanwhile is left out."""
    head = Head.objects.get(pk=1)
    key, previous, count = chain_key(), GENESIS, 0
    sealed = {seal.count: seal.digest for seal in seals() if seal.count}
    faults: dict[str, int] = {}
    for seq, at, kind, actor, subject, body, digest in _entries(head.seq):
        count += 1
        if seq != count:
            faults.setdefault("entry_missing", count)
            count = seq
        if link(key, previous, body) != digest:
            faults.setdefault("entry_changed", seq)
        if not _columns_match(body, seq, at, kind, actor, subject):
            faults.setdefault("columns_changed", seq)
        if sealed.pop(seq, digest) != digest:
            faults.setdefault("seal_differs", seq)
        previous = digest
    if (head.seq, head.digest) != (count, previous) or _entries_beyond(head):
        faults.setdefault("head_differs", count)
    missing = [seq for seq in sealed if seq > count]
    if missing and not _written_since(missing, sealed):
        faults.setdefault("seal_differs", min(missing))
    for seq in _changed_texts():
        faults.setdefault("text_changed", seq)
    return Verdict(count, tuple((seq, code) for code, seq in faults.items()))


def verify_range(first: int, last: int) -> Verdict:
    """The same for the entries from ``first`` to ``last`` only: chain and columns, from the entry before them on."""
    key, count, faults = chain_key(), 0, dict[str, int]()
    before = Entry.objects.filter(seq=first - 1).values_list("digest", flat=True).first()
    if before is None and first > 1:
        faults["entry_missing"] = first - 1
    previous, expected = before or GENESIS, first
    for seq, at, kind, actor, subject, body, digest in _entries(last, after=first - 1):
        count += 1
        if seq != expected:
            faults.setdefault("entry_missing", expected)
        if link(key, previous, body) != digest:
            faults.setdefault("entry_changed", seq)
        if not _columns_match(body, seq, at, kind, actor, subject):
            faults.setdefault("columns_changed", seq)
        previous, expected = digest, seq + 1
    if expected != last + 1:
        faults.setdefault("entry_missing", expected)
    return Verdict(count, tuple((seq, code) for code, seq in faults.items()))


def _entries_beyond(head: Head) -> bool:
    """Entries after a head that has not moved: it was set back."""
    return Entry.objects.filter(seq__gt=head.seq).exists() and Head.objects.get(pk=1).seq == head.seq


def _written_since(sequences: list[int], sealed: dict[int, str]) -> bool:
    """Whether these sealed entries came while we read."""
    return all(Entry.objects.filter(seq=seq, digest=sealed[seq]).exists() for seq in sequences)


def _entries(until: int, after: int = 0) -> Iterator[tuple[int, datetime | str, str, str, str, str, str]]:
    last = after
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT seq, at, kind, actor, subject, body, digest FROM ledger_entry"
                " WHERE seq > %s AND seq <= %s ORDER BY seq LIMIT 20000",
                [last, until],
            )
            rows = cursor.fetchall()
        if not rows:
            return
        yield from rows
        last = rows[-1][0]


def _columns_match(body: str, seq: int, at: datetime | str, kind: str, actor: str, subject: str) -> bool:
    stated = json.loads(body)
    if (stated["seq"], stated["kind"], stated["actor"], stated["subject"]) != (seq, kind, actor, subject):
        return False
    seen = datetime.fromisoformat(at) if isinstance(at, str) else at
    if seen.tzinfo is None:
        seen = seen.replace(tzinfo=UTC)
    return seen == datetime.fromisoformat(stated["at"])


def _changed_texts() -> Iterator[int]:
    texts = EntryText.objects.select_related("entry").order_by("entry_id").iterator(chunk_size=5000)
    for text in texts:
        stated = json.loads(text.entry.body)["texts"].get(text.name)
        whole = text.erased_at is not None if text.text is None else stated == text_digest(text.salt or "", text.text)
        if stated is None or not whole:
            yield text.entry_id
