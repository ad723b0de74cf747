"""The sealed head: count and digest of the chain written to a second place, so that a cut tail shows."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from django.conf import settings

from kumoban.ledger.clock import database_now
from kumoban.ledger.models import Entry, Head

__all__ = ["Seal", "WentBack", "seal_head", "seals"]


@dataclass(frozen=True)
class Seal:
    """At ``at`` (UTC, ISO) the chain had ``count`` entries, the last with ``digest``."""

    at: str
    count: int
    digest: str


class WentBack(Exception):
    """The chain no longer contains what was sealed; nothing is sealed over that."""


def seal_head() -> Seal:
    """Append the head to the seal file, unless it has not moved since the last seal. Raises WentBack."""
    head = Head.objects.get(pk=1)
    seal = Seal(database_now().isoformat(), head.seq, head.digest)
    highest = max(seals(), key=lambda before: before.count, default=None)
    if highest is not None:
        if (highest.count, highest.digest) == (seal.count, seal.digest):
            return highest
        if highest.count and not Entry.objects.filter(seq=highest.count, digest=highest.digest).exists():
            raise WentBack(f"the chain no longer contains entry {highest.count} as it was sealed at {highest.at}")
    path = Path(settings.KUMOBAN_LEDGER_SEAL_FILE)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(seal)) + "\n")
    return seal


def seals() -> list[Seal]:
    """All that were written, in order; a line cut off in the middle is left out."""
    path = Path(settings.KUMOBAN_LEDGER_SEAL_FILE)
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines()
    return [Seal(**json.loads(line)) for line in lines if line.endswith("}")]
