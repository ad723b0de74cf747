"""The newcomer's five minutes in headless Chromium, in both languages."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.journeys.conftest import Demo

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]


def sign_in(browser: Browser, demo: Demo, name: str, language: str, complaints: list[str]) -> Page:
    page = browser.new_context(viewport={"width": 1360, "height": 1000}).new_page()
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.goto(f"{demo.url}/language/{language}?next=/sign-in")
    page.click(f'button[value="{name}"]')
    return page


def wait_for_state(page: Page, url: str, state: str) -> None:
    for _ in range(100):
        page.goto(url)
        if page.locator(".head .state").get_attribute("data-state") == state:
            return
        time.sleep(0.3)
    raise AssertionError(f"the request did not become {state}")


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.sqlite
@pytest.mark.parametrize("language", ["ja", "en"])
def test_a_newcomer_asks_approves_and_sees_it_end(demo: Demo, chromium_path: Path, language: str) -> None:
    complaints: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(chromium_path), args=ARGUMENTS)
        page = sign_in(browser, demo, "sato.misaki", language, complaints)
        page.goto(f"{demo.url}/ask/temporary-access")
        for account in ("payments-prod", "payments-data-prod"):
            page.locator("label.option", has_text=re.compile(f"^{account}")).first.locator("input").check()
        page.locator("label.pill, label.option", has_text="DatabaseReadOnly").click()
        page.fill("input[type=text][name=until]", "15m")
        for worker in ("sato.misaki", "nakamura.ren"):
            page.locator("label.option", has_text=worker).locator("input").check()
        page.fill("textarea[name=reason]", "決済エラー率上昇の調査")
        expect(page.locator("#preview .steps li")).to_have_count(4)
        page.click("button.primary")
        page.wait_for_url("**/requests/*")
        url = page.url
        for approver in ("suzuki.hanako", "takahashi.ken"):
            deciding = sign_in(browser, demo, approver, language, complaints)
            deciding.goto(f"{demo.url}/inbox")
            deciding.locator("button.approve").click()
            deciding.wait_for_url("**/requests/*")
        wait_for_state(page, url, "active")
        expect(page.locator(".seal[role=img]")).to_have_count(2)
        page.click('form.demo button[value="15"]')
        wait_for_state(page, url, "ended")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.set_viewport_size({"width": 390, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        browser.close()
    assert complaints == []
