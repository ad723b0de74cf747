"""A pasted line fills the form: on the page with and without script, and by API."""

from __future__ import annotations

import re
from html import unescape

import pytest
from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer

from kumoban.desk.models import ExtraField, Request
from kumoban.estate.models import Account, RegisterEntry
from kumoban.ledger.clock import database_now
from tests.integration.api.caller import Caller
from tests.integration.conftest import ARN, Office
from tests.integration.web.test_access import browser, complaints, visitor
from tests.integration.web.test_pages import filled, signed_in

__all__ = ["browser"]

LINE = "payments-prod に ProdReadOnly　２時間　決済エラーの調査のため　田中 一郎　謎の言葉"
PAGE = "/ask/temporary-access"
PATH = "routines/temporary-access/from-text"


def read(office: Office, text: str, language: str = "en", **typed: object) -> str:
    answer = signed_in(office, "sato", language).post(PAGE, {"understand": "1", "text": text, **typed})
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def test_the_form_is_filled_and_nothing_is_asked(office: Office) -> None:
    page = read(office, LINE)
    assert re.search(r'value="410122300001" checked', page)
    assert re.search(rf'value="{ARN}" checked', page)
    assert re.search(r'value="u-tanaka" checked', page)
    assert re.search(r'value="2h" data-clears="i-until" checked', page)
    assert ">決済エラーの調査</textarea>" in page
    assert not Request.objects.exists()


def test_every_part_stands_beside_the_words_it_came_from(office: Office) -> None:
    page = read(office, LINE)
    assert re.search(r"Accounts</a></td><td>payments-prod</td><td><q>payments-prod</q>", page)
    assert re.search(r"Until</a></td><td>2 hours</td><td><q>２時間</q>", page)
    assert re.search(r"Not understood, and not in the form</b>\s*<ul><li><q>謎の言葉</q>", page)


def test_what_is_unclear_is_told_with_what_it_may_mean(office: Office) -> None:
    page = read(office, "決済基盤 本番 3名")
    told = re.search(r"Look at these yourself.*?</ul>", page, re.S)
    assert told
    assert "payments-data-prod、payments-prod" in told[0]
    assert "3 people, 0 of them named" in told[0]
    assert "checked" not in re.findall(r'<input[^>]*name="accounts"[^>]*>', page)[0]


def test_what_was_typed_before_stays_where_the_text_says_nothing(office: Office) -> None:
    page = read(office, "2時間", reason="途中の理由", accounts=["410122300002"])
    assert "途中の理由" in page
    assert re.search(r'value="410122300002" checked', page)


def test_a_product_and_an_environment_of_the_register_are_an_account(office: Office) -> None:
    now = database_now()
    for number, product in (("410122300001", "決済"), ("410122300002", "データ")):
        entry = {"product": product, "created_at": now, "changed_at": now}
        RegisterEntry.objects.create(account=Account.objects.get(pk=number), **entry)
    page = read(office, "データ本番")
    assert re.search(r'value="410122300002" checked', page)
    assert not re.search(r'value="410122300001" checked', page)


def test_what_a_team_is_for_means_its_accounts(office: Office) -> None:
    Account.objects.filter(pk="410122300002").update(environment="stg", name="payments-stg")
    page = read(office, "決済本番・検証　今夜２２：００〜２６：００　リリース")
    assert re.search(r'value="410122300001" checked', page)
    assert "Not understood, and not in the form" in page
    assert "<q>検証</q>" in page, "staging is not offered to this person, which is told"


def test_an_account_that_is_not_offered_is_no_word(office: Office) -> None:
    answer = signed_in(office, "kim").post(PAGE, {"understand": "1", "text": "payments-prod 2h"})
    page = answer.content.decode()
    assert "<q>payments-prod</q>" in page
    assert "410122300001" not in page


def test_nothing_understood_is_said(office: Office) -> None:
    assert "Nothing of it was understood; the form is as it was." in read(office, "謎")


def test_a_text_too_long_is_refused_and_kept(office: Office) -> None:
    answer = signed_in(office, "sato").post(PAGE, {"understand": "1", "text": "謎" * 4_001})
    assert answer.status_code == 422
    assert "too long (at most 4000 characters)" in answer.content.decode()
    assert "謎" * 4_001 in answer.content.decode()


def test_a_form_that_reads_no_text_offers_no_box(office: Office) -> None:
    page = signed_in(office, "sato").get("/ask/other-request").content.decode()
    assert 'name="text"' not in page


def test_what_was_understood_is_asked_as_any_other_form(office: Office) -> None:
    typed = filled(text=LINE)
    assert signed_in(office, "sato").post(PAGE, typed).status_code == 302
    assert Request.objects.get().form["until"] == "PT900S"


# --- the API


def test_the_api_reads_the_same(office: Office) -> None:
    ExtraField.objects.create(routine="temporary-access", key="ringi", label_ja="決裁番号", label_en="Decision number")
    told = Caller(office, "sato").post(PATH, {"text": f"{LINE} 決裁番号：2026-0099 3名"}).json()
    assert told["form"] == {
        "accounts": ["410122300001"],
        "permission_set": ARN,
        "until": "2h",
        "reason": "決済エラーの調査",
        "workers": ["u-tanaka"],
    }
    assert told["extra"] == {"ringi": "2026-0099"}
    assert told["left"] == ["謎の言葉"]
    (unclear,) = told["unclear"]
    assert (unclear["field"], unclear["words"]) == ("workers", "3名")
    assert not Request.objects.exists()


@pytest.mark.parametrize("scope", ["read", "approve"])
def test_a_token_that_may_not_ask_reads_no_text(office: Office, scope: str) -> None:
    assert Caller(office, "sato", scope).post(PATH, {"text": "2h"}).status_code == 403


# --- in a browser


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.sqlite
@pytest.mark.parametrize(("language", "scheme"), [("ja", "light"), ("en", "dark")])
def test_with_script_the_form_is_filled_in_place(
    office: Office, live_server: LiveServer, browser: Browser, language: str, scheme: str
) -> None:
    page = visitor(browser, live_server, office, "sato", language, scheme).new_page()
    page.goto(live_server.url + PAGE)
    page.fill('textarea[name="text"]', f"{LINE} 3名")
    page.click('button[name="understand"]')
    page.wait_for_selector("q:text-is('謎の言葉')")
    assert page.is_checked('input[name="accounts"][value="410122300001"]')
    page.wait_for_selector("#preview .steps")
    assert page.input_value('textarea[name="text"]') == f"{LINE} 3名"
    assert complaints(page) == []
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
