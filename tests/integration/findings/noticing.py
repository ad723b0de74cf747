"""A finding as a watch would have opened it."""

from __future__ import annotations

from typing import Any

from kumoban.core.reason import Reason
from kumoban.findings.models import Finding
from kumoban.ledger.clock import database_now

__all__ = ["opened"]


def opened(key: str = "a", **changed: Any) -> Finding:
    now = database_now()
    values: dict[str, Any] = {
        "watch": "drift",
        "key": key,
        "title": Reason("drift_before", {"account": "payments-prod", "n": 2}).stored(),
        "severity": 2,
        "team": "payments",
        "account": "410122300001",
        "first_seen_at": now,
        "last_seen_at": now,
    }
    return Finding.objects.create(**{**values, **changed})
