"""Months and hours of the organisation's zone."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kumoban.evidence.matching.months import bounds, following, hour_of, is_month, month_of, trail_days

TOKYO = ZoneInfo("Asia/Tokyo")
ZONES = st.sampled_from([TOKYO, ZoneInfo("Asia/Kolkata"), ZoneInfo("Europe/Berlin"), ZoneInfo("UTC")])
INSTANTS = st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))


@given(INSTANTS, ZONES)
def test_every_instant_lies_in_exactly_one_month_and_its_hour_in_the_same(at: datetime, zone: ZoneInfo) -> None:
    month = month_of(at, zone)
    first, end = bounds(month, zone)
    assert first <= at < end
    assert bounds(following(month), zone)[0] == end
    hour = hour_of(at, zone)
    assert hour <= at
    assert month_of(hour, zone) == month


def test_a_month_of_tokyo_begins_nine_hours_before_that_of_utc() -> None:
    first, end = bounds("2026-12", TOKYO)
    assert (first.astimezone(UTC), end.astimezone(UTC)) == (
        datetime(2026, 11, 30, 15, tzinfo=UTC),
        datetime(2026, 12, 31, 15, tzinfo=UTC),
    )


def test_only_days_that_are_over_are_asked_for() -> None:
    days = trail_days("2026-12", TOKYO, datetime(2026, 12, 3, 1, tzinfo=UTC))
    assert days == [date(2026, 11, 30), date(2026, 12, 1), date(2026, 12, 2)]
    assert trail_days("2026-12", TOKYO, datetime(2026, 11, 1, tzinfo=UTC)) == []


@pytest.mark.parametrize("text", ["2026-13", "2026-1", "202612", "", "2026-12-01", "abcd-ef"])
def test_what_is_no_month_is_none(text: str) -> None:
    assert not is_month(text)
