"""The sealed head: count and digest of the chain written to a second place, so that a cut tail shows."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from django.conf import settings

from kumoban.ledger.clock import database_now
from kumoban.ledger.models import Entry, Head
from kumoban.ledger.record import SYSTEM, record, writing

__all__ = ["Seal", "WentBack", "accept", "last_seal", "seal_head", "seals", "went_back"]


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


def went_back() -> bool:
    """Whether the chain lacks what was sealed last: an older backup was restored, or the tail was cut."""
    seal = last_seal()
    if seal is None or not seal.count:
        return False
    return not Entry.objects.filter(seq=seal.count, digest=seal.digest).exists()


def accept(reason: str) -> Path:
    """Go on from the chain as it is; the seals of what was lost are set aside as evidence. Where they are now.

    Raises ValueError where the chain has not gone back.
    """
    lost = last_seal()
    if lost is None or not went_back():
        raise ValueError("the chain contains what was sealed")
    with writing():
        facts = {"sealed": lost.count, "digest": lost.digest, "sealed_at": lost.at}
        record("ledger.went_back", actor=SYSTEM, subject="ledger", facts=facts, texts={"reason": reason})
    path = Path(settings.KUMOBAN_LEDGER_SEAL_FILE)
    aside = path.with_name(f"{path.name}.lost-{lost.count}-{database_now():%Y%m%dT%H%M%S}")
    path.rename(aside)
    seal_head()
    return aside


#: bytes from the end that hold a whole line for sure
_TAIL = 4096


def last_seal() -> Seal | None:
    """The newest, without reading the whole file."""
    path = Path(settings.KUMOBAN_LEDGER_SEAL_FILE)
    if not path.exists():
        return None
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - _TAIL, 0))
        lines = file.read().decode("utf-8", errors="replace").splitlines()
    whole = [line for line in lines if line.startswith("{") and line.endswith("}")]
    return Seal(**json.loads(whole[-1])) if whole else None


def seals() -> list[Seal]:
    """All that were written, in order; a line cut off in the middle is left out."""
    path = Path(settings.KUMOBAN_LEDGER_SEAL_FILE)
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines()
    return [Seal(**json.loads(line)) for line in lines if line.endswith("}")]
