"""Rows as spreadsheets take and give them: nothing in them that would be run, and read back as they were given."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

import xlsxwriter

__all__ = ["DELIMITERS", "csv_lines", "decoded", "harmless", "meant", "table_of", "workbook"]

_BYTE_ORDER_MARK = "\ufeff"
#: what a spreadsheet would run, however many marks of "this is text" stand before it
_RUN = re.compile(r"'*[=+\-@\t\r]")
#: what stands between cells: CSV, Excel's CSV where the comma is a decimal sign, what is pasted from a sheet
DELIMITERS = (",", ";", "\t")


class _Line:
    """What csv writes to: each line is handed back."""

    def write(self, line: str) -> str:
        return line


def csv_lines(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """Line by line, so that a long table is never held whole."""
    writer = csv.writer(_Line())
    yield _BYTE_ORDER_MARK + str(writer.writerow([harmless(title) for title in head]))
    for row in rows:
        yield str(writer.writerow([harmless(cell) for cell in row]))


def harmless(cell: Any) -> str:
    """A spreadsheet must not run what somebody typed."""
    text = "" if cell is None else str(cell)
    return f"'{text}" if _RUN.match(text) else text


def meant(cell: str) -> str:
    """What ``harmless`` was given."""
    return cell[1:] if cell.startswith("'") and _RUN.match(cell[1:]) else cell


def decoded(content: bytes) -> str | None:
    """The text of a file as offices save it: UTF-8 with or without its mark, Excel's UTF-16, else CP932; or None."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _decoded(content, "utf-16")
    found = _decoded(content, "utf-8-sig")
    return _decoded(content, "cp932") if found is None else found


def _decoded(content: bytes, encoding: str) -> str | None:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        return None


def table_of(text: str, delimiter: str) -> list[tuple[int, list[str]]] | None:
    """The rows that are not empty, each with the number of the line it begins on; None where it is no table."""
    plain = text.removeprefix(_BYTE_ORDER_MARK)
    rows = _rows_of(io.StringIO(plain, newline=""), delimiter)
    return _rows_of(io.StringIO(plain, newline=None), delimiter) if rows is None else rows  # lines that end in CR


def _rows_of(lines: io.StringIO, delimiter: str) -> list[tuple[int, list[str]]] | None:
    reader = csv.reader(lines, delimiter=delimiter)
    rows, line = [], 1
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                rows.append((line, row))
            line = reader.line_num + 1
    except csv.Error:
        return None
    return rows


def workbook(name: str, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """An XLSX of one sheet, its head frozen: decimals are numbers, all else is text; no formula and no link."""
    held = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(held, options) as book:
        sheet = book.add_worksheet(name[:31])
        text = book.add_format({"num_format": "@", "valign": "top"})
        number = book.add_format({"num_format": "#,##0.##", "valign": "top"})
        sheet.write_row(0, 0, head, book.add_format({"bold": True, "bottom": 1}))
        widths, last = [len(title) * 2 for title in head], 0
        for last, row in enumerate(rows, start=1):
            for column, cell in enumerate(row):
                said = "" if cell is None else str(cell)
                if isinstance(cell, Decimal):
                    sheet.write_number(last, column, cell, number)
                else:
                    sheet.write_string(last, column, said, text)
                widths[column] = max(widths[column], min(len(said) + 2, 40))
        for column, width in enumerate(widths):
            sheet.set_column(column, column, max(width, 8))
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, max(last, 1), len(head) - 1)
    return held.getvalue()
