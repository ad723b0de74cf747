"""The HTTP API: the same desk, with tokens and their scopes."""

from __future__ import annotations

from typing import Any

from django.test import Client

from kumoban.desk import requests
from kumoban.desk.models import Request, Token
from kumoban.ledger.clock import database_now
from tests.integration.api.caller import Caller
from tests.integration.conftest import Office


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


def test_the_operations_team_has_its_work_and_nobody_else_does(office: Office) -> None:
    made = requests.ask(office.actor("kim"), "other-request", {"subject": "DNSの相談", "what": "置き場所の相談です"})
    assert [row["number"] for row in Caller(office, "takahashi").get("work").json()] == [made.number]
    assert Caller(office, "kim").get("work").json() == []


def test_what_is_in_force_is_extended_by_a_request_of_its_own(office: Office) -> None:
    sato = Caller(office, "sato")
    first = ask(office, sato).json()
    Caller(office, "suzuki").post(f"requests/{first['number']}/approve", {"plan": first["plan"]["digest"]})
    assert sato.post(f"requests/{first['number']}/extend", {"until": "1h"}).status_code == 409
    office.runner.drain()
    answer = sato.post(f"requests/{first['number']}/extend", {"until": "1h", "reason": "再発のため"})
    assert answer.status_code == 201
    second = answer.json()
    assert (second["extends"], second["state"]) == (first["number"], "waiting")
    assert second["reason"].endswith("再発のため")
    assert second["form"]["accounts"] == first["form"]["accounts"]
    assert Caller(office, "suzuki").post(f"requests/{first['number']}/extend", {"until": "1h"}).status_code == 409


def test_favourites_are_kept_listed_and_removed(office: Office) -> None:
    sato = Caller(office, "sato")
    kept = sato.post("favourites", {"name": "夜間", "routine": "temporary-access", "form": office.form()})
    assert kept.status_code == 201
    assert [one["name"] for one in sato.get("favourites").json()] == ["夜間"]
    assert Caller(office, "ren").get("favourites").json() == []
    assert Caller(office, "ren").delete(f"favourites/{kept.json()['id']}").status_code == 404
    assert sato.delete(f"favourites/{kept.json()['id']}").status_code == 204


def test_whole_ous_are_offered_and_asked_for(office: Office) -> None:
    sato = Caller(office, "sato")
    offered = sato.get("routines/temporary-access/bundles/accounts").json()
    assert [(one["label"], len(one["values"])) for one in offered] == [("Production", 2)]
    made = ask(office, sato, accounts=[offered[0]["key"]]).json()
    assert sorted(made["form"]["accounts"]) == ["410122300001", "410122300002"]
