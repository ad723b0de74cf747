"""What an approval signs: the bytes of what was decided about, and nothing that may change without a decision.

Not signed: names, wording, warnings, times seen, whether a thing is already there. So a rename never voids
an approval, while a permission set edited from read-only to administrator always does.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import rfc8785

from kumoban.core.plan import Plan, PlannedStep

__all__ = ["FORMAT", "Decided", "canonical", "differences", "digest", "number", "signed_bytes"]

#: the newest format of signed bytes; a plan is compared in the format it was signed in
FORMAT = 1


@dataclass(frozen=True)
class Decided:
    """The facts beside the plan that an approver decides about."""

    request: str
    requester: str
    workers: Sequence[str]
    handover: str
    reason: str
    extra: Mapping[str, str]
    emergency: bool = False
    #: the machine identity that asked; empty: a person
    machine: str = ""


def canonical(value: Mapping[str, Any]) -> bytes:
    """RFC 8785 JSON with every string in NFC."""
    return rfc8785.dumps(_nfc(value))


def signed_bytes(plan: Plan, decided: Decided, format_version: int = FORMAT) -> bytes:
    """The bytes one approval stands for. Raises ValueError for a format this version does not know."""
    if format_version != 1:
        raise ValueError(f"unknown signing format {format_version}")
    return canonical(
        {
            "format": str(format_version),
            "request": decided.request,
            "requester": decided.requester,
            "workers": sorted(decided.workers),
            "handover": decided.handover,
            "reason": decided.reason,
            "extra": dict(decided.extra),
            **({"emergency": "approved afterwards"} if decided.emergency else {}),
            **({"machine": decided.machine} if decided.machine else {}),
            "window": plan.window.stored() if plan.window else None,
            "steps": [
                {
                    "action": step.action,
                    "account": step.account,
                    "thing": step.thing,
                    "person": step.person,
                    "params": dict(step.params),
                    "power": dict(step.power),
                    "irreversible": step.irreversible,
                    **({"terms": dict(step.terms)} if step.terms else {}),
                    **({"after": [str(at) for at in step.after]} if step.after else {}),
                    **({"takes": _taken(step)} if step.takes else {}),
                }
                for step in plan.steps
            ],
        }
    )


def _taken(step: PlannedStep) -> dict[str, str]:
    return {name: f"{position}.{what}" for name, (position, what) in step.takes.items()}


def digest(signed: bytes) -> str:
    return hashlib.sha256(signed).hexdigest()


def number(digest_hex: str) -> str:
    """The short plan number people read out to each other: ``9F3C-A1``."""
    return f"{digest_hex[:4]}-{digest_hex[4:6]}".upper()


@dataclass(frozen=True)
class Difference:
    """One signed value that differs: where it stands, what it was, what it is."""

    where: str
    before: str | None
    after: str | None


def differences(before: bytes, after: bytes) -> list[Difference]:
    """What differs between two signed plans, by path, for the page that compares them."""
    stated, restated = json.loads(before), json.loads(after)
    old, new = _flat(stated), _flat(restated)
    found = [
        Difference(path, old.get(path), new.get(path)) for path in sorted(old | new) if old.get(path) != new.get(path)
    ]
    if not found and stated != restated:  # the same steps, one after the other in another way
        found.append(Difference("steps", _order(stated), _order(restated)))
    return found


def _order(plan: Any) -> str:
    return " → ".join(str(step["thing"] or step["action"]) for step in plan["steps"])


def _flat(value: Any, path: str = "") -> dict[str, str]:
    if isinstance(value, dict):
        return {
            k: v for name, item in value.items() for k, v in _flat(item, f"{path}.{name}" if path else name).items()
        }
    if isinstance(value, list):
        named = (
            (item.get("thing") or index if isinstance(item, dict) else index, item) for index, item in enumerate(value)
        )
        return {k: v for name, item in named for k, v in _flat(item, f"{path}[{name}]").items()}
    return {} if value is None else {path: str(value)}


def _nfc(value: Any) -> Any:
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, Mapping):
        return {_nfc(key): _nfc(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_nfc(item) for item in value]
    return value
