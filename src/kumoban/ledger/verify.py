"""Verifying the record: the chain, the columns against the bytes, the texts against their digests, the seal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import connection

from kumoban.ledger.chain import GENESIS, chain_key, link
from kumoban.ledger.models import EntryText, Head
from kumoban.ledger.record import text_digest
from kumoban.ledger.seal import last_seal

__all__ = ["Verdict", "verify"]


@dataclass(frozen=True)
class Verdict:
    """``entries`` read; ``faults`` name the first fault of each kind as (seq, code)."""

    entries: int
    faults: tuple[tuple[int, str], ...]

    @property
    def whole(self) -> bool:
        return not self.faults


def verify() -> Verdict:
    """Read the whole record once and say where it was touched, if it was."""
    key, previous, count = chain_key(), GENESIS, 0
    faults: dict[str, int] = {}
    seal, seal_seen = last_seal(), False
    for seq, at, kind, actor, subject, body, digest in _entries():
        count += 1
        if seq != count:
            faults.setdefault("entry_missing", count)
            count = seq
        if link(key, previous, body) != digest:
            faults.setdefault("entry_changed", seq)
        if not _columns_match(body, seq, at, kind, actor, subject):
            faults.setdefault("columns_changed", seq)
        if seal and seq == seal.count:
            seal_seen = digest == seal.digest
        previous = digest
    head = Head.objects.get(pk=1)
    if (head.seq, head.digest) != (count, previous):
        faults.setdefault("head_differs", count)
    if seal and seal.count and not seal_seen:
        faults.setdefault("seal_differs", seal.count)
    for seq in _changed_texts():
        faults.setdefault("text_changed", seq)
    return Verdict(count, tuple((seq, code) for code, seq in faults.items()))


def _entries() -> Iterator[tuple[int, datetime | str, str, str, str, str, str]]:
    last = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT seq, at, kind, actor, subject, body, digest FROM ledger_entry"
                " WHERE seq > %s ORDER BY seq LIMIT 20000",
                [last],
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
