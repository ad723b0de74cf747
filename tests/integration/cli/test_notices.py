"""Notices on the command line: what one was told, how one wants to be told."""

from __future__ import annotations

from typing import Any

import pytest

from kumoban.desk import requests
from kumoban.desk.notices.fan_out import fan_out
from kumoban.estate.models import Person
from tests.integration.cli.test_records import Terminal
from tests.integration.conftest import Office


@pytest.fixture
def terminal(office: Office, live_server: Any, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    from django.conf import settings

    monkeypatch.setattr(settings, "KUMOBAN_EMAIL", {"scheme": "demo"})
    Person.objects.update(email="somebody@example.jp")
    return Terminal(live_server.url, office, "suzuki")


def test_one_reads_what_one_was_told(office: Office, terminal: Terminal) -> None:
    made = requests.ask(office.actor("sato"), "temporary-access", office.form())
    fan_out()
    said = terminal.run("notices").output
    assert "Waits for your approval" in said
    assert made.number in said


def test_wishes_are_shown_and_changed_one_by_one(terminal: Terminal) -> None:
    assert "Quiet hours: none" in terminal.run("notice-settings").output
    said = terminal.run("notice-settings", "--quiet", "22:00-07:00", "--digest").output
    assert "Quiet hours: 22:00–07:00" in said
    assert "Once a morning, at 8:50: yes" in said
    refused = terminal.run("notice-settings", "--no-mail")
    assert refused.exit_code == 1
    assert "Keep one channel" in refused.output


def test_without_slack_there_is_no_code(terminal: Terminal) -> None:
    refused = terminal.run("link-slack")
    assert refused.exit_code == 1
