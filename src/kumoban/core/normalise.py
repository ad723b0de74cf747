"""The one normaliser of what offices type, which says what it changed.

Full-width letters, the many dashes, 〜, 。 and 、 become what identifiers, names and times are written with.
Control and bidirectional characters are refused, never mended: they can make a name look like another.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from kumoban.core.reason import Reason

__all__ = ["Aligned", "Kind", "Normalised", "RefusedCharacters", "aligned", "normalise", "plain", "visible"]

#: ``text`` is prose of several lines and is only brought to NFC; every other kind is one line
Kind = Literal["name", "identifier", "time", "cidr", "text"]

#: shown as nothing at all; pasted along from chats and spreadsheets, so dropped (and told), not refused
_INVISIBLE = re.compile("[\u00ad\u200b\u200c\u200d\u2060\ufeff]")
_BIDI = {*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C}
#: control, lone surrogate, line and paragraph separator; in one line also every other invisible format mark
_REFUSED_ANYWHERE = {"Cc", "Cs", "Zl", "Zp"}
_REFUSED_IN_A_LINE = {*_REFUSED_ANYWHERE, "Cf"}
#: hyphens, dashes, minus signs, and the box-drawing lines that Japanese keyboards offer beside them
_DASHES = re.compile("[‐‑‒–—―⁃−─━﹘﹣－]")
#: the long vowel mark is a letter (サーバー); between digits or Latin letters somebody meant a hyphen
_LONG_VOWEL = re.compile("(?<=[0-9A-Za-z])ー(?=[0-9A-Za-z])")
_SHOWN = 80


@dataclass(frozen=True)
class Normalised:
    """The value to use, and what was changed to get there."""

    value: str
    changes: tuple[Reason, ...] = ()


class RefusedCharacters(ValueError):
    """Characters no field takes: where they stand (from 0) and what Unicode calls them."""

    def __init__(self, found: tuple[tuple[int, str], ...]) -> None:
        super().__init__(", ".join(f"{name} ({position + 1})" for position, name in found[:5]))
        self.found = found

    @property
    def positions(self) -> tuple[int, ...]:
        return tuple(position for position, _ in self.found)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for _, name in self.found)


def normalise(text: str, kind: Kind) -> Normalised:
    """``text`` as this kind is written; the same again when normalised again. Raises RefusedCharacters.

    Spaces around it go without a word; each other change is a Reason with ``before`` and ``after``.
    """
    _refuse(text, kind)
    if kind == "text":
        return Normalised(unicodedata.normalize("NFC", text))
    value, changes = text.strip(), []
    for code, mend in _MENDS:
        before, value = value, mend(value, kind)
        if value != before:
            changes.append(Reason(code, {"before": before[:_SHOWN], "after": value[:_SHOWN]}))
    return Normalised(value, tuple(changes))


@dataclass(frozen=True)
class Aligned:
    """A text as ``normalise`` writes it, lines and spaces kept; ``places`` are where each character was typed."""

    value: str
    #: by character of ``value``, the first and the one after the last of ``typed`` that it comes from
    places: tuple[tuple[int, int], ...]
    typed: str

    def typed_at(self, start: int, end: int) -> tuple[int, int]:
        """Where ``value[start:end]``, which is not empty, stands in what was typed."""
        return self.places[start][0], self.places[end - 1][1]


def aligned(text: str) -> Aligned:
    """Never raises: a character that ``normalise`` refuses becomes U+FFFD, which is part of no word."""
    value, places, start = "", [], 0
    while start < len(text):
        end = _cluster(text, start)
        written = _written(text[start:end])
        value += written
        places += [(start, end)] * len(written)
        start = end
    return Aligned(_LONG_VOWEL.sub("-", value), tuple(places), text)


def plain(text: str) -> str:
    """The value of ``aligned``, at once: for thousands of names, in which no character is refused."""
    written = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)).replace("〜", "~")
    return _LONG_VOWEL.sub("-", _DASHES.sub("-", written))


def visible(text: str) -> str:
    """For showing what was typed: a character that is refused, or shows as nothing, by its number (U+202E)."""
    hidden = (char for char in text if _INVISIBLE.match(char) or _refused(char, "text"))
    named = {char: f"[U+{ord(char):04X}]" for char in hidden}
    return "".join(named.get(char, char) for char in text)


def _cluster(text: str, start: int) -> int:
    """The end of the characters from ``start`` that NFKC writes together: a letter and the marks upon it."""
    end = start + 1
    while end < len(text) and _belongs(text[start:end], text[end]):
        end += 1
    return end


def _belongs(cluster: str, char: str) -> bool:
    if unicodedata.combining(char):
        return True
    if char.isascii() or cluster.isascii():
        return False
    folded = unicodedata.normalize
    return folded("NFKC", cluster + char) != folded("NFKC", cluster) + folded("NFKC", char)


def _written(cluster: str) -> str:
    if cluster in "\n\r\t":
        return cluster
    if any(_refused(char, "name") for char in cluster):
        return "\ufffd"
    visible = _INVISIBLE.sub("", cluster)
    return _DASHES.sub("-", unicodedata.normalize("NFKC", visible).replace("〜", "~"))


def _refuse(text: str, kind: Kind) -> None:
    """A line break that merely surrounds a pasted line is trimmed like a space; one inside is refused."""
    inside = range(len(text) - len(text.lstrip()), len(text.rstrip()))
    found = tuple(
        (position, unicodedata.name(char, f"U+{ord(char):04X}"))
        for position, char in enumerate(text)
        if _refused(char, kind) and (position in inside or not char.isspace())
    )
    if found:
        raise RefusedCharacters(found)


def _refused(char: str, kind: Kind) -> bool:
    if ord(char) in _BIDI:
        return True
    if kind == "text":
        return char not in "\n\r\t" and unicodedata.category(char) in _REFUSED_ANYWHERE
    return char != "\t" and not _INVISIBLE.match(char) and unicodedata.category(char) in _REFUSED_IN_A_LINE


def _visible(value: str, kind: Kind) -> str:
    return _INVISIBLE.sub("", value)


def _width(value: str, kind: Kind) -> str:
    """NFKC: full-width letters, digits, colons and spaces, half-width kana, ligatures, circled digits."""
    return unicodedata.normalize("NFKC", value).strip()


def _dashes(value: str, kind: Kind) -> str:
    return _LONG_VOWEL.sub("-", _DASHES.sub("-", value.replace("〜", "~")))


def _stops(value: str, kind: Kind) -> str:
    """、 stays where it may belong to a name; elsewhere it separates."""
    value = value.replace("。", ".")
    return value if kind == "name" else value.replace("、", ", ")


def _spaces(value: str, kind: Kind) -> str:
    return re.sub(r"\s+", " ", value).strip()


_MENDS: tuple[tuple[str, Callable[[str, Kind], str]], ...] = (
    ("normalised_invisible", _visible),
    ("normalised_width", _width),
    ("normalised_dash", _dashes),
    ("normalised_stop", _stops),
    ("normalised_space", _spaces),
)
