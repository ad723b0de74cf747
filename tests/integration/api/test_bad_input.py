"""Whatever is sent to the API: a clear refusal, nothing changed, and attempts on authority remembered."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from kumoban.desk.models import Approval, Hold, Request, Rule, Step
from kumoban.ledger.models import Entry
from tests.integration.api.test_api import Caller, ask
from tests.integration.conftest import Office


def refusal(answer: Any, status: int, code: str) -> dict[str, Any]:
    """A problem with a code for programs and a sentence for people."""
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == status
    assert code in [error["code"] for error in problem["errors"]]
    for error in problem["errors"]:
        assert error["detail"]
        assert error["detail"] != error["code"]
    return problem


def everything() -> tuple[Any, ...]:
    """All that a refusal must leave as it was; the record of attempts apart."""
    rows = [list(model.objects.order_by("pk").values()) for model in (Request, Approval, Hold, Step, Rule)]
    return (*rows, Entry.objects.exclude(kind="attempt.refused").count())


def attempts() -> list[list[str]]:
    entries = Entry.objects.filter(kind="attempt.refused").order_by("seq")
    return [json.loads(entry.body)["facts"]["why"] for entry in entries]


@pytest.mark.parametrize(
    ("changed", "status", "code", "field"),
    [
        ({"accounts": ["999999999999"]}, 409, "unknown_account", ""),
        ({"accounts": ["410122300001'; DROP TABLE desk_request;--"]}, 409, "unknown_account", ""),
        ({"permission_set": "arn:aws:sso:::permissionSet/ssoins-0/ps-0"}, 409, "unknown_permission_set", ""),
        ({"workers": ["u-nobody"]}, 422, "unknown_person", "workers"),
        ({"until": "0m"}, 409, "no_time_at_all", ""),
        ({"until": "-5m"}, 422, "shape.time_not_understood", "until"),
        ({"until": "3h"}, 403, "longer_than_rule", ""),
        ({"until": "999999999999h"}, 422, "shape.time_not_understood", "until"),
        ({"until": "2020-01-01T00:00+09:00"}, 409, "end_before_start", ""),
        ({"until": "tomorrow-ish"}, 422, "shape.time_not_understood", "until"),
        ({"start": "2020-01-01T00:00+09:00"}, 409, "start_in_the_past", ""),
        ({"reason": "あ" * 20_001}, 422, "shape.too_much_text", "reason"),
        ({"reason": "あ" * 2_001}, 422, "shape.string_too_long", "reason"),
        ({"reason": "調査のため\u202e。すまし録記"}, 422, "shape.refused_characters", "reason"),
        ({"reason": "調査のため\x00です"}, 422, "shape.refused_characters", "reason"),
        ({"reason": "調査のため\ud800です"}, 422, "shape.refused_characters", "reason"),
        ({"ticket": "OPS\u2066-1"}, 422, "shape.refused_characters", "ticket"),
        ({"reason": ""}, 422, "shape.missing", "reason"),
        ({"accounts": []}, 422, "shape.missing", "accounts"),
        ({"accounts": [f"4101223{n:05}" for n in range(21)]}, 422, "shape.too_long", "accounts"),
        ({"accounts": {"a": 1}}, 422, "shape.tuple_type", "accounts"),
        ({"kind": "party"}, 422, "shape.", "kind"),
        ({"state": "active"}, 422, "shape.extra_forbidden", "state"),
        ({"approver": "u-sato"}, 422, "shape.extra_forbidden", "approver"),
        ({"actor": "u-suzuki"}, 422, "shape.extra_forbidden", "actor"),
        ({"requester": "u-suzuki"}, 422, "shape.extra_forbidden", "requester"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_name_and_nothing_is_stored(
    office: Office, changed: dict[str, Any], status: int, code: str, field: str
) -> None:
    caller, before = Caller(office, "sato"), everything()
    answer = ask(office, caller, **changed)
    if code == "shape.":
        assert answer.status_code == status
        code = answer.json()["errors"][0]["code"]
    problem = refusal(answer, status, code)
    if field:
        assert field in [error["field"] for error in problem["errors"]]
    assert everything() == before


def test_fields_beside_the_form_are_not_believed(office: Office) -> None:
    forged = {"state": "approved", "requester": "u-suzuki", "approvals": [{"person": "u-suzuki"}], "actor": "u-suzuki"}
    body = {"routine": "temporary-access", "form": office.form(), **forged}
    answer = Caller(office, "sato").post("requests", body)
    if answer.status_code == 201:
        made = Request.objects.get()
        assert (made.state, made.requester_id) == ("waiting", "u-sato")
        assert not Approval.objects.exists()
    else:
        assert answer.status_code == 422
        assert not Request.objects.exists()


@pytest.mark.parametrize("path", ["requests?state=%00", "requests/%00", "ledger?subject=%00"])
def test_a_nul_character_in_an_address_is_refused(office: Office, path: str) -> None:
    caller = Caller(office, "sato")
    answer = caller.client.get(f"/api/v1/{path}", headers=caller.headers)
    assert answer.status_code == 422
    assert answer.json()["title"] == "shape.refused_characters"


def test_a_nul_character_in_a_body_is_refused_and_nothing_is_stored(office: Office) -> None:
    caller, before = Caller(office, "takahashi"), everything()
    answer = caller.post("holidays", {"day": "2026-12-29", "name": "年末\u0000休業"})
    assert answer.json()["title"] == "shape.refused_characters"
    assert everything() == before


@pytest.mark.parametrize("workers", ["\\ud800", "u-\\u0000"])
def test_halves_of_characters_are_refused_at_their_field(office: Office, workers: str) -> None:
    caller = Caller(office, "sato")
    body = '{"routine": "temporary-access", "form": {"workers": ["' + workers + '"]}}'
    answer = caller.client.post("/api/v1/requests", body, content_type="application/json", headers=caller.headers)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "workers"


def test_a_backslash_that_is_only_written_is_no_character(office: Office) -> None:
    caller = Caller(office, "sato")
    assert ask(office, caller, reason=r"grep \\u0000 in the log").status_code == 201


@pytest.mark.parametrize("since", ["2026-01-01T00:00:00-18:08", "0001-01-01T00:00:00+14:00"])
def test_a_time_no_database_takes_is_understood_or_refused(office: Office, since: str) -> None:
    caller = Caller(office, "takahashi")
    answer = caller.client.get("/api/v1/ledger", {"since": since}, headers=caller.headers)
    assert answer.status_code in (200, 422)


@pytest.mark.parametrize("minutes", [0, -5, 10**14])
def test_the_demo_s_clock_is_moved_by_minutes_that_make_sense(office: Office, minutes: int) -> None:
    assert Caller(office, "sato").post("demo/clock", {"minutes": minutes}).status_code == 422


def test_a_megabyte_is_refused_before_it_is_read(office: Office) -> None:
    caller, before = Caller(office, "sato"), everything()
    answer = ask(office, caller, reason="x" * 1_000_000)
    assert answer.status_code == 413
    assert answer.json()["title"] == "body_too_large"
    assert everything() == before


@pytest.mark.parametrize("body", ["", "{", "[]", "null", '"x"', '{"routine": 5}', '{"routine": "temporary-access"}'])
def test_what_is_not_a_request_at_all_is_refused(office: Office, body: str) -> None:
    caller, before = Caller(office, "sato"), everything()
    answer = caller.client.post("/api/v1/requests", body, content_type="application/json", headers=caller.headers)
    assert answer.status_code in (400, 422)
    assert answer["Content-Type"] == "application/problem+json"
    assert everything() == before


#: what somebody may try on a request that is not theirs
ATTEMPTS: dict[str, Callable[[Caller, str, str], Any]] = {
    "see": lambda caller, number, plan: caller.get(f"requests/{number}"),
    "approve": lambda caller, number, plan: caller.post(f"requests/{number}/approve", {"plan": plan}),
    "deny": lambda caller, number, plan: caller.post(f"requests/{number}/deny", {"comment": "no"}),
    "return": lambda caller, number, plan: caller.post(f"requests/{number}/return", {"comment": "no"}),
    "question": lambda caller, number, plan: caller.post(f"requests/{number}/question", {"comment": "why"}),
    "withdraw": lambda caller, number, plan: caller.post(f"requests/{number}/withdraw", {}),
    "end": lambda caller, number, plan: caller.post(f"requests/{number}/end", {}),
    "resume": lambda caller, number, plan: caller.post(f"requests/{number}/resume", {}),
    "assign": lambda caller, number, plan: caller.post(f"requests/{number}/assign", {"assignee": "u-kim"}),
    "work": lambda caller, number, plan: caller.post(f"requests/{number}/work", {"text": "done"}),
    "close": lambda caller, number, plan: caller.post(f"requests/{number}/close", {}),
    "report": lambda caller, number, plan: caller.post(
        f"requests/{number}/report", {"outcome": "complete", "comment": ""}
    ),
}


@pytest.mark.parametrize("what", ATTEMPTS)
def test_a_stranger_changes_nothing_of_somebody_elses_request(office: Office, what: str) -> None:
    made = ask(office, Caller(office, "sato")).json()
    stranger, before = Caller(office, "kim"), everything()
    answer = ATTEMPTS[what](stranger, made["number"], made["plan"]["digest"])
    assert answer.status_code in (403, 404), answer.content
    refusal(answer, answer.status_code, answer.json()["errors"][0]["code"])
    assert everything() == before
    if what != "see":
        assert len(attempts()) == 1


@pytest.mark.parametrize("what", [name for name in ATTEMPTS if name != "see"])
def test_a_number_that_does_not_exist_is_refused_like_one_that_may_not_be_seen(office: Office, what: str) -> None:
    caller, before = Caller(office, "takahashi"), everything()
    answer = ATTEMPTS[what](caller, "R-999999", "0" * 64)
    assert answer.status_code == 404, answer.content
    assert everything() == before


@pytest.mark.parametrize("who", ["sato", "ren"])
def test_approving_for_oneself_is_refused_and_remembered(office: Office, who: str) -> None:
    made = ask(office, Caller(office, "sato")).json()
    caller, before = Caller(office, who), everything()
    answer = caller.post(f"requests/{made['number']}/approve", {"plan": made["plan"]["digest"]})
    refusal(answer, 403, "not_own_request")
    assert everything() == before
    assert attempts() == [["not_own_request"]]


def test_a_plan_that_is_not_the_one_that_was_read_is_not_approved(office: Office) -> None:
    made = ask(office, Caller(office, "sato")).json()
    caller = Caller(office, "suzuki")
    caller.post(f"requests/{made['number']}/return", {"comment": "短く"})
    again = {"routine": "temporary-access", "form": office.form(until="10m")}
    Caller(office, "sato").post(f"requests/{made['number']}/resubmit", again)
    before = everything()
    for stale in (made["plan"]["digest"], made["plan"]["digest"][:6], "", "0" * 64, "x" * 5000):
        answer = caller.post(f"requests/{made['number']}/approve", {"plan": stale})
        refusal(answer, 409, "plan_changed")
    assert everything() == before


def test_a_replayed_approval_seals_once(office: Office) -> None:
    Rule.objects.update(approvers=[{"group": "g-leads", "count": 2}])
    made = ask(office, Caller(office, "sato")).json()
    caller = Caller(office, "suzuki")
    body = {"plan": made["plan"]["digest"]}
    assert caller.post(f"requests/{made['number']}/approve", body).status_code == 200
    before = everything()
    refusal(caller.post(f"requests/{made['number']}/approve", body), 409, "already_approved")
    assert everything() == before
    assert Request.objects.get().state == "waiting"


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """All at the same moment, each on a connection of its own."""
    together, answers = threading.Barrier(len(calls)), []

    def run(call: Callable[[], Any]) -> None:
        together.wait()
        try:
            answers.append(call())
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return answers


def test_two_approvals_in_the_same_instant_open_the_work_once(office: Office) -> None:
    made = ask(office, Caller(office, "sato")).json()
    callers, body = [Caller(office, name) for name in ("suzuki", "tanaka")], {"plan": made["plan"]["digest"]}
    answers = at_once(
        *(lambda caller=caller: caller.post(f"requests/{made['number']}/approve", body) for caller in callers)
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert Approval.objects.count() == 1
    assert Step.objects.filter(kind="check").count() == 1
    assert Hold.objects.count() == 4


def test_the_same_person_clicking_many_times_seals_once(office: Office) -> None:
    Rule.objects.update(approvers=[{"group": "g-leads", "count": 2}])
    made = ask(office, Caller(office, "sato")).json()
    callers, body = [Caller(office, "suzuki") for _ in range(4)], {"plan": made["plan"]["digest"]}
    answers = at_once(
        *(lambda caller=caller: caller.post(f"requests/{made['number']}/approve", body) for caller in callers)
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert Approval.objects.count() == 1
    assert Request.objects.get().state == "waiting"


def test_approving_and_denying_in_the_same_instant_has_one_outcome(office: Office) -> None:
    made = ask(office, Caller(office, "sato")).json()
    number, body = made["number"], {"plan": made["plan"]["digest"]}
    first, second = Caller(office, "suzuki"), Caller(office, "tanaka")
    answers = at_once(
        lambda: first.post(f"requests/{number}/approve", body),
        lambda: second.post(f"requests/{number}/deny", {"comment": "不要"}),
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    state = Request.objects.get().state
    assert (state == "approved") == Step.objects.filter(kind="check").exists()
    assert state in ("approved", "denied")


def test_the_same_click_at_once_is_one_request(office: Office) -> None:
    callers = [Caller(office, "sato") for _ in range(4)]
    body = {"routine": "temporary-access", "form": office.form(), "idempotency": "once"}
    answers = at_once(*(lambda caller=caller: caller.post("requests", body) for caller in callers))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["number"] for answer in answers}) == 1
    assert Request.objects.count() == 1


@pytest.mark.parametrize("token", ["", "Bearer", "Bearer x", "Bearer \u00e9", "Basic c2F0bzp4", "Bearer " + "x" * 5000])
def test_without_a_token_of_ours_nothing_is_answered(office: Office, token: str) -> None:
    answer = Client().get("/api/v1/requests", headers={"Authorization": token.encode().decode("latin-1")})
    assert answer.status_code == 401


def test_at_most_ten_attempts_a_minute_are_remembered_of_one_actor(office: Office) -> None:
    made = ask(office, Caller(office, "sato")).json()
    caller = Caller(office, "kim")
    for _ in range(13):
        answer = caller.post(f"requests/{made['number']}/approve", {"plan": made["plan"]["digest"]})
        assert answer.status_code in (403, 404)
    assert len(attempts()) == 10


def test_the_person_of_a_token_is_not_chosen_by_its_bearer(office: Office) -> None:
    made = ask(office, Caller(office, "sato")).json()
    caller = Caller(office, "sato")
    body = {"plan": made["plan"]["digest"], "person": "u-suzuki", "on_behalf_of": "u-suzuki", "actor": "u-suzuki"}
    answer = caller.post(f"requests/{made['number']}/approve", body)
    assert answer.status_code in (403, 422)
    assert not Approval.objects.exists()
