"""On which days something comes again."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import islice, pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kumoban.core.calendar import BusinessCalendar
from kumoban.core.recurrence import EVERY, ON_CLOSED_DAYS, Recurrence

TOKYO = ZoneInfo("Asia/Tokyo")
NEW_YEAR = {date(2026, 12, day): "年末" for day in (29, 30, 31)} | {date(2027, 1, day): "年始" for day in (2, 3, 4)}
CALENDAR = BusinessCalendar(TOKYO, NEW_YEAR)


def recurrence(every: Any, **changed: Any) -> Recurrence:
    said = {"minute": 22 * 60, "length": timedelta(hours=2), "since": date(2026, 11, 1), "until": date(2027, 10, 31)}
    return Recurrence(every, **{**said, **changed})


def first(of: Recurrence, n: int = 4) -> list[str]:
    return [f"{day:%m/%d}" for day in islice(of.days(CALENDAR), n)]


@pytest.mark.parametrize(
    ("of", "days"),
    [
        (recurrence("business_day", since=date(2026, 11, 20)), ["11/20", "11/24", "11/25", "11/26"]),
        (recurrence("week", weekdays=frozenset({4})), ["11/06", "11/13", "11/20", "11/27"]),
        (recurrence("week", weekdays=frozenset({0, 3})), ["11/02", "11/05", "11/09", "11/12"]),
        (recurrence("month_day", nth=31), ["11/30", "12/31", "01/31", "02/28"]),
        (recurrence("month_day", nth=31, closed="before"), ["11/30", "12/28", "01/29", "02/26"]),
        (recurrence("month_day", nth=1, closed="after"), ["11/02", "12/01", "01/05", "02/01"]),
        (recurrence("business_day_of_month", nth=2), ["11/04", "12/02", "01/06", "02/02"]),
        (recurrence("last_business_day"), ["11/30", "12/28", "01/29", "02/26"]),
        (recurrence("weekday_of_month", weekdays=frozenset({2}), nth=2), ["11/11", "12/09", "01/13", "02/10"]),
        (recurrence("weekday_of_month", weekdays=frozenset({0}), nth=5), ["11/30", "03/29", "05/31", "08/30"]),
        (recurrence("weekday_of_month", weekdays=frozenset({4}), nth=-1), ["11/27", "12/25", "01/29", "02/26"]),
        (
            recurrence("week", weekdays=frozenset({0}), closed="skip", since=date(2026, 11, 20)),
            ["11/30", "12/07", "12/14", "12/21"],
        ),
    ],
)
def test_the_days_that_offices_mean(of: Recurrence, days: list[str]) -> None:
    assert first(of) == days


def test_beyond_midnight_it_is_the_day_that_was_said() -> None:
    late = recurrence("business_day", minute=26 * 60)
    starts_at, ends_at = late.window(date(2026, 11, 25), TOKYO)
    assert starts_at == datetime(2026, 11, 25, 17, 0, tzinfo=UTC)  # 2:00 on the 26th in Tokyo
    assert ends_at - starts_at == timedelta(hours=2)


def test_the_length_is_that_of_the_clock_on_the_wall_at_its_start() -> None:
    new_york = ZoneInfo("America/New_York")
    winter, summer = (
        recurrence("business_day", minute=540).window(day, new_york)[0] for day in (date(2026, 3, 6), date(2026, 3, 9))
    )
    assert (winter.hour, summer.hour) == (14, 13)


RECURRENCES = st.builds(
    Recurrence,
    every=st.sampled_from(EVERY),
    minute=st.integers(0, 47 * 60 + 59),
    length=st.timedeltas(timedelta(minutes=1), timedelta(days=2)),
    since=st.dates(date(2024, 1, 1), date(2027, 12, 31)),
    until=st.dates(date(2026, 1, 1), date(2028, 12, 31)),
    weekdays=st.frozensets(st.integers(0, 6), min_size=1),
    nth=st.one_of(st.integers(1, 31), st.just(-1)).map(lambda n: n),
    closed=st.sampled_from(ON_CLOSED_DAYS),
).filter(lambda one: one.nth > 0 or one.every == "weekday_of_month")


@settings(max_examples=60, deadline=None)
@given(RECURRENCES)
def test_days_come_in_order_each_once_and_within_the_time(of: Recurrence) -> None:
    days = list(of.days(CALENDAR))
    assert all(earlier < later for earlier, later in pairwise(days))
    assert all(of.since <= day <= of.until for day in days)


@settings(max_examples=60, deadline=None)
@given(RECURRENCES)
def test_where_it_is_moved_or_left_out_it_is_never_on_a_closed_day(of: Recurrence) -> None:
    if of.closed != "same" or of.every in ("business_day", "business_day_of_month", "last_business_day"):
        assert all(CALENDAR.is_business_day(day) for day in of.days(CALENDAR))


@settings(max_examples=60, deadline=None)
@given(RECURRENCES, st.dates(date(2025, 1, 1), date(2027, 12, 31)))
def test_a_later_beginning_gives_the_same_days_from_there(of: Recurrence, since: date) -> None:
    later = Recurrence(of.every, of.minute, of.length, max(of.since, since), of.until, of.weekdays, of.nth, of.closed)
    assert list(later.days(CALENDAR)) == [day for day in of.days(CALENDAR) if day >= later.since]


@settings(max_examples=60, deadline=None)
@given(RECURRENCES.filter(lambda one: one.every in ("month_day", "last_business_day") and one.closed == "same"))
def test_every_month_has_its_day(of: Recurrence) -> None:
    months = [(day.year, day.month) for day in of.days(CALENDAR)]
    assert all((y * 12 + m + 1) == (y2 * 12 + m2) for (y, m), (y2, m2) in pairwise(months))
