"""Writing to the record: one context for every transaction that changes anything.

    with writing():
        ...                                   # change rows
        record("request.approved", actor=..., subject="R-12", facts={...}, texts={"comment": "..."})

Entries are collected and appended when the outermost ``writing`` is about to commit, so that the chain's
head is the last row the transaction locks.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import rfc8785
from django.db import connection, transaction

from kumoban.ledger.chain import chain_key, link
from kumoban.ledger.clock import database_now
from kumoban.ledger.models import Entry, EntryText, Head

__all__ = ["BODY_LIMIT", "SYSTEM", "erase_texts", "record", "text_digest", "writing"]

#: an entry's body may hold this many bytes
BODY_LIMIT = 8192
#: the actor of what the desk does by itself
SYSTEM = "desk"


@dataclass(frozen=True)
class _Fact:
    kind: str
    actor: str
    subject: str
    facts: Mapping[str, Any]
    texts: Mapping[str, str]


class _Pending(threading.local):
    facts: list[_Fact] | None = None


_pending = _Pending()
# SQLite has one writer: queueing here instead of on its file lock keeps the wait fair (measured: docs/decisions).
_one_writer = threading.RLock()


@contextmanager
def writing() -> Iterator[None]:
    """A transaction whose records are chained last. Nested use joins the outer one."""
    if _pending.facts is not None:
        yield
        return
    lock = _one_writer if connection.vendor == "sqlite" else _no_lock
    with lock, transaction.atomic():
        _pending.facts = []
        try:
            yield
            _append(_pending.facts)
        finally:
            _pending.facts = None


def record(
    kind: str,
    *,
    actor: str,
    subject: str,
    facts: Mapping[str, Any] | None = None,
    texts: Mapping[str, str] | None = None,
) -> None:
    """Remember one fact in the transaction under way. ``facts`` are ids and codes; names and prose go to ``texts``."""
    if _pending.facts is None:
        raise RuntimeError("record() outside of writing()")
    _pending.facts.append(_Fact(kind, actor, subject, facts or {}, texts or {}))


def erase_texts(entries: list[int], *, actor: str, reason: str) -> int:
    """Erase the names and prose of entries (a person's right); the chain keeps proving everything else."""
    with writing():
        erased = EntryText.objects.filter(entry_id__in=entries, erased_at=None).update(
            text=None, salt=None, erased_at=database_now()
        )
        record(
            "ledger.texts_erased",
            actor=actor,
            subject="ledger",
            facts={"entries": entries[:200], "reason": reason},
        )
    return erased


def _append(facts: list[_Fact]) -> None:
    if not facts:
        return
    key, now = chain_key(), database_now()
    head = Head.objects.select_for_update().get(pk=1)
    entries: list[Entry] = []
    texts: list[EntryText] = []
    for fact in facts:
        head.seq += 1
        salted = {name: (secrets.token_hex(16), text) for name, text in fact.texts.items()}
        body = _body(head.seq, now, fact, salted)
        head.digest = link(key, head.digest, body)
        entries.append(
            Entry(
                seq=head.seq,
                at=now,
                kind=fact.kind,
                actor=fact.actor,
                subject=fact.subject,
                body=body,
                digest=head.digest,
            )
        )
        texts += [
            EntryText(entry_id=head.seq, name=name, salt=salt, text=text) for name, (salt, text) in salted.items()
        ]
    Entry.objects.bulk_create(entries)
    if texts:
        EntryText.objects.bulk_create(texts)
    head.save(update_fields=["seq", "digest"])


def _body(seq: int, now: datetime, fact: _Fact, salted: Mapping[str, tuple[str, str]]) -> str:
    body = rfc8785.dumps(
        {
            "seq": seq,
            "at": now.isoformat(),
            "kind": fact.kind,
            "actor": fact.actor,
            "subject": fact.subject,
            "facts": _plain(fact.facts),
            "texts": {name: text_digest(salt, text) for name, (salt, text) in salted.items()},
        }
    )
    if len(body) > BODY_LIMIT:
        raise ValueError(f"ledger entry {fact.kind} is larger than {BODY_LIMIT} bytes")
    return body.decode()


def text_digest(salt: str, text: str) -> str:
    return hashlib.sha256(f"{salt}{text}".encode()).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return value if isinstance(value, str | int | bool | None) else str(value)


_no_lock = nullcontext()
