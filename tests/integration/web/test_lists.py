"""Home, one's own requests, the inbox, and what is granted."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kumoban.desk import requests
from kumoban.desk.models import Hold, Request
from kumoban.ledger.clock import database_now
from tests.integration.conftest import Office
from tests.integration.web.test_pages import signed_in


def ask(office: Office, **changed: object) -> Request:
    return requests.ask(office.actor("sato"), "temporary-access", office.form(**changed))


def granted(office: Office, **changed: object) -> Request:
    made = ask(office, **changed)
    requests.approve(office.actor("suzuki"), made.number, plan_digest=made.plan.digest)
    office.runner.drain()
    return made


def test_the_inbox_says_who_where_until_when_and_what_is_unusual(office: Office) -> None:
    ask(office, start="2099-11-26T14:30+09:00", until="2099-11-26T15:00+09:00")
    page = signed_in(office, "suzuki", "ja").get("/inbox").content.decode()
    for text in ("中村 蓮</b>さん", "payments-prod</b>", "11/26(木) 15:00", "いつもと違う点"):
        assert text in page


def test_ones_own_request_stands_there_without_a_button(office: Office) -> None:
    made = ask(office)
    page = signed_in(office, "sato").get("/inbox").content.decode()
    assert f"Your own request {made.number}" in page
    assert f"/requests/{made.number}/approve" not in page


def test_the_inbox_needs_no_more_queries_for_more_cards(office: Office) -> None:
    client = signed_in(office, "suzuki")
    counted = []
    for more in (1, 9):
        for number in range(more):
            ask(office, reason=f"決済エラーの調査 {number}")
        client.get("/inbox")
        with CaptureQueriesContext(connection) as queries:
            client.get("/inbox")
        counted.append(len(queries))
    assert counted[0] == counted[1] < 40


def test_grants_are_narrowed_by_word_state_and_environment(office: Office) -> None:
    granted(office, accounts=["410122300001"], workers=["u-sato"])
    client = signed_in(office, "takahashi")
    for query, there in (("q=ｐａｙｍｅｎｔｓ", True), ("q=nowhere", False), ("environment=prod", True),
                         ("environment=dev", False), ("state=ending", False)):  # fmt: skip
        page = client.get(f"/grants?{query}").content.decode()
        assert ("payments-prod<" in page) is there, query


def test_grants_name_their_approvers_and_can_be_ended_by_who_may(office: Office) -> None:
    made = granted(office, workers=["u-sato"])
    assert "鈴木" in signed_in(office, "takahashi").get("/grants").content.decode()
    assert f"/requests/{made.number}/end" in signed_in(office, "sato").get("/grants").content.decode()


def test_grants_as_csv_run_nothing_in_a_spreadsheet(office: Office) -> None:
    granted(office, accounts=["410122300001"], workers=["u-sato"])
    Hold.objects.update(shown={"person": "=cmd()", "account": "payments-prod", "permission_set": "ProdReadOnly"})
    answer = signed_in(office, "takahashi").get("/grants?format=csv")
    lines = b"".join(answer.streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    assert lines[0].lstrip("\ufeff").startswith("request,person,user_name,account")
    assert "'=cmd()" in lines[1]


def test_nothing_that_fits_offers_to_show_all(office: Office) -> None:
    granted(office)
    assert "Show all" in signed_in(office, "takahashi").get("/grants?q=nowhere").content.decode()


def test_home_offers_what_one_asks_for_again_and_again(office: Office) -> None:
    made = ask(office)
    assert f"/ask/temporary-access?like={made.number}" in signed_in(office, "sato").get("/").content.decode()


def test_home_tells_the_days_until_the_freeze(office: Office) -> None:
    from kumoban.desk.models import FreezePeriod

    now = database_now()
    FreezePeriod.objects.create(reason="年末", starts_at=now + timedelta(days=21), ends_at=now + timedelta(days=30))
    assert "21 days until the freeze" in signed_in(office, "sato").get("/").content.decode()


@pytest.mark.parametrize(("query", "found"), [("state=waiting", True), ("state=active", False), ("q=中村", True)])
def test_ones_requests_are_narrowed(office: Office, query: str, found: bool) -> None:
    made = ask(office)
    assert (made.number in signed_in(office, "sato").get(f"/mine?{query}").content.decode()) is found
