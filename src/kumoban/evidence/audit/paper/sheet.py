"""A document for people as plain blocks, and the PDF of it: A4, numbered pages, every letter in the file."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from django.utils.translation import gettext as _
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import LongTable, Paragraph, SimpleDocTemplate, Spacer, TableStyle

from kumoban.evidence.audit.paper.letters import Letters, letters

__all__ = ["Document", "Facts", "Heading", "Said", "Table", "pdf", "texts_of"]


@dataclass(frozen=True)
class Heading:
    text: str


@dataclass(frozen=True)
class Said:
    text: str


@dataclass(frozen=True)
class Facts:
    """Names and values beside one another."""

    rows: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Table:
    """``widths``: of each column, in parts of the whole."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    widths: Sequence[float]


Block = Heading | Said | Facts | Table


@dataclass(frozen=True)
class Document:
    """``foot`` stands on every page, with its number."""

    title: str
    blocks: Sequence[Block]
    foot: str
    language: str


def texts_of(document: Document) -> Iterator[str]:
    """Every text that will be printed."""
    yield from (document.title, document.foot, _page(0, 0))
    for block in document.blocks:
        if isinstance(block, Heading | Said):
            yield block.text
        elif isinstance(block, Facts):
            yield from (cell for row in block.rows for cell in row)
        else:
            yield from block.head
            yield from (cell for row in block.rows for cell in row)


def pdf(document: Document, cut: Letters | None = None) -> bytes:
    """The same document gives the same bytes. ``cut``: letters that hold those of this document, among others."""
    found = cut or letters(texts_of(document))
    with _one_at_a_time:
        font = TTFont(found.name, io.BytesIO(found.font))
        pdfmetrics.registerFont(font)
        try:
            return _made(document, found)
        finally:  # reportlab keeps every font by name for the life of the process; this one is of this document
            pdfmetrics._fonts.pop(found.name, None)  # type: ignore[attr-defined]
            pdfmetrics._dynFaceNames.pop(font.face.name, None)  # type: ignore[attr-defined]


_one_at_a_time = threading.Lock()
_MARGIN = 18 * mm
_WIDTH = A4[0] - 2 * _MARGIN
_GREY = colors.HexColor("#5c6470")
_LINE = colors.HexColor("#c9ced6")


def _made(document: Document, cut: Letters) -> bytes:
    file = io.BytesIO()
    paper = SimpleDocTemplate(
        file,
        pagesize=A4,
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=20 * mm,
        title=document.title,
        author="Kumoban",
        lang=document.language,
        invariant=1,
    )
    flowing: list[Any] = [_paragraph(document.title, cut, size=16, after=6)]
    for block in document.blocks:
        flowing += _flowing(block, cut)
    paper.build(flowing, canvasmaker=_numbering(document.foot, cut))
    return file.getvalue()


def _flowing(block: Block, cut: Letters) -> Iterable[Any]:
    if isinstance(block, Heading):
        yield _paragraph(block.text, cut, size=11.5, before=10, after=4)
    elif isinstance(block, Said):
        yield _paragraph(block.text, cut, after=4)
    elif isinstance(block, Facts):
        yield _table(block.rows, (0.28, 0.72), cut)
    else:
        yield _table([block.head, *block.rows], block.widths, cut, head=True)


def _table(rows: Sequence[Sequence[str]], widths: Sequence[float], cut: Letters, *, head: bool = False) -> Any:
    cells = [[_paragraph(cell, cut, size=8) for cell in row] for row in rows]
    lines: list[Any] = [("LINEBELOW", (0, 0), (-1, -1), 0.4, _LINE), ("VALIGN", (0, 0), (-1, -1), "TOP")]
    ground: list[Any] = [("BACKGROUND", (0, 0), (-1, 0), colors.HexColor("#eef1f5"))] if head else []
    if not cells:
        return Spacer(1, 1)
    shown = LongTable(cells, colWidths=[_WIDTH * part for part in widths], repeatRows=1 if head else 0)
    shown.setStyle(TableStyle([*lines, *ground, ("TOPPADDING", (0, 0), (-1, -1), 2)]))
    return shown


def _paragraph(text: str, cut: Letters, *, size: float = 9, before: float = 0, after: float = 0) -> Paragraph:
    style = ParagraphStyle(
        f"s{size}-{before}-{after}",
        fontName=cut.name,
        fontSize=size,
        leading=size * 1.45,
        spaceBefore=before,
        spaceAfter=after,
        wordWrap="CJK",
    )
    return Paragraph(escape(cut.spelt(text)).replace("\n", "<br/>"), style)


def _numbering(foot: str, cut: Letters) -> type[Canvas]:
    """A canvas that knows how many pages there are before it writes their numbers."""

    class Numbered(Canvas):
        def __init__(self, *given: Any, **named: Any) -> None:
            super().__init__(*given, **{**named, "initialFontName": cut.name})
            self._kept: list[dict[str, Any]] = []

        def showPage(self) -> None:
            self._kept.append(dict(self.__dict__))
            self._startPage()  # type: ignore[attr-defined]

        def save(self) -> None:
            for number, page in enumerate(self._kept, 1):
                self.__dict__.update(page)
                self.setFont(cut.name, 7)
                self.setFillColor(_GREY)
                self.drawString(_MARGIN, 10 * mm, cut.spelt(foot))
                self.drawRightString(A4[0] - _MARGIN, 10 * mm, cut.spelt(_page(number, len(self._kept))))
                Canvas.showPage(self)
            Canvas.save(self)

    return Numbered


def _page(number: int, of: int) -> str:
    return _("Page %(number)s of %(of)s") % {"number": number, "of": of}
