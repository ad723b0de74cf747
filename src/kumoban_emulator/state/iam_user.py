"""IAM users that were there before anybody called IAM: shown in moto the first time somebody does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["IamUser", "UserKey"]


@dataclass(frozen=True)
class UserKey:
    """A long-lived access key; ``last_used`` None: never."""

    id: str
    secret: str
    created: float
    status: str = "Active"
    last_used: float | None = None
    service: str = "s3"


@dataclass(frozen=True)
class IamUser:
    account: str
    name: str
    user_id: str
    created: float
    console: bool = False
    mfa: bool = False
    signed_in: float | None = None
    keys: Sequence[UserKey] = ()
    managed: Sequence[str] = ()
