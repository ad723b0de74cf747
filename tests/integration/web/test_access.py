"""The pages for everybody: WCAG 2.2 AA by axe, the keyboard, and what a swap every two seconds must not disturb."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from pytest_django.live_server_helper import LiveServer

from kumoban.desk import requests
from kumoban.desk.models import Request, Step
from tests.integration.conftest import Office
from tests.integration.web.test_pages import signed_in

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.sqlite]

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
PAGES = ["/", "/ask", "/ask/temporary-access", "/ask/other-request", "/mine", "/inbox", "/grants", "/me"]
OPERATIONS = ["/", "/work", "/rules/new", "/office", "/no/such/page"]


@pytest.fixture
def browser(chromium_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Browser]:
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # the browser's loop and the rows share this thread
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(chromium_path), args=ARGUMENTS)
        yield browser
        browser.close()


def visitor(
    browser: Browser, server: LiveServer, office: Office, name: str, language: str = "en", scheme: str = "light",
    width: int = 1280,
) -> BrowserContext:  # fmt: skip
    """A browser in which this person is signed in; scripts from outside (axe) may run in it."""
    session = signed_in(office, name).cookies["sessionid"].value
    context = browser.new_context(
        color_scheme="dark" if scheme == "dark" else "light",
        viewport={"width": width, "height": 900},
        bypass_csp=True,
    )
    context.add_cookies(
        [
            {"name": "sessionid", "value": session, "url": server.url},
            {"name": "kumoban_language", "value": language, "url": server.url},
        ]
    )
    return context


def in_force(office: Office) -> Request:
    made = requests.ask(office.actor("sato"), "temporary-access", office.form(workers=["u-sato"]))
    requests.approve(office.actor("suzuki"), made.number, plan_digest=made.plan.digest)
    office.runner.drain()
    made.refresh_from_db()
    assert made.state == "active"
    return made


def waiting(office: Office) -> Request:
    made = requests.ask(office.actor("sato"), "temporary-access", office.form())
    requests.ask_question(office.actor("suzuki"), made.number, text="どの表ですか")
    return made


def by_hand(office: Office) -> Request:
    form = {"subject": "ファイアウォールの開放", "what": "10.0.0.0/16 から 443"}
    return requests.ask(office.actor("sato"), "other-request", form)


def complaints(page: Page) -> list[str]:
    """What axe finds, with everything folded unfolded; the menu by itself, because open it lies over the page."""
    page.evaluate("document.querySelectorAll('details').forEach(fold => fold.open = !fold.matches('.rail-more'))")
    found = Axe().run(page, options=RULES).response["violations"]
    if page.locator(".rail-more").is_visible():
        page.evaluate("document.querySelector('.rail-more').open = true")
        found += Axe().run(page, context=".rail", options=RULES).response["violations"]
    return [f"{page.url}: {one['id']} {node['html'][:120]}" for one in found for node in one["nodes"]]


@pytest.mark.parametrize(("language", "scheme"), [("ja", "light"), ("en", "dark")])  # colours have no language
def test_axe_finds_nothing_on_any_page(
    office: Office, live_server: LiveServer, browser: Browser, language: str, scheme: str
) -> None:
    active, asked = in_force(office), waiting(office)
    visits = {
        "sato": [*PAGES, f"/requests/{active.number}", f"/requests/{asked.number}"],
        "suzuki": ["/inbox", f"/requests/{asked.number}"],
        "takahashi": ["/grants", f"/requests/{active.number}", *OPERATIONS],
    }
    by_hand(office)
    found: list[str] = []
    for name, paths in visits.items():
        page = visitor(browser, live_server, office, name, language, scheme).new_page()
        for path in paths:
            page.goto(live_server.url + path)
            found += complaints(page)
        page.context.close()
    assert found == []


@pytest.mark.parametrize("width", [1280, 390])
def test_no_page_is_wider_than_its_screen(
    office: Office, live_server: LiveServer, browser: Browser, width: int
) -> None:
    active, asked = in_force(office), waiting(office)
    page = visitor(browser, live_server, office, "takahashi", "ja", width=width).new_page()
    by_hand(office)
    for path in (*PAGES, *OPERATIONS, f"/requests/{active.number}", f"/requests/{asked.number}"):
        page.goto(live_server.url + path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


def test_on_a_narrow_screen_the_menu_opens_without_script(
    office: Office, live_server: LiveServer, browser: Browser
) -> None:
    context = visitor(browser, live_server, office, "takahashi", width=390)
    page = context.new_page()
    page.route("**/*.js", lambda route: route.abort())
    page.goto(live_server.url)
    for address in ("/work", "/grants", "/rules", "/office", "/ledger"):
        page.locator(".rail-more summary").click()
        page.locator(f'.rail-more a[href="{address}"]').click()
        page.wait_for_url(live_server.url + address)


def test_focus_and_open_folds_survive_what_moves(office: Office, live_server: LiveServer, browser: Browser) -> None:
    made = in_force(office)
    page = visitor(browser, live_server, office, "sato").new_page()
    page.goto(f"{live_server.url}/requests/{made.number}")
    fold = page.locator("details[id^=profile-]").first
    fold.locator("summary").click()
    page.locator("#do-end").focus()
    with page.expect_response(lambda answer: "/live" in answer.url and answer.status == 200):
        Step.objects.filter(request=made, kind="apply").update(aws_request_id="moved-on")
    page.get_by_text("moved-on").first.wait_for()
    assert fold.get_attribute("open") is not None
    assert page.evaluate("document.activeElement.id") == "do-end"


def test_a_change_of_state_is_said_once_and_nothing_while_nothing_changes(
    office: Office, live_server: LiveServer, browser: Browser
) -> None:
    made = in_force(office)
    page = visitor(browser, live_server, office, "sato").new_page()
    page.goto(f"{live_server.url}/requests/{made.number}")
    with page.expect_response(lambda answer: "/live" in answer.url and answer.status == 204):
        pass
    assert page.locator("#told").inner_text() == ""
    requests.end_early(office.actor("sato"), made.number)
    office.runner.drain()
    page.locator("#told", has_text="Ended").wait_for(state="attached")


def test_slash_goes_to_the_search_but_not_while_typing(
    office: Office, live_server: LiveServer, browser: Browser
) -> None:
    page = visitor(browser, live_server, office, "sato").new_page()
    page.goto(f"{live_server.url}/ask/temporary-access")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.name") == "q"
    page.locator("textarea[name=reason]").focus()
    page.keyboard.type("a/b")
    assert page.locator("textarea[name=reason]").input_value() == "a/b"


def test_the_first_tab_offers_to_skip_to_the_content(office: Office, live_server: LiveServer, browser: Browser) -> None:
    page = visitor(browser, live_server, office, "sato").new_page()
    page.goto(live_server.url)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_everything_on_the_ask_page_is_reached_and_done_by_keyboard(
    office: Office, live_server: LiveServer, browser: Browser
) -> None:
    page = visitor(browser, live_server, office, "sato").new_page()
    page.goto(f"{live_server.url}/ask/temporary-access")
    page.locator("[name='narrow.accounts']").focus()
    for _ in range(4):  # past the choice of a whole OU
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == "accounts":
            break
    page.keyboard.press("Space")
    page.locator("input[name=permission_set]").first.focus()
    page.keyboard.press("Space")
    page.locator("input[type=radio][name=until]").first.focus()
    page.keyboard.press("Space")
    page.locator("textarea[name=reason]").focus()
    page.keyboard.type("keyboard only, every field")
    page.locator("form#ask button.primary").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/requests/R-*")
    assert Request.objects.get().reason == "keyboard only, every field"


def test_a_page_works_without_scripts(office: Office, live_server: LiveServer, browser: Browser) -> None:
    made = in_force(office)
    context = visitor(browser, live_server, office, "sato")
    cookies = context.cookies()
    context.close()
    plain = browser.new_context(java_script_enabled=False)
    plain.add_cookies(cookies)  # type: ignore[arg-type]
    page = plain.new_page()
    page.goto(f"{live_server.url}/requests/{made.number}")
    page.locator("#do-end").click()
    assert page.locator(".head .state").get_attribute("data-state") == "ending"
