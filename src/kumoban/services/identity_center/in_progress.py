"""Which assignment operations AWS lists as under way: one list call answers everybody who asks within 0.3 s.

Ten operations may be under way at once; asked one by one they would cost a third of all requests AWS allows.
Source: sso-admin API reference, ListAccountAssignmentCreationStatus and ListAccountAssignmentDeletionStatus.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kumoban.aws.door import pages
from kumoban.core.action import Caller

__all__ = ["InProgress", "listed"]

#: seconds for which a listing answers for others too
FRESH = 0.3


def listed(aws: Caller, instance: str, kind: str) -> list[dict[str, Any]]:
    """What AWS lists now as IN_PROGRESS; ``kind`` is creation or deletion. Raises AwsError."""
    key = f"AccountAssignments{kind.capitalize()}Status"
    of: Mapping[str, Any] = {"InstanceArn": instance, "Filter": {"Status": "IN_PROGRESS"}}
    return list(pages(aws, "sso-admin", f"list_account_assignment_{kind}_status", key, **of))


@dataclass
class _Listing:
    lock: threading.Lock = field(default_factory=threading.Lock)
    at: float = float("-inf")
    ids: frozenset[str] = frozenset()


class InProgress:
    """The listings of this process, by instance and kind."""

    def __init__(self) -> None:
        self._listings: dict[tuple[str, str], _Listing] = {}
        self._lock = threading.Lock()

    def has(self, aws: Caller, instance: str, kind: str, operation: str) -> bool:
        """Whether the operation was under way at most ``FRESH`` seconds ago. Raises AwsError."""
        with self._lock:
            listing = self._listings.setdefault((instance, kind), _Listing())
        with listing.lock:
            if time.monotonic() - listing.at > FRESH:
                asked = time.monotonic()
                listing.ids = frozenset(status["RequestId"] for status in listed(aws, instance, kind))
                listing.at = asked
            return operation in listing.ids
