"""Forms are complete, frozen and clean: no hidden characters, one spelling, blank means absent, nothing extra."""

from __future__ import annotations

import unicodedata
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from kumoban.core.calendar import BusinessCalendar
from kumoban.core.form import Form, OfficeTime, Reading, Until, window_of
from kumoban.core.reason import Reason

TOKYO = ZoneInfo("Asia/Tokyo")
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=TOKYO)
#: characters that make a text look like another, or end it early
CONTROL = [chr(code) for code in (*range(9), 0x0B, 0x0C, *range(0x0E, 0x20), *range(0x7F, 0xA0))]
BIDI = [chr(code) for code in (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))]
HIDDEN = [*CONTROL, *BIDI, "\u2028", "\u2029"]
clean = st.text("abcXYZ019 がか\u3099é株、。ー", min_size=1, max_size=20).filter(lambda text: bool(text.strip()))


class Sample(Form):
    prose: ClassVar[frozenset[str]] = frozenset({"reason"})
    typed: ClassVar[frozenset[str]] = frozenset({"ticket"})

    word: str = "none"
    reason: str | None = None
    ticket: str | None = None
    items: tuple[str, ...] = ()
    until: Annotated[datetime | timedelta, Until()] = timedelta(minutes=5)
    start: Annotated[datetime | None, OfficeTime()] = None


def read(data: dict[str, Any], changes: list[Reason] | None = None) -> Sample:
    calendar = BusinessCalendar(zone=TOKYO)
    return Sample.read(data, Reading(NOON, TOKYO, calendar, changes if changes is not None else []))


@pytest.mark.parametrize("field", ["word", "reason", "ticket", "items"])
@settings(max_examples=60)
@given(hidden=st.sampled_from(HIDDEN), before=clean, after=clean)
def test_a_hidden_character_inside_a_text_is_refused_in_every_field(
    field: str, hidden: str, before: str, after: str
) -> None:
    text = f"{before.strip()}{hidden}{after.strip()}"
    with pytest.raises(ValidationError) as refused:
        read({field: [text] if field == "items" else text})
    assert refused.value.errors()[0]["type"] == "refused_characters"


@pytest.mark.parametrize("field", ["word", "reason", "ticket"])
@pytest.mark.parametrize("character", ["\x00", *BIDI])
def test_a_hidden_character_around_a_text_is_refused_too(field: str, character: str) -> None:
    for text in (f"{character}abc", f"abc{character}"):
        with pytest.raises(ValidationError):
            read({field: text})


def test_a_lone_surrogate_is_refused() -> None:
    with pytest.raises(ValidationError):
        read({"word": "a\ud800b"})


@given(clean)
def test_every_text_is_stored_in_one_spelling(text: str) -> None:
    apart, joined = unicodedata.normalize("NFD", text), unicodedata.normalize("NFC", text)
    for field in ("word", "reason", "ticket"):
        stored = getattr(read({field: apart}), field)
        assert stored == getattr(read({field: joined}), field)
        assert unicodedata.is_normalized("NFC", stored)


@pytest.mark.parametrize("blank", ["", "   ", "\u3000", None])
def test_blank_means_absent(blank: str | None) -> None:
    empty = read({})
    assert read({"word": blank, "reason": blank, "ticket": blank, "items": [blank, blank], "until": blank}) == empty


@given(st.text("abcdef_", min_size=1, max_size=12).filter(lambda name: name not in Sample.model_fields))
def test_a_field_the_form_does_not_have_is_refused_by_name(name: str) -> None:
    with pytest.raises(ValidationError) as refused:
        read({name: "x"})
    (error,) = refused.value.errors()
    assert (error["type"], error["loc"]) == ("extra_forbidden", (name,))


def test_a_form_cannot_be_changed_after_it_was_read() -> None:
    with pytest.raises(ValidationError):
        read({}).word = "other"  # type: ignore[misc]


def test_a_megabyte_of_text_is_refused_before_it_is_looked_at() -> None:
    with pytest.raises(ValidationError) as refused:
        read({"reason": "x" * 1_000_000})
    assert refused.value.errors()[0]["type"] == "too_much_text"


def test_what_was_mended_in_a_typed_name_is_told() -> None:
    changes: list[Reason] = []
    assert read({"ticket": "ＯＰＳ－１２"}, changes).ticket == "OPS-12"
    assert {change.code for change in changes} == {"normalised_width"}


def test_prose_keeps_its_lines() -> None:
    assert read({"reason": "一行目\n二行目"}).reason == "一行目\n二行目"


@given(
    clean,
    st.lists(clean, max_size=3),
    st.integers(60, 10**6) | st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(TOKYO)),
)
def test_a_stored_form_reads_back_to_itself_whoever_reads_it(
    text: str, items: list[str], until: int | datetime
) -> None:
    end = timedelta(seconds=until) if isinstance(until, int) else until
    form = read({"word": text, "reason": text, "ticket": text, "items": items, "until": end})
    assert Sample.model_validate(form.stored()) == form


def test_a_length_counts_from_the_approval_and_a_time_is_an_instant() -> None:
    assert window_of(None, timedelta(minutes=30)).duration == timedelta(minutes=30)
    assert window_of(NOON, timedelta(minutes=30)).ends_at == NOON + timedelta(minutes=30)
    assert window_of(None, NOON).ends_at == NOON
