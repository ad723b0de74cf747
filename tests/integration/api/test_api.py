"""The HTTP API: the same desk, with tokens and their scopes."""

from __future__ import annotations

from typing import Any

from django.test import Client

from kumoban.desk.models import Request, Token
from kumoban.desk.sign_in import make_token
from kumoban.ledger.clock import database_now
from kumoban.ledger.models import Entry
from tests.integration.conftest import Office


class Caller:
    def __init__(self, office: Office, name: str, *scopes: str) -> None:
        self.client = Client()
        token = make_token(office.actor(name).user, "test", list(scopes or ("read", "ask", "approve")))
        self.headers = {"Authorization": f"Bearer {token}"}

    def post(self, path: str, body: dict[str, Any]) -> Any:
        return self.client.post(f"/api/v1/{path}", body, content_type="application/json", headers=self.headers)

    def get(self, path: str) -> Any:
        return self.client.get(f"/api/v1/{path}", headers=self.headers)


def ask(office: Office, caller: Caller, **changed: Any) -> Any:
    return caller.post("requests", {"routine": "temporary-access", "form": office.form(**changed)})


def test_a_request_is_asked_approved_and_granted_through_the_api(office: Office) -> None:
    made = ask(office, Caller(office, "sato"))
    assert made.status_code == 201
    number, digest = made.json()["number"], made.json()["plan"]["digest"]
    assert Caller(office, "suzuki").post(f"requests/{number}/approve", {"plan": digest}).status_code == 200
    office.runner.drain()
    grants = Caller(office, "sato").get("grants").json()
    assert {grant["state"] for grant in grants} == {"active"}
    assert Caller(office, "sato").post(f"requests/{number}/end", {}).status_code == 200
    office.runner.drain()
    assert Caller(office, "sato").get(f"requests/{number}").json()["state"] == "ended"


def test_a_token_without_the_scope_may_not(office: Office) -> None:
    made = ask(office, Caller(office, "sato")).json()
    answer = Caller(office, "suzuki", "read").post(
        f"requests/{made['number']}/approve", {"plan": made["plan"]["digest"]}
    )
    assert answer.status_code == 403
    assert answer.json()["errors"][0]["code"] == "scope_missing"


def test_an_expired_or_unknown_token_is_refused(office: Office) -> None:
    caller = Caller(office, "sato")
    Token.objects.update(expires_at=database_now())
    assert caller.get("me").status_code == 401
    assert Client().get("/api/v1/me").status_code == 401


def test_bad_input_is_a_problem_that_names_the_field(office: Office) -> None:
    answer = ask(office, Caller(office, "sato"), until="yesterday-ish")
    assert answer.status_code == 422
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["errors"][0]["field"] == "until"
    assert not Request.objects.exists()


def test_somebody_elses_number_is_not_found(office: Office) -> None:
    made = ask(office, Caller(office, "sato")).json()
    assert Caller(office, "kim").get(f"requests/{made['number']}").status_code == 404


def test_the_api_describes_itself_as_openapi_3_1(office: Office) -> None:
    described = Client().get("/api/v1/openapi.json").json()
    assert described["openapi"].startswith("3.1")
    assert "/api/v1/requests" in described["paths"]


RULE = {
    "name": "深夜は不可",
    "routine": "temporary-access",
    "effect": "deny",
    "dimensions": {"environment": ["prod"]},
}


def test_a_deny_rule_made_by_ops_wins_at_once_and_is_recorded(office: Office) -> None:
    ops = Caller(office, "takahashi", "read", "rules")
    assert ops.post("rules", RULE).status_code == 201
    answer = ask(office, Caller(office, "sato"))
    assert answer.json()["errors"][0]["code"] == "denied_by_rule"
    assert Entry.objects.filter(kind="rule.saved").exists()


def test_nobody_else_edits_rules(office: Office) -> None:
    assert Caller(office, "sato", "read", "rules").post("rules", RULE).status_code == 403
    assert Caller(office, "takahashi", "read").post("rules", RULE).status_code == 403


def test_a_rule_with_a_mistyped_dimension_is_refused(office: Office) -> None:
    ops = Caller(office, "takahashi", "rules")
    assert ops.post("rules", {**RULE, "dimensions": {"enviroment": ["prod"]}}).status_code == 409
