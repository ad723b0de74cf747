"""The letters of one document: cut out of Noto Sans CJK at one weight, as TrueType, which a PDF can hold.

The font comes with a package, so that every machine has it. What it has no glyph for is written as its code point: a
reader must never take an empty box for a name.
"""

from __future__ import annotations

import hashlib
import io
import logging
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

import manimgx_fonts_cjk
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTCollection, TTFont, newTable
from fontTools.varLib import instancer

__all__ = ["Letters", "letters"]

_PATH = Path(next(iter(manimgx_fonts_cjk.__path__))) / "NotoSansCJK-VF.otf.ttc"
#: of the collection: Japanese forms of the letters that China, Japan and Korea share
_JAPANESE = 0
_WEIGHT = 400
logging.getLogger("fontTools").setLevel(logging.WARNING)


class Letters:
    """``font`` is a TrueType file named ``name`` with the glyphs of all of ``text``, and of code points."""

    def __init__(self, text: Iterable[str]) -> None:
        wanted = {letter for piece in text for letter in _composed(piece)} | set(_ALWAYS)
        self._held = {letter for letter in wanted if ord(letter) in _known()}
        held = "".join(sorted(self._held))
        self.name = f"NotoSansCJKjp-{hashlib.sha256(held.encode()).hexdigest()[:16]}"
        self.font = _cut(held, self.name)

    def spelt(self, text: str) -> str:
        """The text as it can be printed: what is not held is written as its code point."""
        held = self._held
        return "".join(each if each in held or each == "\n" else f"[U+{ord(each):04X}]" for each in _composed(text))


_ALWAYS = "[]U+0123456789ABCDEF /–…"


def letters(text: Iterable[str]) -> Letters:
    return Letters(text)


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text.replace("\t", " ").replace("\r", ""))


@lru_cache(maxsize=1)
def _known() -> frozenset[int]:
    return frozenset(TTCollection(str(_PATH), lazy=True).fonts[_JAPANESE].getBestCmap())


@lru_cache(maxsize=8)
def _cut(text: str, name: str) -> bytes:
    font = TTCollection(str(_PATH), lazy=True).fonts[_JAPANESE]
    wanted = Options()
    wanted.layout_features, wanted.notdef_outline, wanted.name_IDs = [], True, [1, 2, 3, 4, 6, 13, 14]
    subsetter = Subsetter(wanted)
    subsetter.populate(text=text)
    subsetter.subset(font)
    found = instancer.instantiateVariableFont(_again(font), {"wght": _WEIGHT})
    found["name"].setName(name, 6, 3, 1, 0x409)  # by which a PDF library tells one cut from another
    return _as_truetype(found)


def _again(font: TTFont) -> TTFont:
    """Written and read once more: what was left out of the collection is then forgotten."""
    file = io.BytesIO()
    font.save(file)
    file.seek(0)
    return TTFont(file)


def _as_truetype(font: TTFont) -> bytes:
    """Its cubic curves as quadratic ones, to one unit of a thousand."""
    glyphs, order = font.getGlyphSet(), font.getGlyphOrder()
    font["loca"], font["glyf"] = newTable("loca"), newTable("glyf")
    font["glyf"].glyphOrder, font["glyf"].glyphs = order, {name: _quadratic(glyphs, name) for name in order}
    for tag in ("CFF2", "CFF ", "VORG"):
        if tag in font:
            del font[tag]
    limits = font["maxp"]
    limits.tableVersion = 0x00010000
    for name in _LIMITS:
        setattr(limits, name, 1 if name == "maxZones" else 0)
    font["post"].formatType = 3.0
    font.sfntVersion = "\000\001\000\000"
    file = io.BytesIO()
    font.save(file)
    return file.getvalue()


_LIMITS = (
    *("maxZones", "maxTwilightPoints", "maxStorage", "maxFunctionDefs", "maxInstructionDefs", "maxStackElements"),
    *("maxSizeOfInstructions", "maxComponentElements", "maxComponentDepth", "maxPoints", "maxContours"),
    *("maxCompositePoints", "maxCompositeContours"),
)


def _quadratic(glyphs: Any, name: str) -> Any:
    pen = TTGlyphPen(None)
    glyphs[name].draw(Cu2QuPen(pen, 1.0, reverse_direction=True))
    return pen.glyph()
