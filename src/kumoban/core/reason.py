"""Text is codes: what the desk has to say, to be rendered in the reader's language by a face."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Reason", "Refused"]


@dataclass(frozen=True)
class Reason:
    """One thing to tell a person: a stable ``code`` and the values its sentence needs."""

    code: str
    params: Mapping[str, str | int] = field(default_factory=dict)

    def stored(self) -> dict[str, Any]:
        return {"code": self.code, "params": dict(self.params)}

    @classmethod
    def from_stored(cls, stored: Mapping[str, Any]) -> Reason:
        return cls(str(stored["code"]), dict(stored.get("params", {})))


class Refused(Exception):
    """The desk will not do this; every reason says what was wrong and what to do.

    ``attempt`` marks an attempt on authority, which the ledger remembers.
    """

    def __init__(self, *reasons: Reason, field: str | None = None, attempt: bool = False) -> None:
        super().__init__(", ".join(reason.code for reason in reasons))
        self.reasons = reasons
        self.field = field
        self.attempt = attempt
