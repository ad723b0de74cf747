"""Machines that ask, in a browser: WCAG 2.2 AA by axe in both languages, light and dark; a narrow screen."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer

from kumoban.desk import requests
from kumoban.desk.machine_identities.keeping import MachineForm, make_machine, stop
from kumoban.desk.models import Rule
from kumoban.desk.people import Actor
from tests.integration.conftest import Office
from tests.integration.web.test_access import browser, complaints, visitor

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.sqlite]
__all__ = ["browser"]


def pages(office: Office) -> list[str]:
    ops = office.actor("takahashi")
    machine, _secret = make_machine(ops, MachineForm(name="nightly-deployment-bot", owner="sato"))
    make_machine(ops, MachineForm(name="old", owner="ren"))
    stop(ops, "old")
    Rule.objects.update(who={"machines": [machine.name], "groups": ["g-pay"]})
    made = requests.ask(Actor(machine.user), "temporary-access", office.form())
    rule = Rule.objects.get()
    return ["/office/machines", f"/requests/{made.number}", "/rules", f"/rules/{rule.pk}", "/rules/explain", "/work"]


@pytest.mark.parametrize(("language", "scheme"), [("ja", "light"), ("en", "dark")])
def test_the_pages_are_accessible(
    office: Office, live_server: LiveServer, browser: Browser, language: str, scheme: str
) -> None:
    page = visitor(browser, live_server, office, "takahashi", language, scheme).new_page()
    found: list[str] = []
    for path in pages(office):
        page.goto(live_server.url + path)
        if path == "/office/machines":
            page.locator("summary").last.click()
        found += complaints(page)
    assert found == []


def test_nothing_is_wider_than_a_narrow_screen(office: Office, live_server: LiveServer, browser: Browser) -> None:
    page = visitor(browser, live_server, office, "takahashi", "ja", width=390).new_page()
    for path in pages(office):
        page.goto(live_server.url + path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
