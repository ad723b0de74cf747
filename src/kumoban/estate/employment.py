"""What of the HR department's rows holds on a day: for each person the newest row that has taken effect by then."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings

from kumoban.estate.models import Employment

__all__ = ["day_of", "end_of", "in_force"]


def in_force(people: Iterable[str] | None, day: date) -> dict[str, Employment]:
    """By the person's id; None: everybody. Who has no row is somebody the HR department has said nothing about."""
    rows = Employment.objects.filter(valid_from__lte=day).order_by("valid_from")
    if people is not None:
        rows = rows.filter(person_id__in=set(people))
    return {row.person_id: row for row in rows}


def day_of(at: datetime) -> date:
    """The organisation's day at this moment."""
    return at.astimezone(ZoneInfo(settings.KUMOBAN_TIME_ZONE)).date()


def end_of(day: date) -> datetime:
    """The first moment after the organisation's day."""
    return datetime.combine(day + timedelta(days=1), time(), ZoneInfo(settings.KUMOBAN_TIME_ZONE))
