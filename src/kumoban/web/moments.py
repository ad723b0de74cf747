"""Instants as forms carry them: a local date and time in the reader's zone."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone
from django.utils.dateparse import parse_datetime

__all__ = ["aware"]


def aware(text: str) -> datetime | str:
    """The instant a ``datetime-local`` field means to its reader; what is not understood stays as it was typed."""
    try:
        found = parse_datetime(text.strip())
    except ValueError:
        return text
    if found is None:
        return text
    return found if found.tzinfo else found.replace(tzinfo=timezone.get_current_timezone())
