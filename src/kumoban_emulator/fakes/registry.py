"""The register of fakes: a function ``(call, parameters) → answer`` per operation."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from kumoban_emulator.errors import denied
from kumoban_emulator.keys import Principal
from kumoban_emulator.state.world import World
from kumoban_emulator.trail import Trail

__all__ = ["REPLACED", "Call", "Fake", "Params", "fake", "find", "moment", "registered"]

Params = dict[str, Any]

#: services of which moto answers nothing; a missing operation is a clean 501
REPLACED = frozenset({"sso-admin", "identitystore", "organizations", "sts", "sso", "account-access", "guardduty"})


@dataclass
class Call:
    """One call on its way: who, when, and the only chance a fake may use."""

    world: World
    service: str
    operation: str
    region: str
    wall: float
    now: float
    chance: random.Random
    request_id: str
    trail: Trail
    caller: Principal | None = None

    @property
    def principal(self) -> Principal:
        if self.caller is None:
            raise denied("The request is not signed.")
        return self.caller

    @property
    def account(self) -> str:
        return self.principal.account


Fake = Callable[[Call, Params], Params]
_fakes: dict[tuple[str, str], Fake] = {}


def fake(service: str, *operations: str) -> Callable[[Fake], Fake]:
    """Register a function for one or several operations of a service."""

    def register(function: Fake) -> Fake:
        for operation in operations:
            if (service, operation) in _fakes:
                raise ValueError(f"{service}.{operation} has two fakes")
            _fakes[service, operation] = function
        return function

    return register


def find(service: str, operation: str) -> Fake | None:
    return _fakes.get((service, operation))


def registered() -> dict[tuple[str, str], Fake]:
    return dict(_fakes)


def moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(round(seconds, 3), UTC)
