"""Whose an access key is. moto takes any key for its default account's; here an unknown key is nobody's."""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from dataclasses import dataclass, field

from kumoban_emulator.roles import Role

__all__ = ["Key", "KeyTable", "Principal"]


@dataclass(frozen=True)
class Principal:
    """Who calls. ``role`` is kept alive by its sessions, as AWS lets issued credentials work until they expire."""

    account: str
    arn: str
    principal_id: str
    user_name: str = ""
    role: Role | None = field(default=None, compare=False, repr=False)
    session_name: str = ""
    #: the Identity Center user behind a reserved role's session
    on_behalf_of: str = ""
    #: wall time at which the session began
    since: float = 0.0
    #: policy document that narrows the session further (AssumeRole's Policy)
    session_policy: str = ""

    @property
    def is_session(self) -> bool:
        return self.role is not None


@dataclass(frozen=True)
class Key:
    access_key: str
    secret: str = field(repr=False)
    principal: Principal
    token: str = field(default="", repr=False)
    #: emulated time; None for long-lived keys
    expires: float | None = None

    def has_token(self, presented: str) -> bool:
        return hmac.compare_digest(self.token, presented)


class KeyTable:
    """Every key that was ever issued and has not long expired."""

    def __init__(self) -> None:
        self._keys: dict[str, Key] = {}

    def add(self, key: Key) -> Key:
        self._keys[key.access_key] = key
        return key

    def find(self, access_key: str) -> Key | None:
        return self._keys.get(access_key)

    def forget_expired(self, before: float) -> None:
        """Drop what expired before an emulated time; such keys are then unknown, as on AWS after a while."""
        gone = [name for name, key in self._keys.items() if key.expires is not None and key.expires < before]
        for name in gone:
            del self._keys[name]

    def __iter__(self) -> Iterator[Key]:
        return iter(tuple(self._keys.values()))

    def __len__(self) -> int:
        return len(self._keys)
