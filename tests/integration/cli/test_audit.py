"""The auditor's room on the command line, against a live desk: what it gives can be verified by hand."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from kumoban.cli import audit
from kumoban.evidence.audit.pack.ordering import make_ordered
from tests.integration.cli.test_machine import run
from tests.integration.cli.test_records import Terminal
from tests.integration.conftest import Office
from tests.integration.evidence.audit.auditors import auditor, guest
from tests.integration.evidence.audit.test_pack import worked

PERIOD = ("--since", "2026-01-01T00:00:00+09:00", "--until", "2099-01-01T00:00:00+09:00")


@pytest.fixture
def terminal(office: Office, live_server: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Terminal:
    worked(office)
    monkeypatch.chdir(tmp_path)
    # waiting for the runner: here it makes what was ordered meanwhile
    monkeypatch.setattr(audit.time, "sleep", lambda _seconds: make_ordered())
    return Terminal(live_server.url, office, auditor(office), "read", "rules")


def test_a_sample_is_drawn_printed_and_drawn_again_by_hand(terminal: Terminal) -> None:
    made = terminal.json("audit", "sample", "grants", *PERIOD, "--size", "2", "--seed", "dice42163")
    keys = [item["key"] for item in terminal.json("audit", "sample", "grants", *PERIOD)["chosen"]]
    by_hand = sorted(keys, key=lambda key: hashlib.sha256(f"dice42163\n{key}".encode()).hexdigest())
    assert [item["key"] for item in made["chosen"]] == by_hand[:2]
    assert "proved" in terminal.run("audit", "samples", str(made["id"])).output
    assert str(made["id"]) in terminal.run("audit", "samples").output
    answer = terminal.run("audit", "binder", str(made["id"]), "1")
    assert Path(answer.output.strip()).read_bytes().startswith(b"%PDF")


def test_a_pack_is_ordered_waited_for_saved_and_verified_by_its_own_script(terminal: Terminal) -> None:
    made = terminal.json("audit", "pack", *PERIOD, "--language", "en", "--out", "half.zip")
    with zipfile.ZipFile("half.zip") as archive:
        Path("verify.py").write_bytes(archive.read("verify.py"))
    done = subprocess.run(
        [sys.executable, "-I", "verify.py", "half.zip", "--manifest", made["digest"]], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout
    assert made["digest"] in terminal.run("audit", "packs").output
    assert terminal.run("audit", "packs", str(made["id"])).exit_code == 0
    assert Path(f"audit-pack-{made['id']}.zip").read_bytes() == Path("half.zip").read_bytes()


def test_controls_conflicts_tables_and_retention_are_printed(terminal: Terminal) -> None:
    assert "–" in terminal.run("audit", "controls").output
    assert "no_review_closed" in str(terminal.json("audit", "controls", *PERIOD[:2], "--until", "2098-01-01T00:00:00Z"))
    assert "Nothing meets" in terminal.run("audit", "conflicts", *PERIOD).output
    assert "R-" in terminal.run("audit", "table", "requests", *PERIOD).output
    assert "Entries of the ledger" in terminal.run("audit", "retention").output


def test_guests_are_listed_and_their_stay_is_ended(office: Office, terminal: Terminal) -> None:
    made = guest(office)
    assert "endo" in terminal.run("audit", "guests").output
    assert "over" in terminal.run("audit", "guests", "--end", str(made.pk)).output
    end = f"{made.ends_at:%Y-%m-%dT%H:%M:%SZ}"
    again = terminal.run("audit", "guests", "--let-in", "endo", "--firm", "Aoba", *PERIOD, "--ends", end)
    assert "Aoba" in again.output


def test_nothing_is_exported_where_no_store_is_named(office: Office) -> None:
    answer = run("ledger", "export")
    assert (answer.exit_code, "KUMOBAN_ARCHIVE_BUCKET" in answer.output) == (1, True)
