"""Plans, the ledger, explanations and tokens on the command line, against a live desk."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from kumoban.cli.main import main
from kumoban.desk import requests
from kumoban.desk.models import Token
from kumoban.desk.sign_in import make_token
from tests.integration.conftest import ARN, Office


class Terminal:
    """Somebody's terminal, with their token."""

    def __init__(self, url: str, office: Office, name: str, *scopes: str) -> None:
        token = make_token(office.actor(name).user, "terminal", list(scopes or ("read", "ask")))
        self.environment = {"KUMOBAN_BASE_URL": url, "KUMOBAN_TOKEN": token, "KUMOBAN_LANGUAGE": "en"}

    def run(self, *words: str) -> Result:
        return CliRunner().invoke(main, list(words), env=self.environment)

    def json(self, *words: str) -> Any:
        answer = self.run(*words, "--json")
        assert answer.exit_code == 0, answer.output
        return json.loads(answer.output)


@pytest.fixture
def terminal(office: Office, live_server: Any) -> Terminal:
    return Terminal(live_server.url, office, "sato")


def test_plans_are_listed_and_compared(office: Office, terminal: Terminal) -> None:
    made = requests.ask(office.actor("sato"), "temporary-access", office.form())
    requests.return_for_correction(office.actor("suzuki"), made.number, comment="もっと短く")
    requests.resubmit(office.actor("sato"), made.number, office.form(until="5m"))
    assert [plan["ordinal"] for plan in terminal.json("plans", made.number)] == [2, 1]
    said = terminal.run("plans", made.number, "--from", "1", "--to", "2").output
    assert "- from the approval" in said
    assert "+ 5 min" in said


def test_entries_are_those_the_person_may_see(office: Office, terminal: Terminal) -> None:
    made = requests.ask(office.actor("suzuki"), "temporary-access", office.form(workers=["u-suzuki"]))
    assert terminal.json("entries", "--subject", made.number) == []
    own = requests.ask(office.actor("sato"), "temporary-access", office.form())
    assert {entry["kind"] for entry in terminal.json("entries", "--subject", own.number)} >= {"request.asked"}
    assert "request.asked" in terminal.run("entries", "--all", "--kind", "request.").output


def test_a_token_is_made_used_and_revoked(office: Office, terminal: Terminal) -> None:
    secret = terminal.run("tokens", "--make", "ci", "--scope", "read").output.strip()
    assert secret.startswith("kmb_")
    made = Token.objects.get(name="ci")
    assert "ci" not in terminal.run("tokens", "--revoke", str(made.pk)).output
    refused = CliRunner().invoke(main, ["whoami"], env={**terminal.environment, "KUMOBAN_TOKEN": secret})
    assert refused.exit_code == 1


def test_a_token_does_not_make_a_stronger_one(office: Office, terminal: Terminal) -> None:
    refused = terminal.run("tokens", "--make", "more", "--scope", "rules")
    assert refused.exit_code == 1
    assert not Token.objects.filter(name="more").exists()


def test_it_explains_a_decision(office: Office, terminal: Terminal) -> None:
    words = ("account=410122300001", f"permission_set={ARN}")
    assert terminal.run("explain", "sato", *words).output.startswith("allowed")
    assert "○ 本番・読み取り (allow) who" in terminal.run("explain", "kim", *words).output
