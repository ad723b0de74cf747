"""The sealed head: count and digest of the chain written to a second place, so that a cut tail shows."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from django.conf import settings

from kumoban.ledger.clock import database_now
from kumoban.ledger.models import Head

__all__ = ["Seal", "last_seal", "seal_head"]


@dataclass(frozen=True)
class Seal:
    """At ``at`` (UTC, ISO) the chain had ``count`` entries, the last with ``digest``."""

    at: str
    count: int
    digest: str


def seal_head() -> Seal:
    """Append the head to the seal file, unless it has not moved since the last seal."""
    head = Head.objects.get(pk=1)
    seal = Seal(database_now().isoformat(), head.seq, head.digest)
    before = last_seal()
    if before and (before.count, before.digest) == (seal.count, seal.digest):
        return before
    path = Path(settings.KUMOBAN_LEDGER_SEAL_FILE)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(seal)) + "\n")
    return seal


def last_seal() -> Seal | None:
    path = Path(settings.KUMOBAN_LEDGER_SEAL_FILE)
    if not path.exists():
        return None
    lines = path.read_text(encoding="utf-8").splitlines()
    return next((Seal(**json.loads(line)) for line in reversed(lines) if line.endswith("}")), None)
