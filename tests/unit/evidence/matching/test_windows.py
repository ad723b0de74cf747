"""When somebody was allowed in: whatever the windows and the use, nothing outside is ever called inside."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from kumoban.evidence.matching.windows import PAUSE, SKEW, Seen, Window, covering, judged, spans

BEGIN = datetime(2026, 11, 1, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)

minutes = st.integers(0, 3000)


def at(n: int) -> datetime:
    return BEGIN + n * MINUTE


@st.composite
def windows(draw: st.DrawFn) -> Window:
    start, length = draw(minutes), draw(st.one_of(st.none(), st.integers(0, 600)))
    life = draw(st.integers(15, 720)) * MINUTE
    return Window(at(start), None if length is None else at(start + length), life, "grant", "R-1")


@st.composite
def uses(draw: st.DrawFn) -> Seen:
    first, length = draw(minutes), draw(st.integers(0, 90))
    before = draw(st.one_of(st.none(), st.integers(0, 720)))
    return Seen(at(first), at(first + length), None if before is None else at(first - before))


@given(st.lists(windows(), max_size=5), uses())
def test_what_is_covered_lies_within_one_window_and_the_life_of_its_credentials(found: list[Window], use: Seen) -> None:
    window = covering(found, use)
    if window is None:
        return
    assert window.start - SKEW <= use.first
    if window.end is not None:
        assert use.last <= window.end + window.life + SKEW
        assert use.issued is None or use.issued <= window.end + SKEW


@given(windows(), st.integers(0, 600), st.integers(0, 600))
def test_use_between_beginning_and_end_is_always_covered(window: Window, a: int, b: int) -> None:
    end = window.end or window.start + 600 * MINUTE
    first, last = sorted((min(window.start + a * MINUTE, end), min(window.start + b * MINUTE, end)))
    assert covering([window], Seen(first, last, first)) == window


@given(windows(), st.integers(2, 600))
def test_use_before_the_beginning_is_never_covered(window: Window, before: int) -> None:
    first = window.start - before * MINUTE
    assert covering([window], Seen(first, first + 2 * before * MINUTE)) is None


@given(windows(), st.integers(2, 600), st.booleans())
def test_use_after_the_life_of_the_credentials_or_with_newer_ones_is_never_covered(
    window: Window, after: int, newer: bool
) -> None:
    if window.end is None:
        return
    late = window.end + (timedelta() if newer else window.life) + after * MINUTE
    assert covering([window], Seen(window.start, late, late if newer else window.start)) is None


@given(st.lists(windows(), max_size=4), st.lists(uses(), min_size=1, max_size=4))
def test_a_session_is_whole_only_where_every_part_is_covered(found: list[Window], parts: list[Seen]) -> None:
    first, whole = judged(found, parts)
    assert whole == all(covering(found, part) for part in parts)
    assert (first is not None) == any(covering(found, part) for part in parts)


@given(st.lists(uses(), max_size=30))
def test_sessions_divide_all_parts_and_pauses_lie_between_them_only(parts: list[Seen]) -> None:
    ordered = sorted(parts, key=lambda part: part.first)
    found = spans(ordered)
    assert [position for span in found for position in span] == list(range(len(ordered)))
    for span, following in itertools.pairwise(found):
        assert ordered[following[0]].first - max(ordered[position].last for position in span) > PAUSE
    for span in found:
        for position in span[1:]:
            reached = max(ordered[other].last for other in span if other < position)
            assert ordered[position].first - reached <= PAUSE


def test_two_grants_one_after_the_other_cover_what_lies_across_their_border_by_parts() -> None:
    one = Window(at(0), at(60), HOUR, "grant", "R-1")
    two = Window(at(60), at(120), HOUR, "grant", "R-2")
    parts = [Seen(at(30), at(59)), Seen(at(61), at(119)), Seen(at(121), at(170), at(100))]
    assert judged([one, two], parts) == (one, True)
    assert judged([one], parts)[1] is False
