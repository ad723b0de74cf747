"""Counts of the calls that came, by service, operation and account, and what became of them."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from typing import Any

__all__ = ["CallCounts"]


class CallCounts:
    def __init__(self) -> None:
        self._counts: defaultdict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
        self._lock = threading.Lock()

    def add(self, service: str, operation: str, account: str, outcome: str) -> None:
        """``outcome`` is ``ok`` or an error code."""
        with self._lock:
            self._counts[service, operation, account][outcome] += 1

    def report(self) -> dict[str, Any]:
        with self._lock:
            lines = [
                {
                    "service": service,
                    "operation": operation,
                    "account": account,
                    "count": sum(outcomes.values()),
                    "outcomes": dict(outcomes),
                }
                for (service, operation, account), outcomes in sorted(self._counts.items())
            ]
        return {"total": sum(line["count"] for line in lines), "calls": lines}

    def clear(self) -> None:
        with self._lock:
            self._counts.clear()
