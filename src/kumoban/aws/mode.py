"""Whether this installation may change AWS at all. Everybody asks here; the door keeps it."""

from __future__ import annotations

from django.conf import settings

__all__ = ["observing"]


def observing() -> bool:
    """観察モード: the desk reads, plans and previews; nothing that changes AWS can be built."""
    return bool(settings.KUMOBAN_MODE == "observe")
