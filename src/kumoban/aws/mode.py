"""What kind of installation this is, as far as AWS goes. Everybody asks here; the door keeps it."""

from __future__ import annotations

from django.conf import settings

__all__ = ["observing", "practising"]


def observing() -> bool:
    """観察モード: the desk reads, plans and previews; nothing that changes AWS can be built."""
    return bool(settings.KUMOBAN_MODE == "observe")


def practising() -> bool:
    """練習環境: what is done here is done on the emulator, so all of it is practice."""
    return bool(settings.KUMOBAN_AWS_ENDPOINT_URL)
