"""定期: the dates on which something comes again, on the calendar of business days (毎月第2営業日, 毎週金曜, 月末)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from kumoban.core.calendar import BusinessCalendar

__all__ = ["EVERY", "ON_CLOSED_DAYS", "Every", "OnClosedDays", "Recurrence"]

#: how it comes again
Every = Literal["business_day", "week", "month_day", "business_day_of_month", "last_business_day", "weekday_of_month"]
EVERY: tuple[Every, ...] = (
    "business_day", "week", "month_day", "business_day_of_month", "last_business_day", "weekday_of_month",
)  # fmt: skip
#: where a day is no business day: all the same, left out, the business day before or after it
OnClosedDays = Literal["same", "skip", "before", "after"]
ON_CLOSED_DAYS: tuple[OnClosedDays, ...] = ("same", "skip", "before", "after")

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Recurrence:
    """``weekdays`` from 0 (Monday): of ``week``, and the one of ``weekday_of_month``.

    ``nth``: the day of the month (in a shorter one its last), the business day from 1, or the weekday from 1 (-1: the
    last; a fifth that a month has not is left out). ``minute``: of the day, beyond 24:00 in the next.
    """

    every: Every
    minute: int
    length: timedelta
    since: date
    until: date
    weekdays: frozenset[int] = frozenset()
    nth: int = 1
    closed: OnClosedDays = "same"

    def days(self, calendar: BusinessCalendar) -> Iterator[date]:
        """In their order, each once; from ``since`` to ``until``, also where a closed day moves it."""
        found: date | None = None
        for day in self._planned(calendar):
            moved = self._moved(day, calendar)
            if moved is not None and self.since <= moved <= self.until and (found is None or moved > found):
                found = moved
                yield moved

    def window(self, day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """Start and end in UTC of the occurrence of a day; where the clock is set forward over it, as soon after."""
        wall = datetime.combine(
            day + timedelta(days=self.minute // 1440), time(self.minute % 1440 // 60, self.minute % 60)
        )
        starts_at = wall.replace(tzinfo=zone).astimezone(UTC)
        return starts_at, starts_at + self.length

    def _moved(self, day: date, calendar: BusinessCalendar) -> date | None:
        if self.closed == "same" or calendar.is_business_day(day):
            return day
        if self.closed == "skip":
            return None
        return calendar.previous_business_day(day) if self.closed == "before" else calendar.next_business_day(day)

    def _planned(self, calendar: BusinessCalendar) -> Iterator[date]:
        """A month more on both sides: what a closed day moves may come into the time, or leave it."""
        if self.every in ("business_day", "week"):
            day, last = self.since - 14 * _DAY, self.until + 14 * _DAY
            while day <= last:
                if calendar.is_business_day(day) if self.every == "business_day" else day.weekday() in self.weekdays:
                    yield day
                day += _DAY
            return
        month = (self.since.replace(day=1) - _DAY).replace(day=1)
        while month <= self.until + 31 * _DAY:
            day_of_month = self._in_month(month, calendar)
            if day_of_month is not None:
                yield day_of_month
            month = (month + 31 * _DAY).replace(day=1)

    def _in_month(self, month: date, calendar: BusinessCalendar) -> date | None:
        last = (month + 31 * _DAY).replace(day=1) - _DAY
        if self.every == "month_day":
            return month.replace(day=min(self.nth, last.day))
        if self.every == "weekday_of_month":
            days = [
                month + offset * _DAY
                for offset in range(last.day)
                if (month + offset * _DAY).weekday() in self.weekdays
            ]
            at = self.nth - 1 if self.nth > 0 else self.nth
            return days[at] if -len(days) <= at < len(days) else None
        try:
            return calendar.nth_business_day(
                month.year, month.month, -1 if self.every == "last_business_day" else self.nth
            )
        except ValueError:
            return None
