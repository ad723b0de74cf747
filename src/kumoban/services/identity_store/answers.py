"""What the identity store answers, as the actions use it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kumoban.aws.errors import NotFound
from kumoban.core.action import Presence, Seen, Started

__all__ = ["accepted", "gone", "revision"]


def accepted(answer: Mapping[str, Any]) -> Started:
    """Every call is done when it is answered."""
    return Started(None, str(answer.get("ResponseMetadata", {}).get("RequestId", "")))


def revision(described: Mapping[str, Any]) -> dict[str, str]:
    """For an update to be refused where it is not the one just read any more; older endpoints answer none."""
    return {"Revision": described["Revision"]} if described.get("Revision") else {}


def gone(error: NotFound, by: str) -> Seen:
    return Seen(Presence.TARGET_GONE, {"by": by, "code": error.code, "request_id": error.aws_request_id})
