from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kumoban.core.window import Window

TOKYO = ZoneInfo("Asia/Tokyo")
NEW_YORK = ZoneInfo("America/New_York")
TEN = datetime(2026, 11, 20, 22, 0, tzinfo=TOKYO)
TWO = datetime(2026, 11, 21, 2, 0, tzinfo=TOKYO)
HOUR = timedelta(hours=1)

instants = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))
whole_seconds = st.integers(1, 10**7).map(lambda seconds: timedelta(seconds=seconds))
absolute = st.builds(lambda start, length: Window(start, start + length), instants, whole_seconds)
windows = st.one_of(
    absolute,
    st.builds(lambda length: Window(duration=length), whole_seconds),
    st.builds(lambda end: Window(ends_at=end), instants),
    st.builds(lambda start, length: Window(starts_at=start, duration=length), instants, whole_seconds),
)


def test_a_window_on_approval_starts_when_it_is_resolved() -> None:
    assert Window(duration=4 * HOUR).resolved(TEN) == Window(TEN, TWO)


def test_a_window_until_an_instant_starts_when_it_is_resolved() -> None:
    assert Window(ends_at=TWO).resolved(TEN) == Window(TEN, TWO)


def test_an_absolute_window_keeps_its_own_start() -> None:
    assert Window(TEN, TWO).resolved(TEN - HOUR) == Window(TEN, TWO)


def test_approved_late_an_absolute_window_gets_shorter_and_never_ends_later() -> None:
    assert Window(TEN, TWO).resolved(TEN + HOUR) == Window(TEN + HOUR, TWO)


def test_resolving_again_changes_nothing() -> None:
    window = Window(duration=HOUR).resolved(TEN)
    assert window.resolved(TEN) == window


def test_its_length_is_the_time_between() -> None:
    assert Window(TEN, TWO).length == 4 * HOUR
    assert Window(duration=HOUR).length == HOUR


def test_a_window_until_an_instant_has_no_length_before_it_is_resolved() -> None:
    with pytest.raises(ValueError, match="resolve"):
        _ = Window(ends_at=TWO).length


def test_two_hours_over_a_change_of_clocks_are_two_hours() -> None:
    before = datetime(2026, 3, 8, 1, 0, tzinfo=NEW_YORK)  # an hour later the clock is set from 2:00 to 3:00
    window = Window(duration=2 * HOUR).resolved(before)
    assert window.length == 2 * HOUR
    assert window.ends_at == datetime(2026, 3, 8, 4, 0, tzinfo=NEW_YORK)


def test_the_same_instants_in_other_zones_are_the_same_window() -> None:
    assert Window(TEN, TWO) == Window(TEN.astimezone(NEW_YORK), TWO.astimezone(UTC))


@pytest.mark.parametrize("wrong", [{}, {"starts_at": TEN}, {"ends_at": TWO, "duration": HOUR}])
def test_a_window_has_either_a_duration_or_an_end(wrong: dict[str, datetime | timedelta]) -> None:
    with pytest.raises(ValueError, match="either"):
        Window(**wrong)  # type: ignore[arg-type]


def test_a_naive_time_is_an_error() -> None:
    naive = datetime(2026, 11, 20, 22)
    with pytest.raises(ValueError, match="aware"):
        Window(ends_at=naive)
    with pytest.raises(ValueError, match="aware"):
        Window(duration=HOUR).resolved(naive)


def test_windows_that_meet_do_not_overlap_but_touch() -> None:
    first, second = Window(TEN, TEN + HOUR), Window(TEN + HOUR, TWO)
    assert not first.overlaps(second)
    assert first.touches(second)


@pytest.mark.parametrize(("gap", "touching"), [(59, True), (60, True), (61, False)])
def test_windows_touch_within_what_is_asked(gap: int, touching: bool) -> None:
    later = TEN + HOUR + timedelta(seconds=gap)
    first, second = Window(TEN, TEN + HOUR), Window(later, later + HOUR)
    assert first.touches(second, within=timedelta(minutes=1)) is touching
    assert second.touches(first, within=timedelta(minutes=1)) is touching


def test_only_resolved_windows_can_be_compared() -> None:
    with pytest.raises(ValueError, match="resolve"):
        Window(TEN, TWO).overlaps(Window(duration=HOUR))


def test_it_is_stored_as_instants_in_utc() -> None:
    assert Window(TEN, TWO).stored() == {
        "starts_at": "2026-11-20T13:00:00Z",
        "ends_at": "2026-11-20T17:00:00Z",
        "seconds": None,
    }


def test_a_duration_is_stored_in_seconds() -> None:
    assert Window(duration=HOUR).stored() == {"starts_at": None, "ends_at": None, "seconds": "3600"}


@given(window=windows)
def test_what_was_stored_reads_back(window: Window) -> None:
    assert Window.from_stored(window.stored()) == window


@given(one=absolute, other=absolute, instant=instants)
def test_windows_overlap_where_an_instant_is_in_both(one: Window, other: Window, instant: datetime) -> None:
    if _holds(one, instant) and _holds(other, instant):
        assert one.overlaps(other)
        assert other.overlaps(one)
    if not one.overlaps(other):
        assert not (_holds(one, instant) and _holds(other, instant))


@given(one=absolute, other=absolute)
def test_what_overlaps_also_touches(one: Window, other: Window) -> None:
    assert one.touches(other) or not one.overlaps(other)


@given(window=windows, at=instants)
def test_a_resolved_window_never_starts_before_it_was_resolved(window: Window, at: datetime) -> None:
    resolved = window.resolved(at)
    assert resolved.starts_at is not None
    assert resolved.starts_at >= at
    assert resolved.ends_at == window.ends_at or window.ends_at is None


def _holds(window: Window, instant: datetime) -> bool:
    assert window.starts_at is not None
    assert window.ends_at is not None
    return window.starts_at <= instant < window.ends_at
