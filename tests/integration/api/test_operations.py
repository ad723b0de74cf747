"""The operations team's day by API: today, the calendar, notes, converting."""

from __future__ import annotations

from datetime import timedelta

from django.test import Client

from kumoban.desk import requests
from kumoban.desk.models import Request
from kumoban.ledger.clock import database_now
from tests.integration.api.caller import Caller
from tests.integration.conftest import Office


def planned(office: Office) -> Request:
    start = database_now().replace(microsecond=0) + timedelta(hours=1)
    form = office.form(start=start.isoformat(), until=(start + timedelta(hours=1)).isoformat())
    return requests.ask(office.actor("sato"), "temporary-access", form)


def other(office: Office) -> Request:
    form = {"subject": "ログを見たい", "what": "payments-prod のログを見たいです。"}
    return requests.ask(office.actor("sato"), "other-request", form)


def test_today_is_answered_to_operations_only(office: Office) -> None:
    made, work = planned(office), other(office)
    today = Caller(office, "takahashi").get("today").json()
    assert {piece["request"] for piece in today["tonight"]} == {made.number}
    assert [one["number"] for one in today["work"]] == [work.number]
    assert Caller(office, "sato").get("today").status_code == 409


def test_the_calendar_shows_what_one_may_see(office: Office) -> None:
    made = planned(office)
    day = f"{made.created_at + timedelta(hours=1):%Y-%m-%d}"
    week = Caller(office, "sato").get("calendar", week=day).json()
    assert {piece["request"] for piece in week["pieces"]} == {made.number}
    assert len(week["days"]) == 7
    assert Caller(office, "kim").get("calendar", week=day).json()["pieces"] == []
    assert Caller(office, "sato").get("calendar", week="0001-01-01").status_code == 409


def test_a_feed_is_made_by_a_token_that_may_make_and_its_own_opens_nothing_else(office: Office) -> None:
    planned(office)
    assert Caller(office, "sato", "read").post("calendar/feed", {}).status_code == 403
    address = Caller(office, "sato", "read", "ask").post("calendar/feed", {}).json()["address"]
    path = "/calendar/" + address.rsplit("/", 1)[1]
    assert Client().get(path).status_code == 200
    secret = path.removeprefix("/calendar/").removesuffix(".ics")
    headers = {"Authorization": f"Bearer {secret}"}
    for address in ("requests", "me", "calendar", "accounts"):
        assert Client().get(f"/api/v1/{address}", headers=headers).status_code == 403


def test_notes_are_left_listed_and_taken_off(office: Office) -> None:
    ops = Caller(office, "takahashi")
    made = ops.post("shift-notes", {"text": "様子見"}).json()
    assert [one["text"] for one in ops.get("shift-notes").json()] == ["様子見"]
    assert ops.delete(f"shift-notes/{made['id']}").status_code == 204
    assert ops.delete(f"shift-notes/{made['id']}").status_code == 404
    assert Caller(office, "sato").post("shift-notes", {"text": "x"}).status_code == 403


def test_another_request_is_converted(office: Office) -> None:
    made = other(office)
    ops = Caller(office, "takahashi")
    body = {"routine": "temporary-access", "form": office.form(workers=["u-sato"])}
    assert ops.post(f"requests/{made.number}/convert/preview", body).json()["refusals"] == []
    answer = ops.post(f"requests/{made.number}/convert", body)
    assert answer.status_code == 201
    assert (answer.json()["requester"], answer.json()["converted_from"]) == ("sato", made.number)
    assert ops.get(f"requests/{made.number}").json()["state"] == "done"
    assert ops.post(f"requests/{made.number}/convert", body).status_code == 409
    assert Caller(office, "sato").post(f"requests/{made.number}/convert", body).status_code == 403
