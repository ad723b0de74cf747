"""Files a page offers: sent in parts, never held whole."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.http import StreamingHttpResponse

from kumoban.core.spreadsheet import csv_lines

__all__ = ["sent_as", "table"]


def table(name: str, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> StreamingHttpResponse:
    """A CSV that a spreadsheet opens as it is."""
    return sent_as(f"{name}.csv", "text/csv", csv_lines(head, rows))


def sent_as(name: str, kind: str, lines: Iterable[str]) -> StreamingHttpResponse:
    response = StreamingHttpResponse(lines, content_type=f"{kind}; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
