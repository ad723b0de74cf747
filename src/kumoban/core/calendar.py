"""Business time: the days and hours in which the organisation works."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

__all__ = ["BusinessCalendar"]


@lru_cache(maxsize=8)
def _national(country: str) -> holidays.HolidayBase:
    return holidays.country_holidays(country)


@dataclass(frozen=True)
class BusinessCalendar:
    """Open ``open_at``–``close_at`` in ``zone`` on every day but weekends, national and company holidays."""

    zone: ZoneInfo
    company_holidays: Mapping[date, str] = field(default_factory=dict)
    open_at: time = time(9)
    close_at: time = time(18)
    country: str = "JP"

    def is_business_day(self, day: date) -> bool:
        return day.weekday() < 5 and day not in self.company_holidays and day not in _national(self.country)

    def next_business_day(self, day: date) -> date:
        """The first business day after ``day``."""
        day += timedelta(days=1)
        while not self.is_business_day(day):
            day += timedelta(days=1)
        return day

    def previous_business_day(self, day: date) -> date:
        """The last business day before ``day``."""
        day -= timedelta(days=1)
        while not self.is_business_day(day):
            day -= timedelta(days=1)
        return day

    def opening(self, day: date) -> datetime:
        return datetime.combine(day, self.open_at, self.zone)

    def closing(self, day: date) -> datetime:
        return datetime.combine(day, self.close_at, self.zone)

    def add_business_time(self, start: datetime, length: timedelta) -> datetime:
        """The instant when ``length`` of business time has passed since ``start``, in UTC. Raises ValueError if naive."""
        if start.tzinfo is None:
            raise ValueError("business time needs an aware datetime")
        left, at = length, start.astimezone(UTC)
        day = start.astimezone(self.zone).date()
        while True:
            if self.is_business_day(day):
                opening, closing = self.opening(day).astimezone(UTC), self.closing(day).astimezone(UTC)
                at = max(at, opening)
                if at + left <= closing:
                    return at + left
                left -= max(closing - at, timedelta())
            day += timedelta(days=1)

    def business_time_between(self, start: datetime, end: datetime) -> timedelta:
        """Business time in [start, end); zero where end is not after start."""
        passed, day = timedelta(), start.astimezone(self.zone).date()
        last = end.astimezone(self.zone).date()
        while day <= last:
            if self.is_business_day(day):
                opening = max(self.opening(day).astimezone(UTC), start.astimezone(UTC))
                closing = min(self.closing(day).astimezone(UTC), end.astimezone(UTC))
                passed += max(closing - opening, timedelta())
            day += timedelta(days=1)
        return passed
