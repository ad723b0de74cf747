"""The register and the operations team's day in a browser: by axe, at two widths, and on one sheet of paper."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer

from kumoban.desk import register, requests, shift_notes
from kumoban.estate.models import RegisterEntry
from kumoban.ledger.clock import database_now
from tests.integration.conftest import Office
from tests.integration.web.test_access import browser, complaints, visitor

__all__ = ["browser"]

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.sqlite]

PAY = "410122300001"


def busy(office: Office) -> str:
    """More than a page would hold: work that meets, ends, open work, long notes. The number of another request."""
    ops = office.actor("takahashi")
    start = database_now().replace(microsecond=0)
    for n in range(1, 13):
        begin = start + timedelta(minutes=n)
        form = office.form(start=begin.isoformat(), until=(begin + timedelta(hours=1)).isoformat())
        requests.ask(office.actor("sato"), "temporary-access", form)
    for n in range(6):
        form = office.form(until=f"{60 + n}m")
        made = requests.ask(office.actor("sato"), "temporary-access", form)
        requests.approve(office.actor("suzuki"), made.number, plan_digest=made.plan.digest)
    office.runner.drain()
    for n in range(14):
        form = {"subject": f"ファイアウォールの開放 {n} " + "とても長い件名" * 8, "what": "443 を開けてください。" * 20}
        made = requests.ask(office.actor("ren"), "other-request", form)
    for _n in range(8):
        shift_notes.leave(ops, "昨夜の edge-prod は様子見。同じ警告が出たら伊藤へ。" * 12)
    register.change(ops, PAY, {"owner": "takahashi", "contacts": "内線 1\n夜間 2", "environment": "検証"}, version=0)
    RegisterEntry.objects.update(created_at=start - timedelta(days=200))
    register.ask_owners()
    return made.number


@pytest.mark.parametrize(("language", "scheme"), [("ja", "light"), ("en", "dark")])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(
    live_server: LiveServer, office: Office, browser: Browser, language: str, scheme: str
) -> None:
    number = busy(office)
    pages = [
        *("/today", "/calendar", "/accounts", "/accounts/import", "/accounts/columns", "/"),
        *(f"/accounts/{PAY}", f"/accounts/{PAY}/edit"),
        *(f"/requests/{number}/convert", f"/requests/{number}/convert/temporary-access"),
    ]
    page = visitor(browser, live_server, office, "takahashi", language, scheme).new_page()
    found: list[str] = []
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        for path in pages:
            page.goto(live_server.url + path)
            found += complaints(page) if width == 1280 or path in ("/today", "/calendar") else []
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                found.append(f"{path} is wider than {width} px")
    assert found == []


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_morning_prints_on_one_sheet_however_busy_it_is(
    live_server: LiveServer, office: Office, browser: Browser, language: str
) -> None:
    busy(office)
    page = visitor(browser, live_server, office, "takahashi", language).new_page()
    page.goto(f"{live_server.url}/today")
    for paper in ("A4", "Letter"):
        printed = page.pdf(format=paper, scale=1.08)  # another machine's letters are larger
        assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1, paper
