"""Months and hours of the organisation's zone, and the instants they begin."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

__all__ = ["SETTLED_AFTER", "bounds", "following", "hour_of", "is_month", "month_of", "trail_days"]

#: CloudTrail promises nothing; what is later than this after a month's end is an exception that is shown as such
SETTLED_AFTER = timedelta(hours=24)


def is_month(text: str) -> bool:
    try:
        return len(text) == 7 and bool(date.fromisoformat(f"{text}-01"))
    except ValueError:
        return False


def month_of(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m}"


def hour_of(at: datetime, zone: ZoneInfo) -> datetime:
    """The instant at which the hour of that zone began; no hour lies in two months."""
    local = at.astimezone(zone)
    return (local - timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)).astimezone(
        UTC
    )


def bounds(month: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """[beginning, end) of ``YYYY-MM``."""
    first = date.fromisoformat(f"{month}-01")
    after = date.fromisoformat(f"{following(month)}-01")
    return datetime(first.year, first.month, 1, tzinfo=zone), datetime(after.year, after.month, 1, tzinfo=zone)


def following(month: str) -> str:
    year, number = int(month[:4]), int(month[5:])
    return f"{year + number // 12:04}-{number % 12 + 1:02}"


def trail_days(month: str, zone: ZoneInfo, until: datetime) -> list[date]:
    """The whole UTC days under which the month's events were delivered, as far as they are over at ``until``."""
    first, end = bounds(month, zone)
    last = min(end, until).astimezone(UTC) - timedelta(seconds=1)
    days = (last.date() - first.astimezone(UTC).date()).days
    found = [first.astimezone(UTC).date() + timedelta(days=n) for n in range(max(days + 1, 0))]
    return [day for day in found if datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1) <= until]
