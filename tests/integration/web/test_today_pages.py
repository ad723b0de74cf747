"""Today's operations, the calendar and converting, as pages."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from kumoban.desk import requests, shift_notes
from kumoban.desk.models import Hold, Request, ShiftNote, Token
from kumoban.ledger.clock import database_now
from tests.integration.conftest import Office
from tests.integration.web.visitor import signed_in

PAY = "410122300001"


def other(office: Office) -> Request:
    form = {"subject": "ログを見たい", "what": "payments-prod のログを見たいです。"}
    return requests.ask(office.actor("sato"), "other-request", form)


def planned(office: Office) -> Request:
    start = database_now().replace(microsecond=0) + timedelta(hours=1)
    form = office.form(start=start.isoformat(), until=(start + timedelta(hours=1)).isoformat())
    return requests.ask(office.actor("sato"), "temporary-access", form)


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_morning_of_the_operations_team(office: Office, language: str) -> None:
    made, two, work = planned(office), planned(office), other(office)
    shift_notes.leave(office.actor("takahashi"), "edge-prod は様子見")
    page = signed_in(office, "takahashi", language).get("/today").content.decode()
    for number in (made.number, two.number, work.number):
        assert f"/requests/{number}" in page
    assert "edge-prod は様子見" in page
    assert f"/requests/{work.number}/take" in page
    assert signed_in(office, "sato", language).get("/today").status_code == 409


def test_work_is_taken_on_from_the_page_and_one_stays_there(office: Office) -> None:
    made = other(office)
    answer = signed_in(office, "takahashi").post(f"/requests/{made.number}/take", {"next": "/today"})
    assert (answer.status_code, answer["Location"]) == (302, "/today")
    assert Request.objects.get(pk=made.pk).assignee_id == "u-takahashi"


def test_notes_are_left_and_taken_off(office: Office) -> None:
    client = signed_in(office, "takahashi")
    assert client.post("/today/notes", {"text": "明日も確認"}).status_code == 302
    note = ShiftNote.objects.get()
    assert "明日も確認" in client.get("/today").content.decode()
    answer = client.post("/today/notes", {"text": "a\u202eb"})
    assert answer.status_code == 422
    client.post(f"/today/notes/{note.pk}/off")
    assert "明日も確認" not in client.get("/today").content.decode()
    assert signed_in(office, "sato").post("/today/notes", {"text": "x"}).status_code == 409


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_calendar_shows_what_one_may_see(office: Office, language: str) -> None:
    made = planned(office)
    pages = [
        signed_in(office, name, language).get(f"/calendar?week={made.created_at + timedelta(hours=1):%Y-%m-%d}")
        for name in ("takahashi", "sato", "kim")
    ]
    assert [f"/requests/{made.number}" in page.content.decode() for page in pages] == [True, True, False]


@pytest.mark.parametrize("week", ["", "x", "0001-01-01", "9999-12-31", "2026-02-31"])
def test_any_week_that_is_typed_is_answered(office: Office, week: str) -> None:
    assert signed_in(office, "sato").get(f"/calendar?week={week}&q=x").status_code == 200


def test_the_feeds_address_is_shown_once_and_opens_without_a_session(office: Office) -> None:
    planned(office)
    client = signed_in(office, "sato")
    page = client.post("/calendar/feed").content.decode()
    path = "/calendar/kmb_" + page.split("/calendar/kmb_")[1].split(".ics")[0] + ".ics"
    assert "kmb_" not in client.get("/calendar").content.decode()
    answer = Client().get(path)
    assert answer["Content-Type"].startswith("text/calendar")
    assert answer.content.startswith(b"BEGIN:VCALENDAR\r\n")
    assert b"payments-prod" in answer.content
    client.post(f"/me/tokens/{Token.objects.get().pk}/revoke")
    assert Client().get(path).status_code == 404
    assert Client().get("/calendar/kmb_nothing.ics").status_code == 404


def test_another_request_is_converted_on_a_form_filled_with_what_it_said(office: Office) -> None:
    made = other(office)
    client = signed_in(office, "takahashi")
    assert f"/requests/{made.number}/convert" in client.get(f"/requests/{made.number}").content.decode()
    assert (
        f"/requests/{made.number}/convert/temporary-access"
        in client.get(f"/requests/{made.number}/convert").content.decode()
    )
    address = f"/requests/{made.number}/convert/temporary-access"
    form = client.get(address).content.decode()
    assert "payments-prod のログを見たいです。" in form
    assert 'value="u-sato" checked' in form
    wrong = client.post(address, {"workers": "u-sato"})
    assert wrong.status_code == 422
    shown = client.post(f"{address}/preview", {**office.form(workers="u-sato"), "accounts": [PAY]})
    assert "payments-prod" in shown.content.decode()
    assert client.get(f"{address}/offers/accounts").status_code == 200
    answer = client.post(address, {**office.form(workers="u-sato"), "accounts": [PAY]})
    new = Request.objects.get(converted_from=made)
    assert answer["Location"] == f"/requests/{new.number}"
    assert f"/requests/{new.number}" in client.get(f"/requests/{made.number}").content.decode()
    assert f"/requests/{made.number}" in signed_in(office, "sato").get(f"/requests/{new.number}").content.decode()


def test_nobody_else_is_offered_to_convert(office: Office) -> None:
    made = other(office)
    client = signed_in(office, "sato")
    assert "/convert" not in client.get(f"/requests/{made.number}").content.decode()
    for path in ("", "/temporary-access", "/temporary-access/offers/accounts"):
        assert client.get(f"/requests/{made.number}/convert{path}").status_code == 409


def test_what_failed_is_taken_on_from_its_page(office: Office) -> None:
    made = requests.ask(office.actor("sato"), "temporary-access", office.form(workers=["u-sato"]))
    requests.approve(office.actor("suzuki"), made.number, plan_digest=made.plan.digest)  # type: ignore[union-attr]
    office.runner.drain()
    Hold.objects.filter(request=made).update(state="failed")
    client = signed_in(office, "takahashi")
    assert f"/requests/{made.number}/take" in client.get("/work").content.decode()
    client.post(f"/requests/{made.number}/take")
    assert "overdue" not in client.get("/work").content.decode()
    Request.objects.filter(pk=made.pk).update(target_at=database_now() - timedelta(days=1))
    assert "overdue" in client.get("/work").content.decode()
