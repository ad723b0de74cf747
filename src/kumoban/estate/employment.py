"""What of the HR department's rows holds on a day: for each person the newest row that has taken effect by then."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings

from kumoban.estate.models import Employment

__all__ = ["day_of", "end_of", "in_force"]


def in_force(people: Iterable[str], day: date) -> dict[str, Employment]:
    """By the person's id. Who has no row is somebody the HR department has said nothing about."""
    rows = Employment.objects.filter(person_id__in=set(people), valid_from__lte=day).order_by("valid_from")
    return {row.person_id: row for row in rows}


def day_of(at: datetime) -> date:
    """The organisation's day at this moment."""
    return at.astimezone(ZoneInfo(settings.KUMOBAN_TIME_ZONE)).date()


def end_of(day: date) -> datetime:
    """The first moment after the organisation's day."""
    return datetime.combine(day + timedelta(days=1), time(), ZoneInfo(settings.KUMOBAN_TIME_ZONE))
