from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kumoban.core.calendar import BusinessCalendar

TOKYO = ZoneInfo("Asia/Tokyo")
NEW_YORK = ZoneInfo("America/New_York")
YEAR_END = {date(2026, 12, day): "年末休業" for day in (29, 30, 31)} | {
    date(2027, 1, day): "年始休業" for day in (2, 3)
}
JAPAN = BusinessCalendar(TOKYO, YEAR_END)
AMERICA = BusinessCalendar(NEW_YORK, country="US")

# Friday 17:50 before a weekend that Labour Thanksgiving Day (Monday the 23rd) makes three days long
FRIDAY_1750 = datetime(2026, 11, 20, 17, 50, tzinfo=TOKYO)

calendars = st.sampled_from([JAPAN, AMERICA, BusinessCalendar(NEW_YORK, {}, time(0, 30), time(4), "US")])
instants = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))
lengths = st.integers(0, 200 * 60).map(lambda minutes: timedelta(minutes=minutes))


def test_a_weekday_is_a_business_day() -> None:
    assert JAPAN.is_business_day(date(2026, 11, 20))


@pytest.mark.parametrize("day", [date(2026, 11, 21), date(2026, 11, 22)])
def test_a_weekend_is_not(day: date) -> None:
    assert not JAPAN.is_business_day(day)


@pytest.mark.parametrize(
    "day",
    [
        date(2026, 11, 23),  # 勤労感謝の日
        date(2026, 5, 6),  # 振替休日
        date(2026, 9, 22),  # 国民の休日
        date(2026, 3, 20),  # 春分の日
    ],
)
def test_a_national_holiday_is_not(day: date) -> None:
    assert not JAPAN.is_business_day(day)


def test_a_company_holiday_is_not() -> None:
    assert not JAPAN.is_business_day(date(2026, 12, 29))
    assert BusinessCalendar(TOKYO).is_business_day(date(2026, 12, 29))


def test_the_country_decides_the_national_holidays() -> None:
    thanksgiving = date(2026, 11, 26)
    assert JAPAN.is_business_day(thanksgiving)
    assert not AMERICA.is_business_day(thanksgiving)


def test_the_next_business_day_skips_a_long_weekend() -> None:
    assert JAPAN.next_business_day(date(2026, 11, 20)) == date(2026, 11, 24)


def test_the_next_business_day_is_never_the_day_itself() -> None:
    assert JAPAN.next_business_day(date(2026, 11, 18)) == date(2026, 11, 19)


def test_the_previous_business_day_skips_the_closing_of_the_year() -> None:
    assert JAPAN.previous_business_day(date(2027, 1, 4)) == date(2026, 12, 28)


@pytest.mark.parametrize(
    ("nth", "day"),
    [(1, date(2026, 11, 2)), (2, date(2026, 11, 4)), (19, date(2026, 11, 30)), (-1, date(2026, 11, 30))],
)
def test_business_days_of_a_month_count_from_either_end(nth: int, day: date) -> None:
    assert JAPAN.nth_business_day(2026, 11, nth) == day


def test_the_last_business_day_of_december_is_before_the_closing_of_the_year() -> None:
    assert JAPAN.nth_business_day(2026, 12, -1) == date(2026, 12, 28)


@pytest.mark.parametrize("nth", [0, 20, -20])
def test_a_month_has_no_other_business_days(nth: int) -> None:
    with pytest.raises(ValueError, match="19 business days"):
        JAPAN.nth_business_day(2026, 11, nth)


def test_a_request_on_friday_evening_does_not_lapse_in_the_weekend() -> None:
    assert JAPAN.add_business_time(FRIDAY_1750, timedelta(minutes=30)) == datetime(2026, 11, 24, 9, 20, tzinfo=TOKYO)


def test_time_that_runs_out_at_the_closing_ends_there() -> None:
    assert JAPAN.add_business_time(FRIDAY_1750, timedelta(minutes=10)) == JAPAN.closing(date(2026, 11, 20))


def test_no_time_added_at_night_gives_the_next_opening() -> None:
    night = datetime(2026, 11, 20, 23, 0, tzinfo=TOKYO)
    assert JAPAN.add_business_time(night, timedelta()) == JAPAN.opening(date(2026, 11, 24))


def test_three_business_days_are_27_hours() -> None:
    assert JAPAN.add_business_time(FRIDAY_1750, timedelta(hours=27)) == datetime(2026, 11, 26, 17, 50, tzinfo=TOKYO)


def test_the_answer_is_in_utc() -> None:
    assert JAPAN.add_business_time(FRIDAY_1750, timedelta(hours=1)).utcoffset() == timedelta()


def test_nothing_is_counted_backward() -> None:
    with pytest.raises(ValueError, match="forward"):
        JAPAN.add_business_time(FRIDAY_1750, timedelta(minutes=-1))


def test_no_business_time_passes_over_a_long_weekend() -> None:
    assert JAPAN.business_time_between(
        datetime(2026, 11, 20, 18, 0, tzinfo=TOKYO), datetime(2026, 11, 24, 9, 0, tzinfo=TOKYO)
    ) == timedelta(0)


def test_no_business_time_passes_backward() -> None:
    assert JAPAN.business_time_between(FRIDAY_1750, FRIDAY_1750 - timedelta(days=3)) == timedelta(0)


def test_a_day_is_the_organisations_day_wherever_the_instant_was_written() -> None:
    in_new_york = datetime(2026, 11, 19, 19, 0, tzinfo=NEW_YORK)  # Friday 9:00 in Tokyo
    assert JAPAN.add_business_time(in_new_york, timedelta(hours=1)) == datetime(2026, 11, 20, 10, 0, tzinfo=TOKYO)


def test_the_night_of_a_change_of_clocks_has_the_hours_it_really_has() -> None:
    night_shift = BusinessCalendar(TOKYO, {}, time(0), time(6), "US")
    sundays_clock = BusinessCalendar(ZoneInfo("Africa/Cairo"), {}, time(0), time(6), "US")
    friday = date(2026, 4, 24)  # Cairo sets its clocks forward at 0:00 of this Friday
    assert _office_hours(night_shift, friday) == timedelta(hours=6)
    assert _office_hours(sundays_clock, friday) == timedelta(hours=5)


@pytest.mark.parametrize("naive", [datetime(2026, 11, 20, 9)])
def test_a_naive_time_is_an_error(naive: datetime) -> None:
    with pytest.raises(ValueError, match="aware"):
        JAPAN.add_business_time(naive, timedelta(hours=1))
    with pytest.raises(ValueError, match="aware"):
        JAPAN.business_time_between(FRIDAY_1750, naive)
    with pytest.raises(ValueError, match="aware"):
        JAPAN.business_time_between(naive, FRIDAY_1750)


def test_an_office_that_closes_before_it_opens_is_an_error() -> None:
    with pytest.raises(ValueError, match="opens before"):
        BusinessCalendar(TOKYO, {}, time(18), time(9))


def test_a_calendar_without_business_days_is_an_error_and_not_an_endless_search() -> None:
    everything = {date(2026, 1, 1) + timedelta(days=offset): "閉鎖" for offset in range(1000)}
    with pytest.raises(ValueError, match="company holidays"):
        BusinessCalendar(TOKYO, everything).next_business_day(date(2026, 11, 20))


@given(calendar=calendars, start=instants, length=lengths)
def test_added_business_time_is_what_then_lies_between(
    calendar: BusinessCalendar, start: datetime, length: timedelta
) -> None:
    assert calendar.business_time_between(start, calendar.add_business_time(start, length)) == length


@given(calendar=calendars, start=instants, length=lengths)
def test_added_business_time_lands_within_office_hours(
    calendar: BusinessCalendar, start: datetime, length: timedelta
) -> None:
    end = calendar.add_business_time(start, length)
    day = end.astimezone(calendar.zone).date()
    assert calendar.is_business_day(day)
    assert calendar.opening(day).astimezone(UTC) <= end <= calendar.closing(day).astimezone(UTC)
    assert end >= start


@given(calendar=calendars, start=instants, one=lengths, other=lengths)
def test_more_business_time_ends_later(
    calendar: BusinessCalendar, start: datetime, one: timedelta, other: timedelta
) -> None:
    shorter, longer = sorted((one, other))
    assert calendar.add_business_time(start, shorter) <= calendar.add_business_time(start, longer)


@given(calendar=calendars, one=instants, other=instants, length=lengths)
def test_a_later_start_ends_later(
    calendar: BusinessCalendar, one: datetime, other: datetime, length: timedelta
) -> None:
    earlier, later = sorted((one, other))
    assert calendar.add_business_time(earlier, length) <= calendar.add_business_time(later, length)


@given(calendar=calendars, times=st.lists(instants, min_size=3, max_size=3).map(sorted))
def test_business_time_adds_up(calendar: BusinessCalendar, times: list[datetime]) -> None:
    start, middle, end = times
    whole = calendar.business_time_between(start, end)
    parts = calendar.business_time_between(start, middle), calendar.business_time_between(middle, end)
    assert whole == sum(parts, timedelta())


@given(calendar=calendars, day=st.dates(date(2026, 1, 1), date(2027, 12, 31)))
def test_next_and_previous_are_the_nearest_business_days(calendar: BusinessCalendar, day: date) -> None:
    following, preceding = calendar.next_business_day(day), calendar.previous_business_day(day)
    between = [preceding + timedelta(days=offset) for offset in range(1, (following - preceding).days)]
    assert preceding < day < following
    assert [inside for inside in between if calendar.is_business_day(inside)] in ([], [day])


def _office_hours(calendar: BusinessCalendar, day: date) -> timedelta:
    midnight = datetime.combine(day, time(0), calendar.zone)
    return calendar.business_time_between(midnight - timedelta(hours=2), midnight + timedelta(hours=12))
