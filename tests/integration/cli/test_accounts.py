"""The account register on the command line, against a live desk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from kumoban.estate.models import RegisterEntry
from tests.integration.cli.test_records import Terminal
from tests.integration.conftest import Office

PAY = "410122300001"


@pytest.fixture
def terminal(office: Office, live_server: Any) -> Terminal:
    return Terminal(live_server.url, office, "takahashi", "read", "ask", "rules")


def test_an_account_is_written_shown_and_confirmed(office: Office, terminal: Terminal) -> None:
    assert "payments-prod" in terminal.run("accounts", "list").output
    assert terminal.run("accounts", "set", "4101-2230-0001", "owner=sato", "product=決済").exit_code == 0
    shown = terminal.run("accounts", "show", PAY).output
    assert "sato" in shown
    assert terminal.json("accounts", "show", PAY)["version"] == 1
    assert "owner: — → u-sato" in terminal.run("accounts", "show", PAY, "--history").output
    assert terminal.run("accounts", "confirm", PAY, "--version", "0").exit_code == 1
    assert "confirmed" in terminal.run("accounts", "confirm", PAY, "--version", "1").output
    refused = terminal.run("accounts", "set", PAY, "owner=ren", "--version", "1")
    assert "Somebody has changed this entry" in refused.output


def test_a_file_goes_out_and_comes_back(office: Office, terminal: Terminal, tmp_path: Path) -> None:
    terminal.run("accounts", "set", PAY, "owner=sato", "contacts=a")
    file = tmp_path / "register.csv"
    terminal.run("accounts", "export", str(file))
    assert terminal.json("accounts", "import", str(file))["lines"] == []
    file.write_text(file.read_text("utf-8-sig").replace("sato", "ren"), "cp932")
    assert "Nothing is written yet" in terminal.run("accounts", "import", str(file)).output
    assert "Written." in terminal.run("accounts", "import", str(file), "--write").output
    assert RegisterEntry.objects.get().owner_id == "u-ren"
    terminal.run("accounts", "export", str(tmp_path / "register.xlsx"))
    assert load_workbook(tmp_path / "register.xlsx").active is not None
