"""The rules on the command line, against a live desk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kumoban.desk import requests
from kumoban.desk.models import Rule
from tests.integration.cli.test_records import Terminal
from tests.integration.conftest import Office

DENY = """\
name: 凍結
routine: temporary-access
effect: deny
dimensions:
  environment: [prod]
"""


@pytest.fixture
def terminal(office: Office, live_server: Any) -> Terminal:
    return Terminal(live_server.url, office, "takahashi", "read", "rules")


def test_a_rule_in_a_file_is_tried(office: Office, terminal: Terminal, tmp_path: Path) -> None:
    made = requests.ask(office.actor("sato"), "temporary-access", office.form(workers=["u-sato"]))
    file = tmp_path / "rule.yaml"
    file.write_text(DENY, "utf-8")
    said = terminal.run("rules", "what-if", str(file)).output
    assert "1 requests decided again" in said
    assert made.number in said
    assert "+ refused: The rule “凍結” forbids this for 佐藤 美咲." in said
    assert terminal.json("rules", "what-if", str(file), "--days", "7")["refused"] == 1
    assert Rule.objects.count() == 1


def test_a_file_that_is_not_understood_is_refused_by_its_line(terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "rule.yaml"
    file.write_text("name: a\nroutine: *all\n", "utf-8")
    said = terminal.run("rules", "what-if", str(file))
    assert said.exit_code == 1
    assert "line 2" in said.output


def test_rules_are_taken_out_changed_planned_and_saved(office: Office, terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    assert terminal.run("rules", "export", "--output", str(file)).exit_code == 0
    assert "Nothing would change." in terminal.run("rules", "plan", str(file)).output
    file.write_text(file.read_text("utf-8").replace("max_minutes: 120", "max_minutes: 30"), "utf-8")
    assert 'limits: {"max_minutes": 120} → {"max_minutes": 30}' in terminal.run("rules", "plan", str(file)).output
    assert terminal.run("rules", "apply", str(file)).exit_code == 1  # nobody said yes
    assert Rule.objects.get().limits == {"max_minutes": 120}
    assert "1 changed" in terminal.run("rules", "apply", str(file), "--yes").output
    assert Rule.objects.get().limits == {"max_minutes": 30}
    again = terminal.run("rules", "apply", str(file), "--yes")
    assert again.exit_code == 1
    assert "have changed since this file" in again.output
