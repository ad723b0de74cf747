"""Emergency access on the pages, by API and on the command line: the bounded set, the banner, the review, the lock."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from django.core.cache import cache
from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer

from kumoban.cli.main import main
from kumoban.desk.models import EmergencyReview, Request
from kumoban.desk.requests import look_after_reviews
from kumoban.desk.sign_in import make_token
from kumoban.evidence.models import SessionLog
from kumoban.ledger.clock import database_now
from tests.integration.api.caller import Caller
from tests.integration.conftest import Office
from tests.integration.desk.test_afterwards import granted
from tests.integration.desk.test_emergency_review import ended, office, overdue
from tests.integration.web.test_access import browser, complaints, visitor
from tests.integration.web.test_pages import signed_in

__all__ = ["browser", "office"]


def page(office: Office, name: str, path: str, language: str = "en") -> str:
    cache.clear()
    return signed_in(office, name, language).get(path).content.decode()


def test_home_shows_beforehand_what_may_be_activated_alone(office: Office) -> None:
    home = page(office, "sato", "/")
    assert "What you may activate alone in an emergency" in home
    assert "Temporary access in 2 accounts, up to 1 hour" in home
    assert "Daniel Kim" in home
    assert 'href="/ask/temporary-access?emergency=1"' in home
    assert 'name="emergency" value="1" checked' in page(office, "sato", "/ask/temporary-access?emergency=1")
    assert "What you may activate alone" not in page(office, "kim", "/")


@pytest.mark.parametrize("path", ["/", "/ledger", "/grants", "/rules"])
def test_operations_see_it_on_every_page_until_its_review_is_closed(office: Office, path: str) -> None:
    assert 'aria-label="Emergency access"' not in page(office, "takahashi", path)
    made = granted(office)
    assert f'<a href="/requests/{made.number}">{made.number}</a>' in page(office, "takahashi", path)
    assert 'aria-label="Emergency access"' not in page(office, "ren", path)


def test_the_review_shows_what_was_done_and_is_closed_with_words(office: Office, settings: Any) -> None:
    settings.KUMOBAN_TRAIL_BUCKET = "trail"
    made = ended(office)
    now = database_now()
    hold = made.holds.first()
    assert hold is not None
    SessionLog.objects.create(hold=hold, since=now, until=now, collected_at=now, complete=True, changing=3, reading=9)
    address = f"/requests/{made.number}"
    assert "Actions that change something: <b>3</b>. Reading: 9." in page(office, "takahashi", address)
    client = signed_in(office, "takahashi")
    refused = client.post(f"{address}/review", {"outcome": "improve", "comment": ""})
    assert "How was it?" in refused.content.decode()
    assert client.post(f"{address}/review", {"outcome": "improve", "comment": "次は事前に"}).status_code == 302
    after = page(office, "takahashi", address)
    assert "Justified, something to improve" in after
    assert "次は事前に" in after
    assert 'aria-label="Emergency access"' not in after


def test_the_person_sees_the_lock_and_how_it_is_lifted(office: Office) -> None:
    made = overdue(office)
    home = page(office, "sato", "/")
    assert f"Locked: the review of {made.number} is overdue." in home
    assert "?emergency=1" not in home
    assert "review overdue since" in page(office, "takahashi", "/")


def test_the_api_tells_the_set_and_closes_the_review(office: Office) -> None:
    made = overdue(office)
    told = Caller(office, "sato").get("emergencies").json()
    (one,) = told["alone"]
    assert (one["accounts"], one["minutes"], one["days"]) == (["payments-data-prod", "payments-prod"], 60, 2)
    assert told["locked_by"] == made.number
    assert [(row["number"], row["locked"]) for row in told["open"]] == [(made.number, True)]
    body = {"outcome": "unjustified", "comment": "通常の申請で足りた"}
    assert Caller(office, "sato").post(f"requests/{made.number}/review", body).status_code == 403
    assert Caller(office, "takahashi", "read").post(f"requests/{made.number}/review", body).status_code == 403
    closed = Caller(office, "takahashi").post(f"requests/{made.number}/review", body).json()
    assert (closed["outcome"], closed["locked"]) == ("unjustified", False)
    assert Caller(office, "sato").get("emergencies").json()["locked_by"] == ""
    assert Caller(office, "kim").get("emergencies").json() == {"alone": [], "locked_by": "", "open": []}


def test_the_command_line_does_the_same(office: Office, live_server: LiveServer) -> None:
    made = overdue(office)

    def says(name: str, *words: str) -> str:
        token = make_token(office.actor(name).user, "terminal", ["read", "approve"])
        environment = {"KUMOBAN_BASE_URL": live_server.url, "KUMOBAN_TOKEN": token, "KUMOBAN_LANGUAGE": "en"}
        answer = CliRunner().invoke(main, list(words), env=environment)
        assert answer.exit_code == 0, answer.output
        return answer.output

    assert f"Locked: the review of {made.number} is overdue." in says("sato", "emergencies")
    assert "Justified" in says("takahashi", "review-emergency", made.number, "justified", "--comment", "見た")
    assert "Locked" not in says("sato", "emergencies")


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.sqlite
@pytest.mark.parametrize(("language", "scheme"), [("ja", "light"), ("en", "dark")])
def test_in_a_browser_it_is_activated_alone_ended_and_reviewed(
    office: Office, live_server: LiveServer, browser: Browser, language: str, scheme: str
) -> None:
    sato = visitor(browser, live_server, office, "sato", language, scheme).new_page()
    sato.goto(live_server.url)
    sato.click("details[id^=alone] summary")
    assert complaints(sato) == []
    sato.click("a[href*='emergency=1']")
    assert sato.is_checked("input[name=emergency]")
    sato.check("input[name=accounts][value='410122300001']")
    sato.check("input[name=permission_set]", force=True)
    sato.check("input[name=until][value='15m']", force=True)
    sato.fill("textarea[name=reason]", "決済が止まっている")
    sato.click("#ask button.primary")
    sato.wait_for_url("**/requests/**")
    office.runner.drain()
    cache.clear()
    ops = visitor(browser, live_server, office, "takahashi", language, scheme, width=390).new_page()
    ops.goto(live_server.url)
    assert complaints(ops) == []
    assert ops.evaluate("document.documentElement.scrollWidth <= innerWidth")
    made = Request.objects.get()
    assert made.state == "active"
    office.pass_time(timedelta(hours=1))
    office.runner.drain()
    look_after_reviews()
    ops.locator("aside.observing a", has_text=made.number).press("Enter")
    ops.wait_for_url(f"**/requests/{made.number}")
    assert complaints(ops) == []
    ops.check("input[name=outcome][value=justified]", force=True)
    ops.fill("#review-comment", "作業ログを見た。正当だった")
    ops.click("form[action$='/review'] button")
    ops.wait_for_load_state()
    assert EmergencyReview.objects.get().outcome == "justified"
    assert ops.locator("aside.observing").count() == 0
    assert complaints(ops) == []
