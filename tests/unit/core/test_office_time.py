from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kumoban.core.calendar import BusinessCalendar
from kumoban.core.normalise import RefusedCharacters
from kumoban.core.office_time import (
    DURATIONS,
    RANGES,
    TIMES,
    NotUnderstood,
    named_in,
    parse_duration,
    parse_range,
    parse_time,
)
from kumoban.core.window import Window

TOKYO = ZoneInfo("Asia/Tokyo")
NEW_YORK = ZoneInfo("America/New_York")
CALENDAR = BusinessCalendar(TOKYO)
FRIDAY_1750 = datetime(2026, 11, 20, 17, 50, tzinfo=TOKYO)  # Monday is a holiday
SATURDAY = datetime(2026, 11, 21, 13, 0, tzinfo=TOKYO)


def tokyo(month: int, day: int, hour: int = 0, minute: int = 0, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=TOKYO)


def read(text: str, now: datetime = FRIDAY_1750, zone: ZoneInfo = TOKYO) -> datetime:
    return parse_time(text, now=now, zone=zone, calendar=CALENDAR)


def read_range(text: str, now: datetime = FRIDAY_1750) -> Window:
    return parse_range(text, now=now, zone=TOKYO, calendar=CALENDAR)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("22:00", tokyo(11, 20, 22)),
        ("２２：００", tokyo(11, 20, 22)),
        ("22時", tokyo(11, 20, 22)),
        ("22時半", tokyo(11, 20, 22, 30)),
        ("22時5分", tokyo(11, 20, 22, 5)),
        ("9:00", tokyo(11, 20, 9)),
        ("24:00", tokyo(11, 21)),
        ("26:00", tokyo(11, 21, 2)),
        ("26:00まで", tokyo(11, 21, 2)),
        ("本日22:00", tokyo(11, 20, 22)),
        ("今夜22:00", tokyo(11, 20, 22)),
        ("今夜26:00", tokyo(11, 21, 2)),
        ("今夜2:00", tokyo(11, 21, 2)),
        ("明日 9:00", tokyo(11, 21, 9)),
        ("明日の9時", tokyo(11, 21, 9)),
        ("明後日9:00", tokyo(11, 22, 9)),
        ("翌営業日9:00", tokyo(11, 24, 9)),
        ("翌営業日 9:00まで", tokyo(11, 24, 9)),
        ("翌営業日終業まで", tokyo(11, 24, 18)),
        ("翌営業日始業", tokyo(11, 24, 9)),
        ("終業", tokyo(11, 20, 18)),
        ("終業まで", tokyo(11, 20, 18)),
        ("本日終業まで", tokyo(11, 20, 18)),
        ("11/27 22:00", tokyo(11, 27, 22)),
        ("11/27 26:00", tokyo(11, 28, 2)),
        ("11月27日22:00", tokyo(11, 27, 22)),
        ("１１月２７日（金）　２２時", tokyo(11, 27, 22)),
        ("2026-11-27 22:00", tokyo(11, 27, 22)),
        ("2026/11/27 22:00", tokyo(11, 27, 22)),
        ("2026ー11ー27 22:00", tokyo(11, 27, 22)),
        ("2026-11-27T22:00", tokyo(11, 27, 22)),
        ("2026-11-27T22:00:00", tokyo(11, 27, 22)),
        ("2026年11月27日 22時", tokyo(11, 27, 22)),
        ("11/27 終業", tokyo(11, 27, 18)),
        ("tonight 22:00", tokyo(11, 20, 22)),
        ("tomorrow 9:00", tokyo(11, 21, 9)),
        ("Tomorrow at 9:00", tokyo(11, 21, 9)),
        ("day after tomorrow 9:00", tokyo(11, 22, 9)),
        ("next business day 9:00", tokyo(11, 24, 9)),
        ("until next business day 9:00", tokyo(11, 24, 9)),
        ("end of business day", tokyo(11, 20, 18)),
        ("午後10時", tokyo(11, 20, 22)),
        ("午前1時", tokyo(11, 20, 1)),
        ("10pm", tokyo(11, 20, 22)),
        ("10:30 PM", tokyo(11, 20, 22, 30)),
        ("tomorrow 12am", tokyo(11, 21)),
        ("12pm", tokyo(11, 20, 12)),
        ("noon", tokyo(11, 20, 12)),
        ("正午", tokyo(11, 20, 12)),
        ("midnight", tokyo(11, 21)),
        ("深夜1時", tokyo(11, 21, 1)),
        ("金曜 22:00", tokyo(11, 20, 22)),
        ("月曜日9時", tokyo(11, 23, 9)),
        ("来週の金曜 22:00", tokyo(11, 27, 22)),
        ("再来週月曜9:00", tokyo(11, 30, 9)),
        ("今週土曜 9:00", tokyo(11, 21, 9)),
        ("Monday 9:00", tokyo(11, 23, 9)),
        ("next Tuesday at 9am", tokyo(11, 24, 9)),
        ("close of business", tokyo(11, 20, 18)),
        ("next business day end of business", tokyo(11, 24, 18)),
    ],
)
def test_office_notation_means_an_instant(typed: str, meant: datetime) -> None:
    assert read(typed) == meant


@pytest.mark.parametrize("example", TIMES)
def test_every_example_of_a_time_is_understood(example: str) -> None:
    assert read(example) > FRIDAY_1750


@pytest.mark.parametrize(
    "unclear",
    [
        "",
        "いつか",
        "22",
        "22:0",
        "22:60",
        "48:00",
        "明日",
        "明日まで",
        "今夜9:00",  # 9 in the evening, or in the morning?
        "2026-02-30 9:00",
        "2/30 9:00",
        "13/1 9:00",
        "11/27(土) 22:00",  # a Friday
        "0001-01-01 9:00",
        "9999-12-31 26:00",
        "22:00 23:00",
        "13pm",
        "0am",
        "午後13時",
        "tomorrow midnight",  # its beginning, or its end?
        "next Saturday 9:00",  # tomorrow, or in a week?
        "22時間",
        "٢٢:٠٠",  # digits, but of another script
    ],
)
def test_what_is_unclear_is_not_understood(unclear: str) -> None:
    with pytest.raises(NotUnderstood) as answer:
        read(unclear)
    assert answer.value.text == unclear
    assert answer.value.examples == TIMES


def test_a_time_already_past_stays_in_the_past() -> None:
    assert read("9:00") < FRIDAY_1750


def test_the_answer_carries_the_offset_of_the_zone() -> None:
    assert read("22:00").isoformat() == "2026-11-20T22:00:00+09:00"


def test_a_time_with_an_offset_needs_no_zone() -> None:
    assert read("2026-11-27T22:00-05:00") == datetime(2026, 11, 27, 22, tzinfo=NEW_YORK)
    assert read("2026-11-27T13:00Z") == tokyo(11, 27, 22)


def test_today_is_the_readers_day() -> None:
    late_in_new_york = datetime(2026, 11, 20, 23, 0, tzinfo=NEW_YORK)  # already the 21st in Tokyo
    assert read("23:30", late_in_new_york, NEW_YORK) == datetime(2026, 11, 20, 23, 30, tzinfo=NEW_YORK)
    assert read("23:30", late_in_new_york, TOKYO) == tokyo(11, 21, 23, 30)


def test_office_hours_are_the_organisations() -> None:
    morning_in_new_york = datetime(2026, 11, 19, 20, 0, tzinfo=NEW_YORK)  # Friday 10:00 in Tokyo
    assert read("終業まで", morning_in_new_york, NEW_YORK) == tokyo(11, 20, 18)


def test_the_closing_seen_from_a_closed_day_is_the_next_there_is() -> None:
    assert read("終業まで", SATURDAY) == tokyo(11, 24, 18)


@pytest.mark.parametrize("typed", ["本日終業まで", "明日終業", "11/23 終業"])
def test_a_closed_day_has_no_closing(typed: str) -> None:
    with pytest.raises(NotUnderstood):
        read(typed, SATURDAY)


def test_a_date_without_a_year_far_behind_is_next_years() -> None:
    assert read("1/5 9:00") == tokyo(1, 5, 9, year=2027)


def test_a_date_without_a_year_just_behind_stays_behind() -> None:
    assert read("11/10 9:00") == tokyo(11, 10, 9)


def test_a_leap_day_is_not_moved_into_a_year_without_one() -> None:
    with pytest.raises(NotUnderstood):
        read("2/29 9:00", datetime(2028, 12, 1, 9, tzinfo=TOKYO))


def test_after_midnight_tonight_is_what_is_left_of_the_night() -> None:
    assert read("今夜2:00", tokyo(11, 21, 1)) == tokyo(11, 21, 2)


def test_a_time_the_clock_skips_is_not_understood() -> None:
    with pytest.raises(NotUnderstood):
        read("2026-03-08 2:30", zone=NEW_YORK)


def test_of_a_time_the_clock_shows_twice_the_first_is_meant() -> None:
    first = datetime(2026, 11, 1, 1, 30, tzinfo=NEW_YORK, fold=0)
    assert read("2026-11-01 1:30", zone=NEW_YORK).isoformat() == "2026-11-01T01:30:00-04:00"
    assert read("2026-11-01 1:30", zone=NEW_YORK) == first.astimezone(UTC)


def test_hours_added_to_the_answer_are_hours_also_over_a_change_of_clocks() -> None:
    before = read("2026-03-08 1:00", zone=NEW_YORK)
    assert before + timedelta(hours=2) == datetime(2026, 3, 8, 4, 0, tzinfo=NEW_YORK)


def test_a_bidi_mark_in_a_time_is_refused() -> None:
    with pytest.raises(RefusedCharacters):
        read("22:00\u202e")


def test_a_naive_now_is_an_error() -> None:
    with pytest.raises(ValueError, match="aware"):
        read("22:00", datetime(2026, 11, 20, 9))


@pytest.mark.parametrize(
    ("typed", "start", "end"),
    [
        ("22:00〜26:00", tokyo(11, 20, 22), tokyo(11, 21, 2)),
        ("22:00～26:00", tokyo(11, 20, 22), tokyo(11, 21, 2)),
        ("22:00-26:00", tokyo(11, 20, 22), tokyo(11, 21, 2)),
        ("22:00 – 26:00", tokyo(11, 20, 22), tokyo(11, 21, 2)),
        ("２２：００〜２６：００", tokyo(11, 20, 22), tokyo(11, 21, 2)),
        ("今夜22:00〜26:00", tokyo(11, 20, 22), tokyo(11, 21, 2)),
        ("22:00〜2:00", tokyo(11, 20, 22), tokyo(11, 21, 2)),
        ("26:00〜29:00", tokyo(11, 21, 2), tokyo(11, 21, 5)),
        ("22:00から翌営業日9:00まで", tokyo(11, 20, 22), tokyo(11, 24, 9)),
        ("11/27 22:00〜26:00", tokyo(11, 27, 22), tokyo(11, 28, 2)),
        ("2026-11-27 22:00-26:00", tokyo(11, 27, 22), tokyo(11, 28, 2)),
        ("11/27 22:00〜11/28 5:00", tokyo(11, 27, 22), tokyo(11, 28, 5)),
        ("tomorrow 9:00 to 12:00", tokyo(11, 21, 9), tokyo(11, 21, 12)),
        ("翌営業日9:00〜終業", tokyo(11, 24, 9), tokyo(11, 24, 18)),
    ],
)
def test_a_range_is_a_window(typed: str, start: datetime, end: datetime) -> None:
    assert read_range(typed) == Window(start, end)


@pytest.mark.parametrize("example", RANGES)
def test_every_example_of_a_range_is_understood(example: str) -> None:
    assert read_range(example).length > timedelta(0)


@pytest.mark.parametrize(
    "unclear",
    ["22:00", "22:00〜", "〜22:00", "11/27 22:00〜11/26 5:00", "20:00〜終業", "2026-11-27T22:00-05:00"],
)
def test_a_range_that_does_not_end_after_its_start_is_not_understood(unclear: str) -> None:
    with pytest.raises(NotUnderstood) as answer:
        read_range(unclear)
    assert answer.value.examples == RANGES


@pytest.mark.parametrize(
    ("typed", "minutes"),
    [
        ("15分", 15),
        ("１５分", 15),
        ("15分間", 15),
        ("2時間", 120),
        ("1時間30分", 90),
        ("1時間半", 90),
        ("1.5時間", 90),
        ("90m", 90),
        ("90 min", 90),
        ("1h30m", 90),
        ("1h 30m", 90),
        ("2h", 120),
        ("2 hours", 120),
        ("1d", 1440),
        ("3日間", 4320),
        ("1日12時間", 2160),
        ("PT1H", 60),
        ("PT1H30M", 90),
        ("P1DT2H", 1560),
        ("PT5400S", 90),
        ("0分", 0),
    ],
)
def test_a_length_of_time(typed: str, minutes: int) -> None:
    assert parse_duration(typed) == timedelta(minutes=minutes)


@pytest.mark.parametrize("example", DURATIONS)
def test_every_example_of_a_length_is_understood(example: str) -> None:
    assert parse_duration(example) > timedelta(0)


@pytest.mark.parametrize("unclear", ["", "30", "半", "P", "PT", "-1h", "1h-", "1h2h", "3661d", "9" * 5000 + "m", "∞"])
def test_a_length_without_a_unit_or_beyond_measure_is_not_understood(unclear: str) -> None:
    with pytest.raises(NotUnderstood) as answer:
        parse_duration(unclear)
    assert answer.value.examples == DURATIONS


@given(text=st.text(max_size=40) | st.from_regex(r"[0-9/: 〜明日終業翌営分時h-]{1,20}", fullmatch=True))
def test_whatever_is_typed_gets_an_answer(text: str) -> None:
    readers: list[Any] = [read, read_range, parse_duration]
    for reader in readers:
        try:
            reader(text)
        except (NotUnderstood, RefusedCharacters):
            continue


@given(day=st.dates(date(2026, 1, 1), date(2027, 12, 31)), hour=st.integers(0, 47), minute=st.integers(0, 59))
def test_a_dated_time_is_that_many_hours_into_its_day(day: date, hour: int, minute: int) -> None:
    midnight = datetime(day.year, day.month, day.day, tzinfo=TOKYO)
    assert read(f"{day} {hour}:{minute:02}") == midnight + timedelta(hours=hour, minutes=minute)


@given(minutes=st.integers(0, 60 * 24 * 30))
def test_every_way_to_write_a_length_means_the_same(minutes: int) -> None:
    hours, rest = divmod(minutes, 60)
    ways = (
        f"{hours}時間{rest}分",
        f"{hours}h{rest}m",
        f"PT{hours}H{rest}M",
        f"{minutes}分",
        f"PT{minutes * 60}S",
    )
    assert {parse_duration(way) for way in ways} == {timedelta(minutes=minutes)}


def test_both_ends_of_tomorrow_are_one_day() -> None:
    assert read_range("明日9:00〜明日12:00") == Window(tokyo(11, 21, 9), tokyo(11, 21, 12))
    assert read_range("11/27 22:00〜翌日2:00") == Window(tokyo(11, 27, 22), tokyo(11, 28, 2))


def test_times_lengths_and_days_are_found_in_a_sentence() -> None:
    said = "決済を11/27(金) 22時から2時間、木曜は休み v1.2h 10:30x PT30M"
    assert [(one.kind, said[one.start : one.end]) for one in named_in(said)] == [
        ("time", "11/27(金) 22時"),
        ("length", "2時間"),
        ("day", "木曜"),
        ("length", "PT30M"),
    ]


@given(st.text(max_size=60))
def test_whatever_the_text_what_is_found_lies_apart_and_in_order(text: str) -> None:
    found = named_in(text)
    assert all(0 <= one.start < one.end <= len(text) for one in found)
    assert all(one.end <= other.start for one, other in pairwise(found))
