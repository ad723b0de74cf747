"""The pages, through Django's client: what a person sees and may do."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from kumoban.desk import requests
from kumoban.desk.models import Request
from kumoban.estate.models import Person
from kumoban.ledger.models import Entry
from tests.integration.conftest import ARN, Office


def signed_in(office: Office, name: str, language: str = "en") -> Client:
    client = Client()
    client.force_login(office.actor(name).user)
    client.cookies["kumoban_language"] = language
    return client


def filled(**changed: object) -> dict[str, object]:
    return {
        "accounts": ["410122300001"],
        "permission_set": ARN,
        "until": "15分",
        "kind": "research",
        "reason": "決済エラーの調査",
        "once": "one-click",
        **changed,
    }


PAGES = ["/", "/ask", "/ask/temporary-access", "/ask/other-request", "/mine", "/inbox", "/grants", "/rules", "/ledger"]


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("page", PAGES)
def test_every_page_answers_in_both_languages(office: Office, page: str, language: str) -> None:
    answer = signed_in(office, "sato", language).get(page)
    assert answer.status_code == 200
    assert f'<html lang="{language}">' in answer.content.decode()


@pytest.mark.parametrize("page", PAGES)
def test_nobody_sees_a_page_without_signing_in(office: Office, page: str) -> None:
    answer = Client().get(page)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/sign-in")


def test_the_policy_allows_no_inline_script_or_style(office: Office) -> None:
    answer = signed_in(office, "sato").get("/")
    policy = answer["Content-Security-Policy"]
    assert "unsafe" not in policy
    page = answer.content.decode()
    assert "style=" not in page
    assert not re.search(r"<script(?![^>]*src=)", page)


def test_the_preview_says_what_would_happen_and_who_must_approve(office: Office) -> None:
    answer = signed_in(office, "sato").post("/ask/temporary-access/preview", filled(), HTTP_HX_REQUEST="true")
    page = answer.content.decode()
    assert "payments-prod" in page
    assert "鈴木" in page
    assert not Request.objects.exists()


def test_asking_and_approving_through_the_pages(office: Office) -> None:
    asked = signed_in(office, "sato").post("/ask/temporary-access", filled())
    number = asked["Location"].rsplit("/", 1)[1]
    approver = signed_in(office, "suzuki")
    assert number in approver.get("/inbox").content.decode()
    digest = Request.objects.get(number=number).plan.digest
    approver.post(f"/requests/{number}/approve", {"digest": digest})
    office.runner.drain()
    assert Request.objects.get(number=number).state == "active"
    assert "aws sso login" in signed_in(office, "sato").get(f"/requests/{number}").content.decode()


def test_a_form_that_is_wrong_loses_nothing_and_says_what_is_wrong(office: Office) -> None:
    answer = signed_in(office, "sato").post("/ask/temporary-access", filled(reason="調査", until="むかし"))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "at least 5 characters" in page
    assert "むかし" in page


def test_forged_state_and_approver_fields_do_nothing(office: Office) -> None:
    forged = filled(state="active", approver="sato", requester="u-suzuki")
    asked = signed_in(office, "sato").post("/ask/temporary-access", forged)
    made = Request.objects.get(number=asked["Location"].rsplit("/", 1)[1])
    assert (made.state, made.requester_id) == ("waiting", "u-sato")


def test_a_stranger_does_not_see_a_request(office: Office) -> None:
    made = requests.ask(office.actor("sato"), "temporary-access", office.form())
    answer = signed_in(office, "kim").get(f"/requests/{made.number}")
    assert answer.status_code == 404
    assert "決済エラー" not in answer.content.decode()


def test_an_attempt_to_approve_ones_own_request_is_refused_and_remembered(office: Office) -> None:
    made = requests.ask(office.actor("sato"), "temporary-access", office.form())
    signed_in(office, "sato").post(f"/requests/{made.number}/approve", {"digest": made.plan.digest})
    made.refresh_from_db()
    assert made.state == "waiting"
    assert Entry.objects.filter(kind="attempt.refused", actor="u-sato").exists()


def test_what_people_type_is_escaped(office: Office) -> None:
    client = signed_in(office, "sato")
    asked = client.post("/ask/temporary-access", filled(reason="<script>alert(1)</script>"))
    assert "<script>alert" not in client.get(asked["Location"]).content.decode()


def test_a_post_without_a_csrf_token_is_refused(office: Office) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(office.actor("sato").user)
    assert client.post("/ask/temporary-access", filled()).status_code == 403


def test_somebody_who_left_can_do_nothing(office: Office) -> None:
    client = signed_in(office, "sato")
    Person.objects.filter(pk="u-sato").update(enabled=False)
    answer = client.post("/ask/temporary-access", filled())
    assert answer.status_code in (302, 409)
    assert not Request.objects.exists()


def test_an_other_request_is_assigned_worked_and_closed(office: Office) -> None:
    form = {"subject": "S3 バケット", "what": "ログ用のバケットを作ってください"}
    asked = signed_in(office, "kim").post("/ask/other-request", form)
    number = asked["Location"].rsplit("/", 1)[1]
    ops = office.actor("takahashi")
    requests.assign(ops, number, assignee="u-takahashi")
    requests.work(ops, number, text="作成しました", minutes=20)
    requests.close_manual(ops, number)
    found = Request.objects.get(number=number)
    assert found.state == "done"
    assert found.target_at is not None
    assert "作成" in signed_in(office, "kim").get(f"/requests/{number}").content.decode()
