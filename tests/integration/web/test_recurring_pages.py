"""Recurring requests on pages, by API and on the command line."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from click.testing import CliRunner
from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer

from kumoban.cli.main import main
from kumoban.desk.models import RecurringRequest, Request
from kumoban.desk.recurring import ask_due
from kumoban.desk.sign_in import make_token
from tests.integration.api.caller import Caller
from tests.integration.conftest import Office
from tests.integration.desk.test_recurring import add, every_business_day, form, today
from tests.integration.web.test_access import browser, complaints, visitor
from tests.integration.web.test_pages import filled, signed_in

__all__ = ["browser"]


def dates(**changed: str) -> dict[str, str]:
    last = (today() + timedelta(days=60)).isoformat()
    said = {"name": "月次", "every": "business_day_of_month", "nth": "2", "at": "22:00", "length": "15m", "until": last}
    return {f"recur.{name}": value for name, value in {**said, **changed}.items()}


def test_a_filled_form_is_saved_as_recurring(office: Office) -> None:
    client = signed_in(office, "sato")
    answer = client.post("/ask/temporary-access", {**filled(until=""), **dates(), "recur": "1"})
    assert (answer.status_code, answer["Location"]) == (302, "/recurring")
    row = RecurringRequest.objects.get()
    assert (row.name, row.form["accounts"], row.when["nth"]) == ("月次", ["410122300001"], 2)
    assert not Request.objects.exists()
    page = client.get("/recurring").content.decode()
    assert "月次" in page
    assert "Every month, on the n-th business day (n = 2)" in page


def test_what_is_wrong_about_the_dates_is_said_and_nothing_typed_is_lost(office: Office) -> None:
    typed = {**filled(reason="途中の理由"), **dates(until=""), "recur": "1"}
    answer = signed_in(office, "sato").post("/ask/temporary-access", typed)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "途中の理由" in page
    assert 'value="月次"' in page
    assert not RecurringRequest.objects.exists()


def test_the_next_six_dates_are_shown_while_they_are_chosen(office: Office) -> None:
    client = signed_in(office, "sato")
    shown = client.post("/recurring/preview", dates(every="business_day")).content.decode()
    assert shown.count("<li>") == 6
    wrong = client.post("/recurring/preview", dates(at="99:00")).content.decode()
    assert "99:00" in wrong


def test_its_page_shows_what_was_asked_and_what_was_refused(office: Office) -> None:
    row = add(office)
    ask_due()
    client = signed_in(office, "sato")
    page = client.get("/recurring").content.decode()
    assert all(f"/requests/{one.number}" in page for one in Request.objects.all())
    client.post(f"/recurring/{row.pk}/pause")
    assert "Resume" in client.get("/recurring").content.decode()
    assert row.name not in signed_in(office, "ren").get("/recurring").content.decode()
    assert row.name in signed_in(office, "takahashi").get("/recurring").content.decode()


def test_the_api_previews_saves_lists_and_changes(office: Office) -> None:
    sato = Caller(office, "sato")
    assert len(sato.post("recurring/preview", every_business_day()).json()) == 6
    body = {"routine": "temporary-access", "form": form(office), "when": every_business_day()}
    made = sato.post("recurring", body)
    assert made.status_code == 201, made.content
    number = made.json()["id"]
    assert sato.post(f"recurring/{number}/pause", {}).json()["state"] == "paused"
    assert [one["id"] for one in sato.get("recurring").json()] == [number]
    assert Caller(office, "ren").get("recurring").json() == []
    assert Caller(office, "ren").post(f"recurring/{number}/end", {}).status_code in (403, 404)
    assert Caller(office, "sato", "read").post("recurring", body).status_code == 403
    wrong = sato.post("recurring", {**body, "when": {**every_business_day(), "until": "2020-01-01"}})
    assert wrong.status_code == 422
    assert wrong.json()["errors"][0]["field"] == "until"


def test_the_command_line_does_the_same(office: Office, live_server: LiveServer) -> None:
    token = make_token(office.actor("sato").user, "terminal", ["read", "ask"])
    environment = {"KUMOBAN_BASE_URL": live_server.url, "KUMOBAN_TOKEN": token, "KUMOBAN_LANGUAGE": "en"}

    def run(*words: str, answer: str = "") -> str:
        done = CliRunner().invoke(main, ["recurring", *words], env=environment, input=answer)
        assert done.exit_code == 0 or answer == "n\n", done.output
        return done.output

    last = (today() + timedelta(days=60)).isoformat()
    fields = ("--accounts", "payments-prod", "--permission-set", "ProdReadOnly", "--reason", "夜間バッチの確認")
    words = ("add", "夜間", "temporary-access", "--every", "week", "--weekday", "2", "--at", "22:00", "--length", "15m")
    assert "Save it as recurring?" in run(*words, "--last-day", last, *fields, answer="n\n")
    assert not RecurringRequest.objects.exists()
    made = json.loads(run(*words, "--last-day", last, *fields, "--yes", "--json"))
    assert made["when"]["weekdays"] == [2]
    assert "夜間" in run("list")
    assert "Paused" in run("pause", str(made["id"]))
    assert "Ended" in run("end", str(made["id"]))


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.sqlite
@pytest.mark.parametrize(("language", "scheme"), [("ja", "light"), ("en", "dark")])
def test_in_a_browser_the_dates_appear_and_it_is_saved(
    office: Office, live_server: LiveServer, browser: Browser, language: str, scheme: str
) -> None:
    page = visitor(browser, live_server, office, "sato", language, scheme).new_page()
    page.goto(f"{live_server.url}/ask/temporary-access")
    page.check("input[name=accounts][value='410122300001']")
    page.check("input[name=permission_set]", force=True)
    page.fill("textarea[name=reason]", "夜間バッチの確認")
    page.click("#recur > summary")
    for name, value in dates(every="business_day").items():
        if name == "recur.every":
            page.select_option(f"[name='{name}']", value)
        else:
            page.fill(f"[name='{name}']", value)
    page.wait_for_selector("#recur-dates li")
    assert page.locator("#recur-dates li").count() == 6
    assert complaints(page) == []
    page.click("button[name=recur]")
    page.wait_for_url("**/recurring")
    assert complaints(page) == []
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert RecurringRequest.objects.get().name == "月次"
