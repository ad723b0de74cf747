"""A system outside reads what waits for a decision in it, with a token that opens nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from kumoban.api.main import api
from kumoban.desk import requests
from kumoban.desk.machines import MachineTokenForm, make_machine_token
from kumoban.desk.models import Request, Rule, Token
from kumoban.ledger.clock import database_now
from kumoban.ledger.search import search
from tests.integration.api.caller import Caller
from tests.integration.conftest import Office

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class System:
    """One of the two systems, with its own token."""

    def __init__(self, name: str) -> None:
        self.name = name
        _made, secret = make_machine_token(None, MachineTokenForm(system=name))
        self.headers = {"Authorization": f"Bearer {secret}"}

    def get(self, path: str) -> Any:
        return Client().get(f"/api/v1/{path}", headers=self.headers)

    def waiting(self) -> list[str]:
        return [one["number"] for one in self.get(f"outside/{self.name}/requests").json()]


@pytest.fixture
def declared(office: Office, settings: Any) -> Office:
    settings.KUMOBAN_OUTSIDE_SYSTEMS = {"x-point": SECRET, "jira": SECRET}
    Rule.objects.update(approvers=[{"group": "g-leads", "count": 1, "via": "x-point"}])
    return office


def asked(office: Office) -> Request:
    return requests.ask(office.actor("sato"), "temporary-access", office.form())


def test_it_reads_the_digest_of_the_plan_that_waits_for_it(declared: Office) -> None:
    made, x_point = asked(declared), System("x-point")
    assert x_point.waiting() == [made.number]
    assert x_point.get(f"outside/x-point/requests/{made.number}").json()["plan"]["digest"] == made.plan.digest


def test_it_sees_nothing_that_is_decided_here_or_in_another_system(declared: Office) -> None:
    theirs = asked(declared)
    Rule.objects.update(approvers=[{"group": "g-leads", "count": 1}])
    ours = asked(declared)
    x_point, jira = System("x-point"), System("jira")
    assert (x_point.waiting(), jira.waiting()) == ([theirs.number], [])
    assert x_point.get(f"outside/x-point/requests/{ours.number}").status_code == 404
    assert jira.get(f"outside/jira/requests/{theirs.number}").status_code == 404
    assert jira.get(f"outside/x-point/requests/{theirs.number}").status_code in (403, 404, 409, 422)


def test_what_is_decided_waits_no_more_and_can_still_be_read(declared: Office) -> None:
    made, x_point = asked(declared), System("x-point")
    requests.withdraw(declared.actor("sato"), made.number)
    assert x_point.waiting() == []
    assert x_point.get(f"outside/x-point/requests/{made.number}").json()["state"] == "withdrawn"


def test_its_token_opens_no_other_operation(declared: Office) -> None:
    made, x_point = asked(declared), System("x-point")
    for path, operations in api.get_openapi_schema()["paths"].items():
        filled = path.replace("{number}", made.number).removeprefix("/api/v1/")
        if "get" in operations and "{" not in filled and not filled.startswith("outside/"):
            assert x_point.get(filled).status_code in (401, 403, 422), path
    assert x_point.get(f"requests/{made.number}").status_code == 403


def test_no_person_s_token_opens_what_is_the_system_s(declared: Office) -> None:
    asked(declared)
    assert (
        Caller(declared, "takahashi", "read", "ask", "approve", "rules").get("outside/x-point/requests").status_code
        == 403
    )


def test_it_works_no_more_once_revoked_run_out_or_the_system_is_declared_no_more(
    declared: Office, settings: Any
) -> None:
    ops = Caller(declared, "takahashi", "read", "rules")
    x_point = System("x-point")
    (listed,) = ops.get("outside-tokens").json()
    assert ops.delete(f"outside-tokens/{listed['id']}").status_code == 204
    assert x_point.get("outside/x-point/requests").status_code == 401
    old = System("x-point")
    Token.objects.filter(revoked_at=None, user__machine=True).update(expires_at=database_now())
    assert old.get("outside/x-point/requests").status_code == 401
    jira = System("jira")
    settings.KUMOBAN_OUTSIDE_SYSTEMS = {"x-point": SECRET}
    assert jira.get("outside/jira/requests").status_code == 401


def test_only_operations_make_one_and_the_ledger_says_who(declared: Office) -> None:
    body = {"system": "x-point", "days": 30}
    assert Caller(declared, "sato", "read", "rules").post("outside-tokens", body).status_code == 403
    made = Caller(declared, "takahashi", "read", "rules").post("outside-tokens", body)
    assert made.status_code == 201
    assert made.json()["secret"].startswith("kmb_")
    entry = search(subjects=["token"], kind="token.made")[0]
    assert (entry.actor, entry.facts["user"]) == ("u-takahashi", "outside:x-point")


def test_an_undeclared_system_has_none(declared: Office) -> None:
    answer = Caller(declared, "takahashi", "read", "rules").post("outside-tokens", {"system": "nobody"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "system")
