"""The commands on the machine itself: what they say, and their JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from kumoban.cli.main import main
from kumoban.desk.sign_in import actor_of_token
from kumoban.ledger.models import Entry, EntryText
from kumoban.ledger.record import record, writing
from tests.integration.conftest import Office


def run(*words: str, language: str = "en") -> Result:
    return CliRunner().invoke(main, list(words), env={"KUMOBAN_LANGUAGE": language})


@pytest.mark.parametrize(("language", "said"), [("ja", "最新です"), ("en", "is up to date")])
def test_migrate_says_when_there_is_nothing_to_do(office: Office, language: str, said: str) -> None:
    assert said in run("migrate", language=language).output
    assert json.loads(run("migrate", "--json").output) == {"applied": []}


def test_a_token_is_printed_alone_or_as_json(office: Office) -> None:
    assert run("token", "sato").output.strip().startswith("kmb_")
    made = json.loads(run("token", "sato", "--scope", "read", "--json").output)
    assert made["scopes"] == ["read"]


def test_a_declared_system_gets_a_token_and_no_other(office: Office, settings: Any) -> None:
    settings.KUMOBAN_OUTSIDE_SYSTEMS = {"x-point": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
    made = json.loads(run("machine-token", "x-point", "--days", "30", "--json").output)
    actor = actor_of_token(made["token"])
    assert actor is not None
    assert (actor.system, actor.scopes) == ("x-point", frozenset({"outside"}))
    answer = run("machine-token", "jira")
    assert answer.exit_code == 1
    assert "x-point" in answer.output


def test_all_tokens_of_somebody_are_revoked_at_once(office: Office) -> None:
    secret = run("token", "sato").output.strip()
    assert actor_of_token(secret) is not None
    assert json.loads(run("revoke", "sato", "--json").output) == {"user_name": "sato", "revoked": 1}
    assert actor_of_token(secret) is None


def test_free_text_of_an_entry_is_erased_and_the_record_stays_whole(office: Office) -> None:
    with writing():
        record("request.asked", actor="u-sato", subject="R-1", texts={"reason": "自宅の電話番号"})
    seq = Entry.objects.latest("seq").seq
    assert json.loads(run("ledger", "erase", str(seq), "--reason", "本人の請求", "--json").output) == {"erased": 1}
    assert EntryText.objects.get(entry_id=seq).text is None
    assert json.loads(run("ledger", "verify", "--json").output)["whole"] is True


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
