"""A pasted line being understood: what of it was taken for what, and what of it was not.

Deterministic, and nothing is taken twice: every piece says where in the text it stands. What may mean several
things is told with what it may mean; what means nothing is told as it was typed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from kumoban.core.form import Reading
from kumoban.core.normalise import Aligned, RefusedCharacters, aligned, plain, visible
from kumoban.core.office_time import Named, NotUnderstood, named_in, parse_duration, parse_range, parse_time
from kumoban.core.reason import Reason

__all__ = ["LONGEST", "Lexicon", "Piece", "Place", "Text", "Unclear", "Understood", "times_said"]

#: characters of a text that is read
LONGEST = 4_000

#: where something stands in the text as it was typed: [start, end)
Place = tuple[int, int]


@dataclass(frozen=True)
class Piece:
    """Words understood as ``values`` of the form's ``field`` (``extra.<key>`` for the company's own)."""

    field: str
    values: tuple[str, ...]
    places: tuple[Place, ...]
    #: what the values are called, where they are ids
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Unclear:
    """Words that belong to ``field`` and may mean several of ``candidates`` (value, label), or need one of them."""

    field: str
    reason: Reason
    places: tuple[Place, ...]
    candidates: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Understood:
    """All of one text: what it says, what is unclear in it, and where it was not understood."""

    text: str
    pieces: tuple[Piece, ...] = ()
    unclear: tuple[Unclear, ...] = ()
    left: tuple[Place, ...] = ()

    def words(self, places: Iterable[Place]) -> str:
        """As they were typed; characters that show as nothing are named."""
        return " … ".join(visible(self.text[start:end].strip()) for start, end in places)

    def values(self, name: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(value for piece in self.pieces if piece.field == name for value in piece.values))

    @property
    def fields(self) -> list[str]:
        return list(dict.fromkeys(piece.field for piece in self.pieces))


Meaning = TypeVar("Meaning")


class Lexicon(Generic[Meaning]):
    """Words and what each may mean; compared without case, full width or spelling of dashes."""

    def __init__(self, words: Iterable[tuple[str, Meaning]]) -> None:
        self._meanings: dict[str, dict[Meaning, None]] = {}
        for word, meaning in words:
            if written := _folded(plain(word.strip())):
                self._meanings.setdefault(written, {})[meaning] = None
        self._lengths = sorted({len(word) for word in self._meanings}, reverse=True)

    def at(self, folded: str, start: int) -> Iterator[tuple[int, Sequence[Meaning]]]:
        """The ends and meanings of the words that begin there, the longest first."""
        for length in self._lengths:
            if start + length <= len(folded) and (meanings := self._meanings.get(folded[start : start + length])):
                yield start + length, tuple(meanings)


def _folded(value: str) -> str:
    """Lower case, letter by letter, so that places stay where they are."""
    return "".join(low if len(low := char.lower()) == 1 else char for char in value)


_LATIN = re.compile(r"[0-9A-Za-z_]")
#: in place of what was taken; a typed one is part of no word either
_TAKEN = "\ufffc"
_UNREAD = "\ufffd"


class Text:
    """The text while it is read: what was taken is not read again."""

    def __init__(self, typed: str) -> None:
        self._aligned = aligned(typed[:LONGEST])
        self.typed = typed
        self.value = _readable(self._aligned)
        self._folded = _folded(self.value)
        #: the normalised text, with U+FFFC for every character that was taken
        self.rest = self.value

    def take(self, start: int, end: int) -> Place:
        """Raises ValueError where some of it was taken before."""
        if start >= end or not self.free(start, end):
            raise ValueError("a word means one thing")
        self.rest = self.rest[:start] + _TAKEN * (end - start) + self.rest[end:]
        return self._aligned.typed_at(start, end)

    def free(self, start: int, end: int) -> bool:
        return _TAKEN not in self.rest[start:end]

    def matches(self, pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
        """Of what is free now, one after the other."""
        at = 0
        while match := pattern.search(self.rest, at):
            yield match
            at = max(match.end(), match.start() + 1)

    def words(self, known: Lexicon[Meaning]) -> Iterator[tuple[int, int, Sequence[Meaning]]]:
        """Known words that are free, leftmost and longest first; a Latin word stands by itself."""
        at = 0
        while at < len(self.value):
            found = next((hit for hit in known.at(self._folded, at) if self._whole(at, hit[0])), None)
            if found is None:
                at += 1
                continue
            yield at, *found
            at = found[0]

    def _whole(self, start: int, end: int) -> bool:
        value = self.value
        cut_before = start > 0 and _LATIN.match(value[start]) and _word_goes_on(value, start - 1, -1)
        cut_after = end < len(value) and _LATIN.match(value[end - 1]) and _word_goes_on(value, end, 1)
        return not cut_before and not cut_after and self.free(start, end)

    def left(self, filler: re.Pattern[str], border: str) -> tuple[Place, ...]:
        """What nobody took, by runs; runs of nothing but ``filler`` are left out, ``border`` is trimmed."""
        found = []
        for run in re.finditer(r"[^\ufffc\n\r]+", self.rest):
            words = run[0].strip(border)
            if words and not filler.fullmatch(words):
                start = run.start() + run[0].index(words)
                found.append(self._aligned.typed_at(start, start + len(words)))
        if len(self.typed) > LONGEST:
            found.append((LONGEST, len(self.typed)))
        return tuple(found)


def _readable(typed: Aligned) -> str:
    """Without characters that stand for several (㏠ is 1日): half of one is no word, and two share no place."""
    shared = {place for place, count in Counter(typed.places).items() if count > 1}
    several = {place for place, one in zip(typed.places, typed.value, strict=True) if place in shared and one.isalnum()}
    return "".join(
        _UNREAD if place in several or one == _TAKEN else one
        for place, one in zip(typed.places, typed.value, strict=True)
    )


def _word_goes_on(value: str, at: int, step: int) -> bool:
    """A hyphen belongs to the word where a letter follows it: payments-prod is not payments."""
    if value[at] in "-." and 0 <= at + step < len(value):
        return bool(_LATIN.match(value[at + step]))
    return bool(_LATIN.match(value[at]))


# --- when


_TO = re.compile(r"\s*(?:~|から|より|-|to|until|till)\s*", re.IGNORECASE)
_FROM_THEN = re.compile(r"\s*(?:~|から|より|に|for|,|、|\()?\s*", re.IGNORECASE)
_AFTER_LENGTH = re.compile(r"\s*(?:from|starting(?:\s+at)?|at)\s*", re.IGNORECASE)
_UNTIL_BEFORE = re.compile(r"\b(?:until|till|by)\s*$", re.IGNORECASE)
_UNTIL_AFTER = re.compile(r"\s*(?:まで|迄)")
_SINCE_BEFORE = re.compile(r"\b(?:from|starting(?:\s+at)?)\s*$", re.IGNORECASE)
_SINCE_AFTER = re.compile(r"\s*(?:から|より|開始|スタート)")
_FOR_BEFORE = re.compile(r"\bfor\s*$", re.IGNORECASE)
_FOR_AFTER = re.compile(r"\s*(?:ほど|程度|くらい|ぐらい)")


#: an instant or a length as it was said, and where
_Said = tuple[datetime | timedelta, Place]


def times_said(
    text: Text, reading: Reading, written: Callable[[datetime | timedelta], str]
) -> tuple[list[Piece], list[Unclear]]:
    """``start`` and ``until`` as the text says them; ``written``: as they are filled into the form.

    A day that stands apart from the times, once, is the day of a time that names none.
    """
    named = [one for one in named_in(text.value) if text.free(one.start, one.end)]
    days = [one for one in named if one.kind == "day"]
    rest = [one for one in named if one.kind != "day"]
    timed = [one for one in rest if one.kind == "time"]
    apart = len(days) == 1 and bool(timed) and not any(_names_day(text, one) for one in timed)
    return _Times(text, reading, written, days[0] if apart else None).said(rest)


def _names_day(text: Text, one: Named) -> bool:
    """11/25 22:00 begins with a day."""
    said = text.value[one.start : one.end]
    return any(
        named[0].kind == "day" and named[0].start == 0
        for cut in range(2, len(said))
        if (named := named_in(said[:cut].rstrip()))
    )


@dataclass
class _Times:
    """Reads the times of a text one after the other; a time that says neither start nor end is a ``point``."""

    text: Text
    reading: Reading
    written: Callable[[datetime | timedelta], str]
    day: Named | None
    starts: list[_Said] = field(default_factory=list)
    ends: list[_Said] = field(default_factory=list)
    points: list[_Said] = field(default_factory=list)
    unclear: list[Unclear] = field(default_factory=list)

    def said(self, named: Sequence[Named]) -> tuple[list[Piece], list[Unclear]]:
        at = 0
        while at < len(named):
            at += self._pair(named, at) or self._alone(named[at])
        if len(self.points) == 1 and bool(self.starts) != bool(self.ends):
            (self.ends if self.starts else self.starts).append(self.points.pop())
        return self._told()

    def _pair(self, named: Sequence[Named], at: int) -> int:
        """22:00〜26:00, 22時から2時間, 2 hours from 10pm: how many were read together."""
        if at + 1 >= len(named):
            return 0
        one, other = named[at], named[at + 1]
        between = self.text.rest[one.end : other.start]
        kinds = (one.kind, other.kind)
        if kinds == ("time", "time") and _TO.fullmatch(between):
            return self._range(one, other)
        if kinds == ("time", "length") and _FROM_THEN.fullmatch(between):
            return self._time_and_length(one, other)
        if kinds == ("length", "time") and _AFTER_LENGTH.fullmatch(between):
            return self._time_and_length(other, one)
        return 0

    def _range(self, one: Named, other: Named) -> int:
        first, last = (self.text.value[at.start : at.end] for at in (one, other))
        said, reading = f"{self._with_day(first)}~{last}", self.reading
        try:
            window = parse_range(said, now=reading.now, zone=reading.zone, calendar=reading.calendar)
        except (NotUnderstood, RefusedCharacters):
            return 0
        if window.starts_at is None or window.ends_at is None:
            return 0
        start, _end = self._grown(one, _SINCE_BEFORE, None)
        if self._whose_day(window.starts_at, window.ends_at, other):
            place = self.text.take(start, other.end)
            self.unclear.append(Unclear("start", Reason("text_whose_day"), (place,)))
            return 2
        self.starts.append((window.starts_at, self.text.take(start, one.end)))
        self.ends.append((window.ends_at, self.text.take(*self._grown(other, None, _UNTIL_AFTER, one.end))))
        return 2

    def _whose_day(self, starts_at: datetime, ends_at: datetime, last: Named) -> bool:
        """From 22:00 until 2:00 tomorrow: does it start tomorrow, or end then?"""
        if self.day is None or self.day.start < last.end:
            return False
        zone = self.reading.zone
        return starts_at.astimezone(zone).date() < ends_at.astimezone(zone).date()

    def _time_and_length(self, time: Named, length: Named) -> int:
        start, long = self._time(time), self._length(length)
        if start is None or long is None:
            return 0
        if time.start < length.start:
            self.starts.append((start, self.text.take(*self._grown(time, _SINCE_BEFORE, None))))
            self.ends.append((long, self.text.take(*self._grown(length, None, _FOR_AFTER, time.end))))
        else:
            self.ends.append((long, self.text.take(*self._grown(length, _FOR_BEFORE, None))))
            self.starts.append((start, self.text.take(*self._grown(time, None, _SINCE_AFTER, length.end))))
        return 2

    def _alone(self, one: Named) -> int:
        value = self._length(one) if one.kind == "length" else self._time(one)
        if value is None:
            return 1
        if one.kind == "length":
            self.ends.append((value, self.text.take(*self._grown(one, _FOR_BEFORE, _FOR_AFTER))))
        elif self._beside(one, _UNTIL_BEFORE, _UNTIL_AFTER):
            self.ends.append((value, self.text.take(*self._grown(one, _UNTIL_BEFORE, _UNTIL_AFTER))))
        elif self._beside(one, _SINCE_BEFORE, _SINCE_AFTER):
            self.starts.append((value, self.text.take(*self._grown(one, _SINCE_BEFORE, _SINCE_AFTER))))
        else:
            self.points.append((value, self.text.take(one.start, one.end)))
        return 1

    def _beside(self, one: Named, before: re.Pattern[str], after: re.Pattern[str]) -> bool:
        return bool(before.search(self.text.rest[: one.start]) or after.match(self.text.rest, one.end))

    def _grown(
        self, one: Named, before: re.Pattern[str] | None, after: re.Pattern[str] | None, start: int | None = None
    ) -> tuple[int, int]:
        """Its place with the words around it that say what it is."""
        begins = one.start if start is None else start
        if before and (match := before.search(self.text.rest[: one.start])):
            begins = match.start()
        found = after.match(self.text.rest, one.end) if after else None
        return begins, found.end() if found and found[0].strip() else one.end

    def _with_day(self, said: str) -> str:
        return f"{self.text.value[self.day.start : self.day.end]} {said}" if self.day else said

    def _time(self, one: Named) -> datetime | None:
        said, reading = self._with_day(self.text.value[one.start : one.end]), self.reading
        with suppress(NotUnderstood, RefusedCharacters):
            return parse_time(said, now=reading.now, zone=reading.zone, calendar=reading.calendar)
        return None

    def _length(self, one: Named) -> timedelta | None:
        with suppress(NotUnderstood, RefusedCharacters):
            return parse_duration(self.text.value[one.start : one.end])
        return None

    def _told(self) -> tuple[list[Piece], list[Unclear]]:
        used = self.starts or self.ends or self.points
        day = (self.text.take(self.day.start, self.day.end),) if self.day and used else ()
        first = "start" if self.starts else "until"
        told = [
            self._one(name, said, day if name == first else ())
            for name, said in (("start", self.starts), ("until", self.ends))
            if said
        ]
        points = [
            Unclear("start", Reason("text_start_or_end"), (place,), ((self.written(value), ""),))
            for value, place in self.points
        ]
        pieces = [one for one in told if isinstance(one, Piece)]
        return pieces, [*self.unclear, *(one for one in told if isinstance(one, Unclear)), *points]

    def _one(self, name: str, said: Sequence[_Said], day: tuple[Place, ...]) -> Piece | Unclear:
        """Said twice it is said once: 22:00〜26:00 (4時間)."""
        places = (*day, *(place for _value, place in said))
        start = self.starts[0][0] if len({value for value, _place in self.starts}) == 1 else None
        meant = {
            start + value if isinstance(value, timedelta) and isinstance(start, datetime) else value
            for value, _place in said
        }
        values = tuple(dict.fromkeys(self.written(value) for value, _place in said))
        if len(meant) > 1:
            return Unclear(name, Reason("text_several_times"), places, tuple((value, "") for value in values))
        return Piece(name, values[:1], places)
