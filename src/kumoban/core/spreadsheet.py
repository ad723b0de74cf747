"""Rows as CSV that a spreadsheet opens as it is meant, and those it wrote: nothing in them that would be run."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from kumoban.core.reason import Reason, Refused

__all__ = ["csv_lines", "csv_rows", "harmless"]

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


def csv_rows(text: str) -> Iterator[list[str]]:
    """The cells, trimmed, line by line, whatever the line ends are. Raises Refused for what is not CSV."""
    reader = csv.reader(io.StringIO(text.removeprefix(_BYTE_ORDER_MARK), newline=None))
    try:
        for row in reader:
            yield [cell.strip() for cell in row]
    except csv.Error as unreadable:
        raise Refused(Reason("csv_not_read", {"line": reader.line_num})) from unreadable


def harmless(cell: Any) -> str:
    """A spreadsheet must not run what somebody typed."""
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.startswith(_RUN) else text
