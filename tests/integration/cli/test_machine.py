"""The commands on the machine itself: what they say, and their JSON."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from kumoban.cli.main import main
from tests.integration.conftest import Office


def run(*words: str, language: str = "en") -> Result:
    return CliRunner().invoke(main, list(words), env={"KUMOBAN_LANGUAGE": language})


@pytest.mark.parametrize(("language", "said"), [("ja", "最新です"), ("en", "is up to date")])
def test_migrate_says_when_there_is_nothing_to_do(office: Office, language: str, said: str) -> None:
    assert said in run("migrate", language=language).output
    assert json.loads(run("migrate", "--json").output) == {"applied": []}


def failing() -> str:
    raise RuntimeError("nobody may assume it")


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> None:
    found = (("database", lambda: "sqlite", ""), ("reader role", failing, "run: kumoban migrate"))
    monkeypatch.setattr("kumoban.cli.doctor._CHECKS", found)


def test_the_doctor_says_what_it_found_as_json(checks: None) -> None:
    answer = run("doctor", "--json")
    assert answer.exit_code == 1
    assert json.loads(answer.output) == [
        {"name": "database", "ok": True, "found": "sqlite", "remedy": ""},
        {"name": "reader role", "ok": False, "found": "nobody may assume it", "remedy": "run: kumoban migrate"},
    ]


@pytest.mark.parametrize(("language", "said"), [("ja", "読み取り用のロール"), ("en", "reader role")])
def test_the_doctor_says_what_to_do_in_the_readers_language(checks: None, language: str, said: str) -> None:
    output = run("doctor", language=language).output
    assert f"FAIL  {said}: nobody may assume it" in output


def test_a_token_is_printed_alone_or_as_json(office: Office) -> None:
    assert run("token", "sato").output.strip().startswith("kmb_")
    made = json.loads(run("token", "sato", "--scope", "read", "--json").output)
    assert made["scopes"] == ["read"]


@pytest.mark.parametrize(("language", "said"), [("ja", "いません"), ("en", "There is nobody called nobody")])
def test_a_token_for_nobody_is_refused(office: Office, language: str, said: str) -> None:
    answer = run("token", "nobody", language=language)
    assert answer.exit_code == 1
    assert said in answer.output


@pytest.mark.parametrize(("language", "said"), [("ja", "改ざん"), ("en", "the chain is whole")])
def test_the_record_is_verified(office: Office, language: str, said: str) -> None:
    run("token", "sato")
    assert said in run("ledger", "verify", language=language).output
    assert json.loads(run("ledger", "verify", "--json").output)["whole"] is True
