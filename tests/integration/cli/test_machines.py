"""Machines that ask, kept on the command line, against a live desk; and one asks with its token."""

from __future__ import annotations

import json
from typing import Any

from kumoban.desk.machine_identities.models import Machine
from kumoban.desk.models import Request, Rule, Token
from tests.integration.cli.test_records import Terminal
from tests.integration.conftest import ARN, Office


def test_a_machine_is_made_asks_is_handed_over_and_stopped(office: Office, live_server: Any) -> None:
    terminal = Terminal(live_server.url, office, "takahashi", "read", "rules")
    secret = terminal.run("machines", "make", "ci", "sato", "--days", "30").output.strip()
    assert "Machine ci" in terminal.run("whoami", "--token", secret).output
    Rule.objects.update(who={"machines": ["ci"], "groups": ["g-pay"]})
    asked = ["--accounts", "410122300001", "--permission-set", ARN, "--workers", "ren", "--until", "15m"]
    made = terminal.run(
        "request", "temporary-access", *asked, "--reason", "夜間バッチの配備", "--token", secret, "--json"
    ).output
    assert json.loads(made)["machine"] == "ci"
    assert Request.objects.get().requester_id == "u-sato"
    assert "kmb_" in terminal.run("machines", "rotate", "ci", "--read-only", "--overlap-hours", "1").output
    assert Token.objects.filter(user__login="machine:ci").latest("id").scopes == ["read"]
    assert "ci: ren  works" in terminal.run("machines", "hand-over", "ci", "ren").output
    assert "ci: ren  stopped" in terminal.run("machines", "stop", "ci").output
    listed = terminal.run("machines", "list").output
    assert "ci" in listed
    assert "stopped" in listed
    assert Machine.objects.get().stopped_at is not None
