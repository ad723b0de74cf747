"""What this browser asked of an identity provider, kept in its session; each answer counts once."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

__all__ = ["Asked", "keep", "prove", "proved_at", "take"]

_KEY = "sign_in_asked"
_PROVED = "proved_at"
#: somebody may look for their second factor that long
_SECONDS = 1800
#: tabs that may be signing in at the same time
_MOST = 8


@dataclass(frozen=True)
class Asked:
    """One question to the identity provider; ``key`` comes back in its answer (state, InResponseTo)."""

    method: str
    key: str
    next: str = "/"
    #: seconds since 1970
    at: float = 0.0
    #: the person is signed in, and shows once more that it is them
    again: bool = False
    nonce: str = ""
    verifier: str = ""


def keep(session: Any, asked: Asked) -> None:
    now = time.time()
    kept = [one for one in session.get(_KEY, []) if one["at"] > now - _SECONDS]
    session[_KEY] = [*kept[1 - _MOST :], asdict(asked)]


def take(session: Any, method: str, key: str) -> Asked | None:
    """What was asked with this key, once: who comes again with the same answer finds nothing."""
    kept = [Asked(**one) for one in session.get(_KEY, [])]
    found = next((one for one in kept if (one.method, one.key) == (method, key)), None)
    if found is None:
        return None
    session[_KEY] = [asdict(one) for one in kept if one != found]
    return found if found.at > time.time() - _SECONDS else None


def prove(session: Any, at: float | None) -> None:
    """When the person authenticated, as the provider told; never later than now. Not told is not known."""
    session[_PROVED] = None if at is None else min(at, time.time())


def proved_at(session: Any) -> datetime | None:
    at = session.get(_PROVED)
    return None if at is None else datetime.fromtimestamp(at, UTC)
