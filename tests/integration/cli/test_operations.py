"""The operations team's day on the command line, against a live desk."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from kumoban.desk import requests
from kumoban.desk.models import Request
from kumoban.ledger.clock import database_now
from tests.integration.cli.test_records import Terminal
from tests.integration.conftest import ARN, Office


@pytest.fixture
def terminal(office: Office, live_server: Any) -> Terminal:
    return Terminal(live_server.url, office, "takahashi", "read", "ask", "approve")


def test_today_the_week_and_notes(office: Office, terminal: Terminal) -> None:
    start = database_now().replace(microsecond=0) + timedelta(hours=1)
    form = office.form(start=start.isoformat(), until=(start + timedelta(hours=1)).isoformat())
    made = requests.ask(office.actor("sato"), "temporary-access", form)
    terminal.run("notes", "--leave", "様子見")
    said = terminal.run("today").output
    assert made.number in said
    assert "様子見" in said
    assert made.number in terminal.run("calendar", "--week", f"{start:%Y-%m-%d}").output
    (note,) = terminal.json("notes")
    assert "No notes." in terminal.run("notes", "--take-off", str(note["id"])).output


def test_another_request_is_converted(office: Office, terminal: Terminal) -> None:
    form = {"subject": "ログを見たい", "what": "payments-prod のログを見たいです。"}
    made = requests.ask(office.actor("sato"), "other-request", form)
    words = ("accounts=410122300001", f"permission_set={ARN}", "workers=sato", "until=15m", "reason=ログの確認")
    said = terminal.run("convert", made.number, "temporary-access", *words)
    assert said.exit_code == 0, said.output
    assert Request.objects.get(converted_from=made).requester_id == "u-sato"
