"""The form: what it says while typing, what it keeps, what it offers."""

from __future__ import annotations

import re

import pytest

from kumoban.desk import requests
from kumoban.desk.models import ExtraField, Favourite, Request
from kumoban.estate.models import Account
from tests.integration.conftest import ARN, Office
from tests.integration.web.test_pages import filled, signed_in

HTMX = {"HTTP_HX_REQUEST": "true"}


def preview(office: Office, language: str = "en", **changed: object) -> str:
    client = signed_in(office, "sato", language)
    return client.post("/ask/temporary-access/preview", filled(**changed), **HTMX).content.decode()


def test_what_was_normalised_is_told_beside_the_form(office: Office) -> None:
    assert "Read “１５分” as “15分”." in preview(office, until="１５分")


def test_an_error_goes_to_its_field_while_typing(office: Office) -> None:
    page = preview(office, until="むかし")
    field = re.search(
        r'<span class="errors" id="e-until" hx-swap-oob="true">(.*?)</span>\s*<span class="errors"', page, re.S
    )
    assert field
    assert "is not understood as a time" in field[1]


def test_what_is_still_missing_is_named_not_blamed(office: Office) -> None:
    client = signed_in(office, "sato")
    page = client.post("/ask/temporary-access/preview", {"reason": "決済エラーの調査"}, **HTMX).content.decode()
    assert "Still to fill: Accounts、Permission set、Until" in page
    assert "This is required" not in page


def test_an_error_that_was_mended_goes_from_its_field(office: Office) -> None:
    assert re.search(r'id="e-until" hx-swap-oob="true">\s*</span>', preview(office))


def test_who_must_approve_is_named_with_the_rule(office: Office) -> None:
    page = preview(office)
    assert "鈴木 花子" in page
    assert "本番・読み取り" in page


def test_a_pill_or_the_text_beside_it_says_until_when(office: Office) -> None:
    client = signed_in(office, "sato")
    page = client.get("/ask/temporary-access").content.decode()
    assert re.search(r'type="radio" name="until" value="30m"', page)
    made = client.post("/ask/temporary-access", filled(until=["30m", ""]))
    assert Request.objects.get(number=made["Location"].rsplit("/", 1)[1]).form["until"] == "PT1800S"
    other = client.post("/ask/temporary-access", filled(until=["30m", "45m"], once="second"))
    assert Request.objects.get(number=other["Location"].rsplit("/", 1)[1]).form["until"] == "PT2700S"


def test_narrowing_without_a_script_keeps_everything_typed(office: Office) -> None:
    Account.objects.filter(name="payments-data-prod").update(search="payments-data-prod")
    typed = filled(reason="途中の理由", **{"narrow.accounts": "data", "narrow": "accounts"})
    answer = signed_in(office, "sato").post("/ask/temporary-access", typed)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "途中の理由" in page
    assert 'value="data"' in page
    assert re.search(r'value="410122300001" checked', page), "what was ticked stays, though it does not fit"
    assert "payments-data-prod" in page
    assert not Request.objects.exists()


def test_what_the_options_were_narrowed_to_survives_an_error(office: Office) -> None:
    typed = filled(until="むかし", **{"narrow.accounts": "data"})
    page = signed_in(office, "sato").post("/ask/temporary-access", typed).content.decode()
    assert re.search(r'name="narrow.accounts" value="data"', page)


def test_nothing_that_fits_is_said(office: Office) -> None:
    answer = signed_in(office, "sato").get("/ask/temporary-access/offers/accounts?narrow.accounts=nowhere")
    assert "Nothing fits “nowhere”" in answer.content.decode()


def test_the_same_is_asked_again_without_its_time(office: Office) -> None:
    form = office.form(accounts=["410122300001"], until="2h", start="2099-11-26T02:00+09:00")
    made = requests.ask(office.actor("sato"), "temporary-access", form)
    page = signed_in(office, "sato").get(f"/ask/temporary-access?like={made.number}").content.decode()
    assert re.search(r'value="410122300001" checked', page)
    assert re.search(r'value="2h"[^>]* checked', page)
    assert "2099" not in page


def test_a_returned_request_comes_back_as_it_was_typed(office: Office) -> None:
    made = requests.ask(office.actor("sato"), "temporary-access", office.form(until="45m"))
    requests.return_for_correction(office.actor("suzuki"), made.number, comment="理由を詳しく")
    page = signed_in(office, "sato").get(f"/ask/temporary-access?number={made.number}").content.decode()
    assert re.search(r'type="text" id="i-until" name="until" value="45m"', page)


def test_another_persons_request_prefills_nothing(office: Office) -> None:
    made = requests.ask(office.actor("sato"), "temporary-access", office.form())
    page = signed_in(office, "kim").get(f"/ask/temporary-access?like={made.number}").content.decode()
    assert "決済エラー" not in page


def test_company_fields_are_asked_and_shown(office: Office) -> None:
    ExtraField.objects.create(
        routine="temporary-access", key="runbook", label_ja="作業手順書", label_en="Runbook", kind="url"
    )
    client = signed_in(office, "sato")
    wrong = client.post("/ask/temporary-access", filled(**{"extra.runbook": "あとで"}))
    assert "starts with https://" in wrong.content.decode()
    made = client.post("/ask/temporary-access", filled(**{"extra.runbook": "https://wiki.example.jp/1"}))
    assert 'href="https://wiki.example.jp/1"' in client.get(made["Location"]).content.decode()


@pytest.mark.parametrize(("language", "label"), [("ja", "定期保守"), ("en", "Maintenance")])
def test_kinds_of_work_are_the_companys(office: Office, settings: object, language: str, label: str) -> None:
    settings.KUMOBAN_WORK_KINDS = ["upkeep=定期保守/Maintenance", "drill=訓練/Drill"]  # type: ignore[attr-defined]
    client = signed_in(office, "sato", language)
    page = client.get("/ask/temporary-access").content.decode()
    assert re.search(rf'value="upkeep" checked>{label}', page)
    assert "Investigation" not in page
    made = client.post("/ask/temporary-access", filled(kind="upkeep"))
    assert label in client.get(made["Location"]).content.decode()


def test_a_kind_of_work_that_is_not_offered_is_refused(office: Office) -> None:
    answer = signed_in(office, "sato").post("/ask/temporary-access", filled(kind="holiday"))
    assert answer.status_code == 422


def test_a_request_of_a_kind_no_longer_offered_is_still_read_and_applied(office: Office, settings: object) -> None:
    made = requests.ask(office.actor("sato"), "temporary-access", office.form(kind="release"))
    settings.KUMOBAN_WORK_KINDS = ["upkeep=定期保守/Maintenance"]  # type: ignore[attr-defined]
    requests.approve(office.actor("suzuki"), made.number, plan_digest=made.plan.digest)
    office.runner.drain()
    made.refresh_from_db()
    assert made.state == "active"
    assert made.form["permission_set"] == ARN


def test_a_whole_ou_is_ticked_at_once_and_the_most_is_told(office: Office) -> None:
    client = signed_in(office, "sato")
    page = client.get("/ask/temporary-access").content.decode()
    assert re.search(r'<option value="ou:ou-prod">Production \(2\)</option>', page)
    answer = client.get("/ask/temporary-access/offers/accounts", {"bundle.accounts": "ou:ou-prod"}, **HTMX)
    said = answer.content.decode()
    assert said.count(" checked") == 2
    assert "Chosen from Production: 2 of 2." in said
    assert "At most 20 in one request." in said
    assert answer["HX-Trigger-After-Settle"] == "chosen"


def test_of_a_large_ou_no_more_is_ticked_than_one_request_takes(office: Office) -> None:
    more = [f"4101224000{number:02}" for number in range(30)]
    like = Account.objects.get(name="payments-prod")
    for number in more:
        like.pk, like.name, like.email = number, f"more-{number}", f"{number}@example.jp"
        like.save(force_insert=True)
    client = signed_in(office, "sato")
    given = {"bundle.accounts": "ou:ou-prod", "accounts": "410122300001"}
    said = client.get("/ask/temporary-access/offers/accounts", given, **HTMX).content.decode()
    assert said.count(" checked") == 20
    assert "Chosen from Production: 20 of 32." in said


def test_without_script_the_ou_comes_with_the_form(office: Office) -> None:
    client = signed_in(office, "sato")
    given = {"bundle.accounts": "ou:ou-prod", "narrow": "accounts", "reason": "決済エラーの調査"}
    page = client.post("/ask/temporary-access", given).content.decode()
    assert len(re.findall(r'name="accounts" value="\d+" checked', page)) == 2


def test_a_form_is_kept_as_a_favourite_and_fills_itself_again(office: Office) -> None:
    client = signed_in(office, "sato", "ja")
    page = client.post("/ask/temporary-access", {**filled(), "keep": "1", "favourite": "夜間の調査"}).content.decode()
    assert "お気に入りに保存しました" in page
    assert "決済エラーの調査" in page
    kept = Favourite.objects.get()
    link = f'<a href="/ask/temporary-access?favourite={kept.pk}"><b>夜間の調査</b></a>'
    assert link in client.get("/ask").content.decode()
    form = client.get(f"/ask/temporary-access?favourite={kept.pk}").content.decode()
    assert "決済エラーの調査" in form
    assert re.search(r'name="accounts" value="410122300001" checked', form)
    assert signed_in(office, "ren").get(f"/ask/temporary-access?favourite={kept.pk}").status_code == 404
    client.post(f"/favourites/{kept.pk}/remove")
    assert "夜間の調査" not in client.get("/ask").content.decode()


def test_a_favourite_without_a_name_is_not_kept_and_nothing_typed_is_lost(office: Office) -> None:
    client = signed_in(office, "sato")
    answer = client.post("/ask/temporary-access", {**filled(), "keep": "1", "favourite": ""})
    assert answer.status_code == 422
    assert "決済エラーの調査" in answer.content.decode()
    assert not Favourite.objects.exists()
    assert not Request.objects.exists()
