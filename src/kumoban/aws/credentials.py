"""The role chain: base identity → reader or operator role → (where needed) a role in a member account."""

from __future__ import annotations

import threading
from collections import OrderedDict
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.credentials import Credentials, ReadOnlyCredentials

__all__ = ["CallCredentials", "SessionKey", "SessionPool", "current"]

#: the credentials of the call being signed on this thread
current: ContextVar[ReadOnlyCredentials] = ContextVar("current")


class CallCredentials(Credentials):
    """Credentials of a shared client: each call signs with those of its own role session."""

    def __init__(self) -> None:
        super().__init__("per-call", "per-call")

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        return current.get()


@dataclass(frozen=True)
class SessionKey:
    """A role's session; ``through`` is the session that assumes it, where it is not the machine's own identity."""

    role_arn: str
    session_name: str
    through: SessionKey | None = None


class SessionPool:
    """Assumed-role credentials, kept until five minutes before they expire; the least recently used fall out."""

    def __init__(self, sts: Any, external_id: str = "", size: int = 256) -> None:
        self._sts = sts
        self._more = {"ExternalId": external_id} if external_id else {}
        self._size = size
        self._kept: OrderedDict[SessionKey, tuple[ReadOnlyCredentials, datetime]] = OrderedDict()
        self._lock = threading.Lock()

    def credentials(self, key: SessionKey, sts: Any = None) -> ReadOnlyCredentials:
        """``sts``: a client that signs as the session this one is assumed through."""
        with self._lock:
            kept = self._kept.get(key)
            if kept and kept[1] > datetime.now(UTC) + timedelta(minutes=5):
                self._kept.move_to_end(key)
                return kept[0]
        named = {"RoleArn": key.role_arn, "RoleSessionName": key.session_name, **self._more}
        answer = (sts or self._sts).assume_role(**named)["Credentials"]
        frozen = ReadOnlyCredentials(answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"])
        with self._lock:
            self._kept[key] = (frozen, answer["Expiration"])
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)
        return frozen

    def drop(self) -> None:
        with self._lock:
            self._kept.clear()
