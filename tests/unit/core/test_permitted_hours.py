"""Hours in which something is permitted, on Japanese business days and across midnight."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kumoban.core.calendar import BusinessCalendar
from kumoban.core.permitted_hours import DAYS, PermittedHours, permitted

TOKYO = ZoneInfo("Asia/Tokyo")
JAPAN = BusinessCalendar(TOKYO)
OFFICE = [PermittedHours("business", time(9), time(18))]
NIGHT = [PermittedHours("business", time(22), time(5))]
WHOLE = [PermittedHours("closed", time(0), time(0))]

hours = st.builds(
    PermittedHours,
    st.sampled_from(DAYS),
    st.times(time(0), time(23, 59)).map(lambda at: at.replace(second=0, microsecond=0)),
    st.times(time(0), time(23, 59)).map(lambda at: at.replace(second=0, microsecond=0)),
)
instants = st.datetimes(datetime(2026, 1, 1), datetime(2027, 6, 1), timezones=st.just(UTC)).map(
    lambda at: at.replace(second=0, microsecond=0)
)
lengths = st.integers(1, 3 * 24 * 60).map(lambda minutes: timedelta(minutes=minutes))


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """In November 2026, of which the 23rd is a holiday and a Monday."""
    return datetime(2026, 11, day, hour, minute, tzinfo=TOKYO)


@pytest.mark.parametrize(
    ("rows", "start", "end", "expected"),
    [
        (OFFICE, at(25, 9), at(25, 18), True),
        (OFFICE, at(25, 8, 59), at(25, 10), False),
        (OFFICE, at(25, 17), at(25, 18, 1), False),
        (OFFICE, at(23, 10), at(23, 11), False),  # 勤労感謝の日
        (NIGHT, at(25, 22), at(26, 5), True),
        (NIGHT, at(26, 1), at(26, 2), True),  # began on Wednesday the 25th
        (NIGHT, at(24, 1), at(24, 2), False),  # the 23rd, on which it would have begun, is a holiday
        (NIGHT, at(28, 4), at(28, 5), True),  # Friday's night reaches into Saturday
        (WHOLE, at(21, 0), at(24, 0), True),  # a weekend and the holiday after it are one piece
        (WHOLE, at(21, 0), at(24, 0, 1), False),
        (OFFICE + NIGHT, at(25, 17), at(25, 23), False),  # between them lies a gap
        ([], at(22, 3), at(22, 4), True),
    ],
)
def test_all_of_the_time_must_lie_in_the_hours(
    rows: list[PermittedHours], start: datetime, end: datetime, expected: bool
) -> None:
    assert permitted(rows, start, end, JAPAN) is expected


def test_an_instant_lies_in_hours_that_have_begun_and_not_ended() -> None:
    assert permitted(OFFICE, at(25, 9), at(25, 9), JAPAN)
    assert not permitted(OFFICE, at(25, 18), at(25, 18), JAPAN)


@given(st.lists(hours, min_size=1, max_size=4), instants, lengths)
def test_it_is_permitted_exactly_where_every_minute_of_it_is(
    rows: list[PermittedHours], start: datetime, length: timedelta
) -> None:
    minutes = range(int(length.total_seconds() // 60))
    each = all(_minute_in(rows, start + timedelta(minutes=minute)) for minute in minutes)
    assert permitted(rows, start, start + length, JAPAN) is each


def _minute_in(rows: list[PermittedHours], minute: datetime) -> bool:
    """By the wall clock alone: the day it belongs to is today's, or yesterday's for what reaches over midnight."""
    here = minute.astimezone(TOKYO)
    for row in rows:
        over = row.until <= row.start
        today = row.start <= here.time() and (over or here.time() < row.until)
        if today and row.on(here.date(), JAPAN):
            return True
        if over and here.time() < row.until and row.on(here.date() - timedelta(days=1), JAPAN):
            return True
    return False


@given(hours)
def test_hours_come_back_as_they_were_stored(row: PermittedHours) -> None:
    assert PermittedHours.from_stored(row.stored()) == row


def test_an_unknown_day_is_refused() -> None:
    with pytest.raises(ValueError, match="none of"):
        PermittedHours("someday", time(9), time(18))
