"""Access without a request in a browser: WCAG 2.2 AA by axe in both languages, light and dark; a narrow screen."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer

from kumoban.estate.models import Membership
from kumoban.evidence.matching.models import Session
from kumoban.ledger.clock import database_now
from tests.integration.conftest import Office
from tests.integration.evidence.months import MONTH, exclusion_row, gap_row, month_row, session_row
from tests.integration.web.test_access import browser, complaints, visitor

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.sqlite]
__all__ = ["browser"]

PAGES = ["/matching", f"/matching/{MONTH}"]


def filled(office: Office) -> None:
    """Takahashi is operations and its lead."""
    from kumoban.estate.models import Group

    Group.objects.create(id="g-ops-leads", name="ops-leads", seen_at=database_now())
    Membership.objects.create(person_id="u-takahashi", group_id="g-ops-leads", seen_at=database_now())
    month_row()
    gap_row()
    exclusion_row()
    session_row()
    role = "AWSReservedSSO_ProdReadOnly_0123456789abcdef"
    session_row(
        key="b",
        kind="identity_center",
        name="sato",
        person="u-sato",
        principal="u-sato",
        role=role,
        outcome="matched",
        request="R-1",
        why={"code": "session_by_grant", "params": {"request": "R-1"}},
    )
    session_row(
        key="c",
        kind="outside",
        origin="token.actions.githubusercontent.com",
        outcome="excluded",
        role="arn:aws:iam::410122300001:role/Deploy",
        why={"code": "session_by_exclusion", "params": {"n": 1}},
    )


@pytest.mark.parametrize(("language", "scheme"), [("ja", "light"), ("en", "dark")])
def test_the_pages_are_accessible(
    office: Office, live_server: LiveServer, browser: Browser, language: str, scheme: str
) -> None:
    filled(office)
    page = visitor(browser, live_server, office, "takahashi", language, scheme).new_page()
    found: list[str] = []
    for path in PAGES:
        page.goto(live_server.url + path)
        found += complaints(page)
    assert found == []


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_wider_than_the_screen(
    office: Office, live_server: LiveServer, browser: Browser, width: int
) -> None:
    filled(office)
    page = visitor(browser, live_server, office, "takahashi", "ja", width=width).new_page()
    for path in PAGES:
        page.goto(live_server.url + path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


def test_a_session_is_explained_with_the_keyboard(office: Office, live_server: LiveServer, browser: Browser) -> None:
    filled(office)
    page = visitor(browser, live_server, office, "takahashi", "en").new_page()
    page.goto(f"{live_server.url}/matching/{MONTH}")
    one = Session.objects.get(key="k")
    page.get_by_role("checkbox", name=f"Session {one.pk} of batch").press("Space")
    page.get_by_label("Why it was right, or what was done about it").fill("Change C-31")
    page.get_by_role("button", name="Keep the explanation").press("Enter")
    page.wait_for_load_state()
    one.refresh_from_db()
    assert one.explained
    assert "Change C-31" not in page.content()
    page.goto(f"{live_server.url}/matching/{MONTH}")
    assert "Change C-31" in page.content()
