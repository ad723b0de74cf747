"""Numbers as addresses and forms carry them."""

from __future__ import annotations

__all__ = ["whole"]

#: every database holds so many digits
_DIGITS = 18


def whole(text: str | None) -> int | None:
    """The whole number somebody typed; None where it is none, or none that a database holds."""
    return int(text) if text and text.isdecimal() and len(text) <= _DIGITS else None
