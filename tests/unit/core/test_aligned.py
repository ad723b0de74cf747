"""A text as it is written, with the place where each character was typed."""

from __future__ import annotations

import re
from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from kumoban.core.normalise import RefusedCharacters, aligned, normalise, plain, visible

OFFICE = st.text(alphabet=st.sampled_from("２２：００〜～-ー―ｻｰﾊﾞｶﾞAａ 　、。①㍻ﬁ決済か\u3099é\u0301\n"), max_size=40)


def test_full_width_is_read_and_its_place_kept() -> None:
    read = aligned("今夜　２２：００")
    assert read.value == "今夜 22:00"
    assert read.typed[slice(*read.typed_at(3, 8))] == "２２：００"


def test_a_letter_and_its_mark_are_one_place() -> None:
    read = aligned("ﾊﾞｯｸ")
    assert read.value == "バック"
    assert read.typed_at(0, 1) == (0, 2)


def test_a_refused_character_is_part_of_no_word() -> None:
    assert aligned("a\u202eb").value == "a\ufffdb"


def test_what_shows_as_nothing_is_named() -> None:
    assert visible("a\u202eb\u200bc") == "a[U+202E]b[U+200B]c"


@given(st.one_of(OFFICE, st.text(max_size=60)))
def test_it_reads_what_the_normaliser_reads(text: str) -> None:
    with suppress(RefusedCharacters):
        expected = normalise(text, "time").value
        written = aligned(text.strip()).value.replace("。", ".").replace("、", ", ")
        assert re.sub(r"\s+", " ", written).strip() == expected


@given(st.one_of(OFFICE, st.text(max_size=60)))
def test_many_names_are_read_at_once_as_they_are_in_a_text(text: str) -> None:
    with suppress(RefusedCharacters):
        normalise(text.strip(), "name")
        assert plain(text.strip()) == aligned(text.strip()).value


@given(st.text(max_size=80))
def test_places_cover_the_text_in_order(text: str) -> None:
    read = aligned(text)
    assert len(read.places) == len(read.value)
    assert list(read.places) == sorted(read.places)
    assert all(0 <= start < end <= len(text) for start, end in read.places)
