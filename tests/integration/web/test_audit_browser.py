"""The auditor's room in a browser: WCAG 2.2 AA by axe in both languages, light and dark; a narrow screen; a draw."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer

from kumoban.desk.models import Request
from kumoban.evidence.audit.controls.running import run
from kumoban.evidence.audit.room import Period
from kumoban.evidence.audit.sampling import draw
from kumoban.ledger.clock import database_now
from tests.integration.conftest import Office
from tests.integration.evidence.audit.auditors import WEEK, auditor, form, guest
from tests.integration.evidence.audit.test_pack import made, worked
from tests.integration.web.test_access import browser, complaints, visitor

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.sqlite]
__all__ = ["browser"]


def pages(office: Office) -> list[str]:
    worked(office)
    actor = office.actor(auditor(office))
    samples = [draw(actor, form(kind=kind)).pk for kind in ("grants", "requests")]
    made(office)
    guest(office)
    run(actor, Period(database_now() - WEEK, database_now()))
    return [
        "/audit",
        *(f"/audit/samples/{pk}" for pk in samples),
        "/audit/controls",
        "/audit/conflicts",
        "/audit/retention",
    ]


@pytest.mark.parametrize(("language", "scheme"), [("ja", "light"), ("en", "dark")])
def test_the_pages_are_accessible(
    office: Office, live_server: LiveServer, browser: Browser, language: str, scheme: str
) -> None:
    every = pages(office)
    page = visitor(browser, live_server, office, "ito", language, scheme).new_page()
    found: list[str] = []
    for path in every:
        page.goto(live_server.url + path)
        found += complaints(page)
        if folder := os.environ.get("KUMOBAN_TEST_PICTURES"):
            name = path.strip("/").replace("/", "-")
            page.screenshot(path=str(Path(folder) / f"{name}-{language}.png"), full_page=True)
    assert found == []


def test_nothing_is_wider_than_a_narrow_screen(office: Office, live_server: LiveServer, browser: Browser) -> None:
    every = pages(office)
    page = visitor(browser, live_server, office, "ito", "ja", width=390).new_page()
    for path in every:
        page.goto(live_server.url + path)
        if folder := os.environ.get("KUMOBAN_TEST_PICTURES"):
            page.screenshot(path=str(Path(folder) / f"narrow{path.replace('/', '-')}.png"), full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


def test_a_guest_draws_a_sample_and_reads_how_to_draw_it_again(
    office: Office, live_server: LiveServer, browser: Browser
) -> None:
    worked(office)
    now = database_now()
    guest(office, since=now - 2 * WEEK, until=now + 2 * WEEK)
    page = visitor(browser, live_server, office, "endo", "en").new_page()
    page.goto(live_server.url)
    assert page.url.endswith("/audit")
    assert page.get_by_role("link", name="Ask").count() == 0
    page.get_by_label("Seed of your own").fill("dice42163")
    panel = page.locator("form[action='/audit']")
    for label, day in (("First day", now - WEEK), ("Last day", now)):
        panel.get_by_label(label).fill(f"{day:%Y-%m-%d}")
    panel.get_by_role("button", name="Draw").click()
    page.wait_for_url("**/audit/samples/*")
    assert "dice42163" in page.content()
    assert "the same" in page.content()
    number = Request.objects.get(routine="temporary-access").number
    page.get_by_role("link", name=number, exact=True).click()
    page.wait_for_url(f"**/requests/{number}")
    assert page.get_by_role("button", name="Approve this plan").count() == 0
