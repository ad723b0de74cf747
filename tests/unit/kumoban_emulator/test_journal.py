"""The journal keeps what happened in order, and only whole lines of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from kumoban_emulator.journal import Journal, WrongScenario


def test_without_a_folder_nothing_is_kept() -> None:
    journal = Journal(None, "demo")
    journal.write({"kind": "clock"})
    assert list(journal.entries()) == []


def test_what_was_written_is_read_again_in_order(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "demo")
    for number in range(3):
        journal.write({"kind": "clock", "offset": number, "name": "佐藤"})
    again = Journal(tmp_path, "demo")
    assert [entry["offset"] for entry in again.entries()] == [0, 1, 2]


def test_a_torn_line_is_cut_off_and_writing_goes_on(tmp_path: Path) -> None:
    Journal(tmp_path, "demo").write({"kind": "clock", "offset": 1})
    with (tmp_path / "journal.jsonl").open("a") as file:
        file.write('{"kind":"clo')
    journal = Journal(tmp_path, "demo")
    journal.write({"kind": "clock", "offset": 2})
    assert [entry["offset"] for entry in Journal(tmp_path, "demo").entries()] == [1, 2]


def test_a_folder_belongs_to_one_scenario(tmp_path: Path) -> None:
    Journal(tmp_path, "demo")
    with pytest.raises(WrongScenario, match="demo"):
        Journal(tmp_path, "large")
