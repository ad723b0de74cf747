"""The one normaliser of what offices type, which says what it changed.

Full-width letters, the many dashes, 〜, 。 and 、 become what identifiers, names and times are written with.
Control and bidirectional characters are refused, never mended: they can make a name look like another.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from kumoban.core.reason import Reason

__all__ = ["Kind", "Normalised", "RefusedCharacters", "normalise"]

Kind = Literal["name", "identifier", "time", "cidr", "text"]

_BIDI = {*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C}
_LINE_BREAKS = "\n\r\t"
_DASHES = "‐‑‒–—―−－"
_LONG_VOWEL = re.compile(r"(?<![ぁ-んァ-ヶー一-龠々])ー|ー(?=[0-9A-Za-z])")


@dataclass(frozen=True)
class Normalised:
    """The value to use, and what was changed to get there."""

    value: str
    changes: tuple[Reason, ...] = ()


class RefusedCharacters(ValueError):
    """Control or bidirectional characters, with their positions (from 0) and Unicode names."""

    def __init__(self, found: tuple[tuple[int, str], ...]) -> None:
        super().__init__(", ".join(f"{name} ({position + 1})" for position, name in found[:5]))
        self.found = found


def normalise(text: str, kind: Kind) -> Normalised:
    """``text`` as this kind is written. Raises RefusedCharacters."""
    _refuse(text, _LINE_BREAKS if kind == "text" else "\t")
    if kind == "text":
        return Normalised(unicodedata.normalize("NFC", text))
    value, changes = text, []
    for code, mend in (("normalised_dash", _dashes), ("normalised_width", _width), ("normalised_stop", _stops)):
        before, value = value, mend(value, kind)
        if value != before:
            changes.append(Reason(code, {"before": before[:80], "after": value[:80]}))
    return Normalised(re.sub(r"\s+", " ", value).strip(), tuple(changes))


def _refuse(text: str, allowed: str) -> None:
    found = tuple(
        (position, unicodedata.name(char, f"U+{ord(char):04X}"))
        for position, char in enumerate(text)
        if char not in allowed and (ord(char) in _BIDI or unicodedata.category(char) == "Cc")
    )
    if found:
        raise RefusedCharacters(found)


def _dashes(value: str, kind: Kind) -> str:
    if kind == "time":
        value = re.sub("[〜～]", "~", value)
    value = re.sub(f"[{_DASHES}]", "-", value)
    return _LONG_VOWEL.sub("-", value) if kind != "name" or value.isascii() else value


def _width(value: str, kind: Kind) -> str:
    return unicodedata.normalize("NFKC", value)


def _stops(value: str, kind: Kind) -> str:
    return value.replace("。", ".").replace("、", ", ") if kind != "name" else value.replace("。", ".")
