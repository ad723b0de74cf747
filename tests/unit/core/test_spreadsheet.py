"""CSV that a spreadsheet opens as it is meant."""

from __future__ import annotations

import pytest

from kumoban.core.spreadsheet import csv_lines, harmless, table_of


@pytest.mark.parametrize("typed", ["=1+1", "+81", "-2", "@SUM(A1)", "\tx", "\rx"])
def test_what_would_be_run_is_made_harmless(typed: str) -> None:
    assert harmless(typed) == f"'{typed}"


@pytest.mark.parametrize("typed", ["R-12", "決済", "", "1-2"])
def test_what_is_only_text_stays_as_it_is(typed: str) -> None:
    assert harmless(typed) == typed


def test_the_first_line_bears_the_mark_of_utf_8() -> None:
    assert list(csv_lines(("a", "b"), [(1, None), ("名", "x,y")])) == ["\ufeffa,b\r\n", "1,\r\n", '名,"x,y"\r\n']


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_lines_may_end_as_any_office_program_ends_them(line_end: str) -> None:
    text = line_end.join(["\ufeffdate,name", '2026-12-29,"年末, 休業"', ""])
    assert table_of(text, ",") == [(1, ["date", "name"]), (2, ["2026-12-29", "年末, 休業"])]


def test_what_is_no_csv_is_no_table() -> None:
    assert table_of("a,b\n" + "x" * 200_000, ",") is None
