"""Fault rules: what is to go wrong, for which calls, how often.

Kinds: ``throttle``, ``error``, ``first_n`` and ``token_bucket`` answer an error instead of the call; ``latency``
waits before it; ``timeout_after_accept`` performs the call, then answers too late (``seconds``) or not at all (the
connection is cut); ``unknown_fields`` adds members that no model knows.
"""

from __future__ import annotations

import itertools
import json
import random
import threading
import time
from dataclasses import asdict, dataclass
from typing import Any

from kumoban_emulator.errors import AwsError
from kumoban_emulator.limits import Bucket
from kumoban_emulator.wire import Answer

__all__ = ["Fault", "Faults", "Target"]

_ERRORS = ("throttle", "error", "first_n", "token_bucket")
_KINDS = (*_ERRORS, "latency", "timeout_after_accept", "unknown_fields")

#: how each service says "slow down"; others say ThrottlingException with status 400
_THROTTLES = {
    "ec2": ("RequestLimitExceeded", 503),
    "organizations": ("TooManyRequestsException", 400),
    "route53": ("Throttling", 400),
    "s3": ("SlowDown", 503),
    "lambda": ("TooManyRequestsException", 429),
    "sso": ("TooManyRequestsException", 429),
    "sts": ("Throttling", 400),
    "iam": ("Throttling", 400),
}


@dataclass(frozen=True)
class Target:
    """The call a rule may strike."""

    service: str
    operation: str
    account: str
    body: bytes = b""


@dataclass
class Fault:
    """``*`` or empty matches everything; ``times`` None means until it is deleted.

    ``account`` is the caller's account, or one that the request names.
    """

    id: str
    kind: str
    service: str = "*"
    operation: str = "*"
    account: str = "*"
    times: int | None = None
    probability: float = 1.0
    seconds: float | None = None
    code: str = ""
    message: str = ""
    status: int | None = None
    rate: float = 1.0
    burst: float = 1.0
    hits: int = 0

    def matches(self, target: Target) -> bool:
        if self.service not in ("", "*", target.service) or self.operation not in ("", "*", target.operation):
            return False
        return self.account in ("", "*", target.account) or self.account.encode() in target.body


class Faults:
    def __init__(self) -> None:
        self._rules: dict[str, Fault] = {}
        self._buckets: dict[str, Bucket] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def add(self, **rule: Any) -> Fault:
        """Raises ValueError for an unknown kind, TypeError for an unknown field."""
        if rule.get("kind") not in _KINDS:
            raise ValueError(f"kind must be one of {', '.join(_KINDS)}")
        if rule["kind"] == "first_n" and rule.get("times") is None:
            raise ValueError("first_n needs times")
        with self._lock:
            fault = Fault(f"fault-{next(self._numbers)}", **rule)
            self._rules[fault.id] = fault
            self._buckets[fault.id] = Bucket(fault.rate, fault.burst)
        return fault

    def remove(self, identifier: str | None = None) -> None:
        with self._lock:
            for name in [identifier] if identifier else list(self._rules):
                self._rules.pop(name, None)
                self._buckets.pop(name, None)

    def report(self) -> list[dict[str, Any]]:
        with self._lock:
            return [asdict(fault) for fault in self._rules.values()]

    def before(self, target: Target) -> None:
        """Wait or refuse, as the rules say. Raises AwsError."""
        for fault in self._due(target, (*_ERRORS, "latency")):
            if fault.kind == "latency":
                time.sleep(fault.seconds or 1.0)
            else:
                raise _error(fault, target.service)

    def after(self, target: Target, answer: Answer) -> Answer:
        """Spoil the answer of a call that was performed."""
        for fault in self._due(target, ("timeout_after_accept", "unknown_fields")):
            if fault.kind == "unknown_fields":
                answer = _with_unknown_fields(answer)
            elif fault.seconds:
                time.sleep(fault.seconds)
            else:
                answer.cut = True
        return answer

    def _due(self, target: Target, kinds: tuple[str, ...]) -> list[Fault]:
        if not self._rules:
            return []
        with self._lock:
            found = [rule for rule in self._rules.values() if rule.kind in kinds and rule.matches(target)]
            due = [rule for rule in found if self._strikes(rule)]
            for rule in due:
                self._spend(rule)
        return due

    def _strikes(self, rule: Fault) -> bool:
        if rule.kind == "token_bucket":
            return not self._buckets[rule.id].take()
        return rule.probability >= 1 or random.random() < rule.probability  # noqa: S311

    def _spend(self, rule: Fault) -> None:
        rule.hits += 1
        if rule.times is not None:
            rule.times -= 1
            if rule.times <= 0:
                del self._rules[rule.id]


def _error(fault: Fault, service: str) -> AwsError:
    if fault.code:
        return AwsError(fault.code, fault.message or "Injected by the emulator", fault.status)
    if fault.kind == "error":
        return AwsError("InternalFailure", fault.message or "Injected by the emulator", fault.status or 500)
    code, status = _THROTTLES.get(service, ("ThrottlingException", 400))
    return AwsError(code, fault.message or "Rate exceeded", fault.status or status)


def _with_unknown_fields(answer: Answer) -> Answer:
    """Members a future AWS might add, at the top and in every structure below."""
    try:
        body = json.loads(answer.body)
    except ValueError:
        return answer
    answer.body = json.dumps(_stranger(body), ensure_ascii=False).encode()
    return answer


def _stranger(value: Any) -> Any:
    if isinstance(value, dict):
        known = {key: _stranger(item) for key, item in value.items()}
        return {**known, "EmulatorUnknownField": {"Since": 4102444800.5, "Values": ["unknown"]}}
    return [_stranger(item) for item in value] if isinstance(value, list) else value
