"""Runbooks on the command line, against a live desk."""

from __future__ import annotations

from typing import Any

from kumoban.desk.models import RunbookReading
from tests.integration.cli.test_records import Terminal
from tests.integration.conftest import Office


def test_a_runbook_is_read_and_an_exercise_confirmed(office: Office, live_server: Any) -> None:
    terminal = Terminal(live_server.url, office, "takahashi", "read", "ask", "approve")
    said = terminal.run("runbook", "temporary-access", "--read").output
    assert "Runbook: temporary access" in said
    assert "It is recorded that you have read this version." in said
    assert RunbookReading.objects.get().person_id == "u-takahashi"
    assert "Nothing fits." in terminal.run("exercises", "temporary-access").output
    said = terminal.run("exercises", "temporary-access", "--confirm", "sato", "--reference", "R-12").output
    assert "sato" in said
    assert "R-12" in said
