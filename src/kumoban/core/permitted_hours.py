"""Hours in which something is permitted: business days 9:00–18:00, Saturdays all day, every night 22:00–5:00."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from kumoban.core.calendar import BusinessCalendar

__all__ = ["DAYS", "WEEKDAYS", "PermittedHours", "permitted"]

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
#: every day, business days (営業日), the days that are none (休業日), or one weekday
DAYS = ("every", "business", "closed", *WEEKDAYS)

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class PermittedHours:
    """On each ``day`` of ``DAYS`` from ``start`` until ``until``, by the wall clock of the organisation.

    ``until`` belongs to the next day where it is not after ``start``: 22:00–5:00 is the night, 0:00–0:00 the whole day.
    """

    day: str
    start: time
    until: time

    def __post_init__(self) -> None:
        if self.day not in DAYS:
            raise ValueError(f"{self.day} is none of {', '.join(DAYS)}")

    def stored(self) -> dict[str, str]:
        return {"day": self.day, "start": f"{self.start:%H:%M}", "until": f"{self.until:%H:%M}"}

    @classmethod
    def from_stored(cls, stored: Mapping[str, str]) -> PermittedHours:
        return cls(stored["day"], time.fromisoformat(stored["start"]), time.fromisoformat(stored["until"]))

    def on(self, day: date, calendar: BusinessCalendar) -> tuple[datetime, datetime] | None:
        """Start and end, in UTC, of what begins on this day; None where nothing does."""
        if not self._includes(day, calendar):
            return None
        last = day if self.until > self.start else day + _DAY
        start, end = (
            datetime.combine(on, at, calendar.zone).astimezone(UTC)
            for on, at in ((day, self.start), (last, self.until))
        )
        return (start, end) if start < end else None

    def _includes(self, day: date, calendar: BusinessCalendar) -> bool:
        if self.day in WEEKDAYS:
            return WEEKDAYS[day.weekday()] == self.day
        return self.day == "every" or calendar.is_business_day(day) == (self.day == "business")


def permitted(
    hours: Sequence[PermittedHours], starts_at: datetime, ends_at: datetime, calendar: BusinessCalendar
) -> bool:
    """Whether all of [starts_at, ends_at), or the one instant, lies in these hours; what adjoins counts as one.

    Without any hours, always.
    """
    if not hours:
        return True
    reached, last = starts_at.astimezone(UTC), ends_at.astimezone(UTC)
    begun = False
    for start, end in sorted(_pieces(hours, starts_at, ends_at, calendar)):
        if start > reached:
            break
        begun = begun or reached < end
        reached = max(reached, end)
    return begun and reached >= last


def _pieces(
    hours: Iterable[PermittedHours], starts_at: datetime, ends_at: datetime, calendar: BusinessCalendar
) -> Iterator[tuple[datetime, datetime]]:
    """Every piece that may meet the time asked about; what began the day before may reach into it."""
    day, last = (at.astimezone(calendar.zone).date() for at in (starts_at, ends_at))
    known = list(hours)
    day -= _DAY
    while day <= last:
        yield from (piece for one in known if (piece := one.on(day, calendar)))
        day += _DAY
