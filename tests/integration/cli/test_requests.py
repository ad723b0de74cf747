"""Asking, deciding, working and reporting on the command line, in both languages, against a live desk."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from click.testing import CliRunner, Result

from kumoban.cli import shown
from kumoban.cli.language import columns, width
from kumoban.cli.main import main
from kumoban.desk import requests
from kumoban.desk.models import CompletionReport, Request
from kumoban.desk.sign_in import make_token
from kumoban.desk.states import HoldState, RequestState
from tests.integration.conftest import Office

FORM = ("--accounts", "payments-prod", "--permission-set=ProdReadOnly", "--until", "15m", "reason=決済エラーの調査")


class Terminal:
    """Somebody's terminal in one language, with their token."""

    def __init__(self, url: str, office: Office, name: str, language: str = "en") -> None:
        token = make_token(office.actor(name).user, "terminal", ["read", "ask", "approve"])
        self.environment = {"KUMOBAN_BASE_URL": url, "KUMOBAN_TOKEN": token, "KUMOBAN_LANGUAGE": language}

    def run(self, *words: str) -> Result:
        return CliRunner().invoke(main, list(words), env=self.environment)

    def says(self, *words: str) -> str:
        answer = self.run(*words)
        assert answer.exit_code == 0, answer.output
        return answer.output

    def json(self, *words: str) -> Any:
        return json.loads(self.says(*words, "--json"))


class Terminals:
    def __init__(self, url: str, office: Office) -> None:
        self.url, self.office = url, office

    def __call__(self, name: str, language: str = "en") -> Terminal:
        return Terminal(self.url, self.office, name, language)


@pytest.fixture
def terminal(office: Office, live_server: Any) -> Terminals:
    return Terminals(live_server.url, office)


def asked(terminal: Terminals) -> str:
    return str(terminal("sato").json("request", "temporary-access", *FORM)["number"])


def test_names_stand_in_for_ids_and_options_come_from_the_form(terminal: Terminals) -> None:
    made = Request.objects.get(number=asked(terminal))
    assert made.form["accounts"] == ["410122300001"]
    assert made.reason == "決済エラーの調査"


@pytest.mark.parametrize(
    ("language", "words"),
    [("ja", ("--until", "いつまで", "必須", "複数")), ("en", ("--until", "Until", "required", "several"))],
)
def test_a_routine_lists_its_fields_as_options(terminal: Terminals, language: str, words: tuple[str, ...]) -> None:
    said = terminal("sato", language).says("routine", "temporary-access")
    assert all(word in said for word in words)


def test_a_field_without_a_value_is_told(terminal: Terminals) -> None:
    answer = terminal("sato").run("request", "temporary-access", "--until")
    assert answer.exit_code == 1
    assert "Write --name value or name=value, not --until" in answer.output


@pytest.mark.parametrize(("language", "said"), [("ja", "承認待ち"), ("en", "Waiting for approval")])
def test_states_are_words_and_columns_stand_under_each_other(terminal: Terminals, language: str, said: str) -> None:
    asked(terminal)
    lines = terminal("sato", language).says("requests").splitlines()
    assert said in lines[1]
    column = width(lines[1][: lines[1].index("payments-prod")])
    titled = {"ja": "アカウント", "en": "Account"}[language]
    assert width(lines[0][: lines[0].index(titled)]) == column


@pytest.mark.parametrize(("language", "said"), [("ja", "“１５分” → “15分”"), ("en", "Read “１５分” as “15分”.")])
def test_a_preview_says_what_would_happen_and_stores_nothing(terminal: Terminals, language: str, said: str) -> None:
    given = [word if word != "15m" else "１５分" for word in FORM]
    output = terminal("sato", language).says("preview", "temporary-access", *given)
    assert "payments-prod" in output
    assert ("15分" in output) if language == "ja" else (said in output)
    assert "本番・読み取り" in output
    assert not Request.objects.exists()


def test_a_refusal_is_in_the_readers_language(terminal: Terminals) -> None:
    given = [word if word != "15m" else "むかし" for word in FORM]
    assert "読み取れません" in terminal("sato", "ja").run("request", "temporary-access", *given).output
    assert "is not understood as a time" in terminal("sato", "en").run("request", "temporary-access", *given).output


def test_questions_answers_and_the_approval_of_the_plan_that_was_read(terminal: Terminals, office: Office) -> None:
    number = asked(terminal)
    approver = terminal("suzuki")
    approver.says("question", number, "--comment", "どの表ですか")
    terminal("sato").says("answer", number, "--comment", "orders です")
    assert "The plan is" in approver.run("approve", number, "--plan", "0000-00").output
    plan = approver.json("show", number)["plan"]["number"]
    approver.says("approve", number, "--plan", plan)
    office.runner.drain()
    assert terminal("sato").json("show", number)["state"] == "active"
    assert "ProdReadOnly" in terminal("sato").says("grants")


@pytest.mark.parametrize(("language", "said"), [("ja", "一部実施"), ("en", "Partly done")])
def test_the_end_is_reported_and_confirmed(terminal: Terminals, office: Office, language: str, said: str) -> None:
    made = requests.ask(office.actor("sato"), "temporary-access", office.form(workers=["u-sato"]))
    requests.approve(office.actor("suzuki"), made.number, plan_digest=made.plan.digest)
    office.runner.drain()
    terminal("sato").says("end", made.number)
    office.runner.drain()
    assert said in terminal("sato", language).says("report", made.number, "partial", "--comment", "残りは明日")
    assert said in terminal("suzuki", language).says("confirm", made.number)
    assert CompletionReport.objects.get().confirmed_by_id == "u-suzuki"


def test_work_by_hand_is_assigned_recorded_and_closed(terminal: Terminals) -> None:
    given = ("subject=S3 バケット", "what=ログ用のバケットを作ってください")
    number = str(terminal("kim").json("request", "other-request", *given)["number"])
    ops = terminal("takahashi")
    assert ops.json("assign", number, "u-takahashi")["assignee"] == "takahashi"
    ops.says("work", number, "--text", "作成しました", "--minutes", "20")
    assert ops.json("close", number)["state"] == "done"


@pytest.mark.parametrize(("language", "said"), [("ja", "運用チーム"), ("en", "operations team")])
def test_whoami_names_the_person_and_the_role(terminal: Terminals, language: str, said: str) -> None:
    output = terminal("takahashi", language).says("whoami")
    assert output.startswith("高橋 健 (takahashi)")
    assert said in output


@pytest.mark.parametrize("words", [("whoami",), ("routines",), ("requests",), ("grants",)])
def test_what_is_read_is_also_json(terminal: Terminals, words: tuple[str, ...]) -> None:
    assert isinstance(terminal("sato").json(*words), list | dict)


@pytest.mark.parametrize(("language", "said"), [("ja", "申請を取り下げます"), ("en", "Take a request back")])
def test_help_is_in_the_readers_language(language: str, said: str) -> None:
    output = CliRunner().invoke(main, ["--help"], env={"KUMOBAN_LANGUAGE": language}).output
    assert said in output


def test_without_a_chosen_language_the_locale_decides() -> None:
    unset = dict.fromkeys(("KUMOBAN_LANGUAGE", "LC_ALL", "LC_MESSAGES"))
    japanese = CliRunner().invoke(main, ["--help"], env={**unset, "LANG": "ja_JP.UTF-8"}).output
    english = CliRunner().invoke(main, ["--help"], env={**unset, "LANG": "C.UTF-8"}).output
    assert re.search("[ぁ-ん]", japanese)
    assert not re.search("[ぁ-ん]", english)


def test_the_command_line_has_the_desks_own_words_for_every_state_and_outcome() -> None:
    named = {state.value: state.label for states in (RequestState, HoldState) for state in states}
    assert set(shown.STATES) == set(named)
    assert set(shown.OUTCOMES) == set(CompletionReport.Outcome.values)


def test_columns_count_the_width_of_japanese() -> None:
    assert columns(("申請", "x"), [("ab", "y")]) == ["申請  x", "ab    y"]


def test_what_is_in_force_is_extended(terminal: Terminals, office: Office) -> None:
    first = asked(terminal)
    digest = Request.objects.get(number=first).plan.digest
    requests.approve(office.actor("suzuki"), first, plan_digest=digest)
    office.runner.drain()
    lines = terminal("sato").says("extend", first, "--until", "1h")
    assert re.search(rf"Extends +{first}\b", lines)
    assert Request.objects.get(extends__number=first).state == "waiting"


def test_a_favourite_is_kept_and_asked_with(terminal: Terminals) -> None:
    sato = terminal("sato")
    sato.says("favourite", "night", "temporary-access", "--accounts", "ou:Production", *FORM[2:3], FORM[5])
    assert "night" in sato.says("favourites")
    made = sato.json("request", "--favourite", "night", "--until", "15m")
    assert len(made["form"]["accounts"]) == 2
    assert "night" not in sato.says("favourites", "--remove", "night")
    assert sato.run("request", "--favourite", "night", "--until", "15m").exit_code != 0


LINE = "payments-prod に ProdReadOnly　15分　決済エラーの調査のため　謎の言葉"


def test_a_line_is_understood_shown_and_asked_after_a_yes(terminal: Terminals) -> None:
    sato = terminal("sato")
    refused = CliRunner().invoke(
        main, ["request", "temporary-access", "--text", LINE], env=sato.environment, input="n\n"
    )
    assert "payments-prod" in refused.output
    assert "not understood: 謎の言葉" in refused.output
    assert "Ask for this?" in refused.output
    assert not Request.objects.exists()
    answer = CliRunner().invoke(
        main, ["request", "temporary-access", "--text", LINE], env=sato.environment, input="y\n"
    )
    assert answer.exit_code == 0, answer.output
    assert Request.objects.get().form["reason"] == "決済エラーの調査"


def test_with_yes_nothing_is_asked_twice_and_fields_count_more(terminal: Terminals) -> None:
    made = terminal("sato").json(
        "request", "temporary-access", "--text", LINE, "--yes", "--reason", "別の理由です", "--until", "10m"
    )
    stored = Request.objects.get(number=made["number"]).form
    assert (stored["reason"], stored["until"]) == ("別の理由です", "PT600S")


def test_what_is_unclear_is_never_asked_for(terminal: Terminals) -> None:
    sato = terminal("sato")
    answer = sato.run("request", "--text", f"{LINE} 3名", "--yes")
    assert answer.exit_code == 1
    assert "Say what is unclear with --workers" in answer.output
    assert not Request.objects.exists()
    assert sato.run("request", "--text", f"{LINE} 3名", "--yes", "--workers", "ren").exit_code == 0


def test_what_a_line_means_as_json_asks_for_nothing(terminal: Terminals) -> None:
    told = terminal("sato").json("request", "--text", LINE)
    assert told["form"]["accounts"] == ["410122300001"]
    assert not Request.objects.exists()
