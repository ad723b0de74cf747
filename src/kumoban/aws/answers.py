"""What AWS answers, as an action tells it to the desk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kumoban.aws.errors import NotFound
from kumoban.core.action import Presence, Seen, Started

__all__ = ["accepted", "gone"]


def accepted(answer: Mapping[str, Any], operation: str | None = None) -> Started:
    """``operation``: what AWS calls the work still going on; None where the call was done when it was answered."""
    return Started(operation, str(answer.get("ResponseMetadata", {}).get("RequestId", "")))


def gone(error: NotFound, by: str) -> Seen:
    """What the action works on is not there, by its id; ``by`` is the call that said so."""
    return Seen(Presence.TARGET_GONE, {"by": by, "code": error.code, "request_id": error.aws_request_id})
