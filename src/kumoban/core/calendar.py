"""Business time: the days and hours in which the organisation works."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

__all__ = ["BusinessCalendar"]

_DAY = timedelta(days=1)
#: no organisation is closed for longer; a calendar that is has a mistake in its company holidays
_LONGEST_CLOSING = 366


@lru_cache(maxsize=256)
def _national(country: str, year: int) -> frozenset[date]:
    """The national holidays of one year.

    By year, because the library's object fills itself while it is read, which threads must not share.
    """
    return frozenset(holidays.country_holidays(country, years=year, expand=False))


@dataclass(frozen=True)
class BusinessCalendar:
    """Open ``open_at``–``close_at`` in ``zone`` on every day but weekends, national and company holidays.

    Days are dates of ``zone``; instants are aware datetimes, and a naive one raises ValueError.
    """

    zone: ZoneInfo
    company_holidays: Mapping[date, str] = field(default_factory=dict)
    open_at: time = time(9)
    close_at: time = time(18)
    country: str = "JP"

    def __post_init__(self) -> None:
        if self.open_at >= self.close_at:
            raise ValueError("an office opens before it closes, on the same day")

    def is_business_day(self, day: date) -> bool:
        return day.weekday() < 5 and day not in self.company_holidays and day not in _national(self.country, day.year)

    def next_business_day(self, day: date) -> date:
        """The first business day after ``day``."""
        return next(self._business_days(day + _DAY, _DAY))

    def previous_business_day(self, day: date) -> date:
        """The last business day before ``day``."""
        return next(self._business_days(day - _DAY, -_DAY))

    def nth_business_day(self, year: int, month: int, nth: int) -> date:
        """The ``nth`` business day of a month from 1; from its end with -1 (the last), -2, …"""
        first = date(year, month, 1)
        following = (first + timedelta(days=31)).replace(day=1)
        days = [first + offset * _DAY for offset in range((following - first).days)]
        open_days = [day for day in days if self.is_business_day(day)]
        if nth == 0 or abs(nth) > len(open_days):
            raise ValueError(f"{year}-{month:02} has {len(open_days)} business days, none is number {nth}")
        return open_days[nth - 1 if nth > 0 else nth]

    def opening(self, day: date) -> datetime:
        return datetime.combine(day, self.open_at, self.zone)

    def closing(self, day: date) -> datetime:
        return datetime.combine(day, self.close_at, self.zone)

    def add_business_time(self, start: datetime, length: timedelta) -> datetime:
        """The instant, in UTC, when ``length`` of business time has passed since ``start``.

        Always within office hours: no time added outside them gives the next opening; time that runs out at
        the closing ends there, not at the opening after it.
        """
        if length < timedelta():
            raise ValueError("business time is only counted forward")
        at, left = _utc(start), length
        today = start.astimezone(self.zone).date()
        for day in self._business_days(today, _DAY):
            opening, closing = self._hours(day)
            at = max(at, opening)
            if at + left <= closing:
                return at + left
            left -= max(closing - at, timedelta())
        raise AssertionError("unreachable: business days do not end")

    def business_time_between(self, start: datetime, end: datetime) -> timedelta:
        """Business time in [start, end); zero where end is not after start."""
        start, end = _utc(start), _utc(end)
        passed, day = timedelta(), start.astimezone(self.zone).date()
        last = end.astimezone(self.zone).date()
        while day <= last:
            if self.is_business_day(day):
                opening, closing = self._hours(day)
                passed += max(min(closing, end) - max(opening, start), timedelta())
            day += _DAY
        return passed

    def _hours(self, day: date) -> tuple[datetime, datetime]:
        """Opening and closing in UTC, where the difference of two instants is the time between them."""
        return self.opening(day).astimezone(UTC), self.closing(day).astimezone(UTC)

    def _business_days(self, day: date, stride: timedelta) -> Iterator[date]:
        """``day`` where it is one, and the business days beyond it, without end."""
        closed = 0
        while closed <= _LONGEST_CLOSING:
            if self.is_business_day(day):
                yield day
                closed = 0
            day, closed = day + stride, closed + 1
        raise ValueError(f"no business day in more than {_LONGEST_CLOSING} days: see the company holidays")


def _utc(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError("business time needs an aware datetime")
    return instant.astimezone(UTC)
