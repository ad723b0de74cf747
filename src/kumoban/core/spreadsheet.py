"""Rows as CSV that a spreadsheet opens as it is meant: UTF-8 with its mark, and nothing in it that would be run."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

__all__ = ["csv_lines", "harmless"]

_BYTE_ORDER_MARK = "\ufeff"
_RUN = ("=", "+", "-", "@", "\t", "\r")


class _Line:
    """What csv writes to: each line is handed back."""

    def write(self, line: str) -> str:
        return line


def csv_lines(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """Line by line, so that a long table is never held whole."""
    writer = csv.writer(_Line())
    yield _BYTE_ORDER_MARK + str(writer.writerow(head))
    for row in rows:
        yield str(writer.writerow([harmless(cell) for cell in row]))


def harmless(cell: Any) -> str:
    """A spreadsheet must not run what somebody typed."""
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.startswith(_RUN) else text
