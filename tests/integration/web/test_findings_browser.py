"""Findings and the access map in a browser: WCAG 2.2 AA by axe in both languages, light and dark; a narrow screen."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer

from tests.integration.conftest import Office
from tests.integration.desk.test_access import assigned
from tests.integration.findings.noticing import opened
from tests.integration.watches.drift.test_other_ways import entitlement, iam_user
from tests.integration.web.test_access import browser, complaints, visitor
from tests.integration.web.test_findings_pages import drift

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.sqlite]
__all__ = ["browser"]


def pages(office: Office) -> list[str]:
    one = drift()
    opened("b", severity=1)
    assigned("u-sato")
    entitlement(None)
    iam_user("deploy-legacy", None, console=True)
    return ["/findings", f"/findings/{one.pk}", "/access", f"/ask/other-request?finding={one.pk}"]


@pytest.mark.parametrize(("language", "scheme"), [("ja", "light"), ("en", "dark")])
def test_the_pages_are_accessible(
    office: Office, live_server: LiveServer, browser: Browser, language: str, scheme: str
) -> None:
    page = visitor(browser, live_server, office, "takahashi", language, scheme).new_page()
    found: list[str] = []
    for path in pages(office):
        page.goto(live_server.url + path)
        found += complaints(page)
    assert found == []


def test_nothing_is_wider_than_a_narrow_screen(office: Office, live_server: LiveServer, browser: Browser) -> None:
    page = visitor(browser, live_server, office, "takahashi", "ja", width=390).new_page()
    for path in pages(office):
        page.goto(live_server.url + path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


def test_a_finding_is_taken_up_and_put_off_with_the_keyboard(
    office: Office, live_server: LiveServer, browser: Browser
) -> None:
    one = drift()
    page = visitor(browser, live_server, office, "suzuki", "en").new_page()
    page.goto(f"{live_server.url}/findings/{one.pk}")
    page.get_by_role("button", name="I am looking after it").press("Enter")
    page.wait_for_load_state()
    assert "Acknowledged" in page.content()
    assert page.get_by_role("button", name="Take it up again").count() == 1
