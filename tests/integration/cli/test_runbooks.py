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


def test_handing_over_tells_who_did_practised_or_read_what(office: Office, live_server: Any) -> None:
    terminal = Terminal(live_server.url, office, "takahashi", "read", "ask", "approve")
    assert "Who has done what" not in terminal.run("handover").output
    terminal.run("runbook", "adopt", "--read")
    said = terminal.run("handover").output
    assert "Last, in practice" in said
    assert "adopt" in said
