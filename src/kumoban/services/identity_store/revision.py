"""The revision of what the identity store described, for the update that follows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["revision"]


def revision(described: Mapping[str, Any]) -> dict[str, str]:
    """For an update to be refused where it is not the one just read any more; older endpoints answer none."""
    return {"Revision": described["Revision"]} if described.get("Revision") else {}
