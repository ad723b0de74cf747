"""The command line speaks the reader's language: ``KUMOBAN_LANGUAGE``, else the locale; Japanese or English.

It reads the compiled catalogues themselves, because a command for people needs neither settings nor a database.
"""

from __future__ import annotations

import gettext as catalogues
import os
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path

__all__ = ["columns", "gettext", "gettext_noop", "language", "local", "ngettext", "width"]

_PACKAGE = Path(__file__).resolve().parent.parent
_LOCALE = ("KUMOBAN_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")


def language() -> str:
    """``ja`` or ``en``: the first of the variables that is set decides."""
    chosen = next((value for name in _LOCALE if (value := os.environ.get(name, ""))), "")
    return "ja" if chosen.lower().startswith("ja") else "en"


def gettext_noop(text: str) -> str:
    """Marks a msgid that is translated where it is shown."""
    return text


def gettext(text: str) -> str:
    return _catalogue(language()).gettext(text) if text else ""


def ngettext(one: str, many: str, n: int) -> str:
    return _catalogue(language()).ngettext(one, many, n)


@lru_cache(maxsize=2)
def _catalogue(chosen: str) -> catalogues.NullTranslations:
    """The desk's catalogue, then each routine's."""
    first = catalogues.NullTranslations()
    for folder in (_PACKAGE / "locale", *sorted(_PACKAGE.glob("routines/*/locale"))):
        found = catalogues.translation("django", folder, [chosen], fallback=True)
        if isinstance(found, catalogues.GNUTranslations):
            first.add_fallback(found)
    return first


def local(at: str | None) -> str:
    """An instant of the API in this machine's zone: 11/24(火) 14:02 or Tue 24 Nov 14:02."""
    if not at:
        return ""
    here = datetime.fromisoformat(at).astimezone()
    if language() == "ja":
        return f"{here.month}/{here.day}({'月火水木金土日'[here.weekday()]}) {here:%H:%M}"
    return f"{here:%a} {here.day} {here:%b %H:%M}"


def width(text: str) -> int:
    """Columns of a terminal: a Japanese character takes two."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def columns(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines with their columns aligned; the last column is not padded."""
    table = [list(head), *([str(cell) for cell in row] for row in rows)]
    wide = [max(width(row[index]) for row in table) for index in range(len(head))]
    return ["  ".join(cell + " " * (wide[i] - width(cell)) for i, cell in enumerate(row)).rstrip() for row in table]
