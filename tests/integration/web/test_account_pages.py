"""The account register's pages: found, read, changed without losing what was typed, taken from a table."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import translation
from openpyxl import load_workbook

from kumoban.desk import register, requests
from kumoban.estate.models import Account, RegisterEntry
from kumoban.ledger.clock import database_now
from tests.integration.conftest import Office
from tests.integration.web.visitor import signed_in

PAY = "410122300001"
DATA = "410122300002"
TABLE = "アカウントID,管理番号\r\n4101-2230-0001,A-1\r\n410122300002,A-2\r\n"


def text(answer: Any) -> str:
    return answer.content.decode()


def written(office: Office, **values: str) -> None:
    entry = register.entry_of(PAY)
    register.change(office.actor("takahashi"), PAY, values, version=entry.version if entry else 0)


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("path", ["", "/columns", "/import", f"/{PAY}", f"/{PAY}/edit", "?gap=no_owner&cols=own.x"])
def test_every_page_answers_in_both_languages(office: Office, language: str, path: str) -> None:
    written(office, owner="sato", contacts="内線 1")
    answer = signed_in(office, "takahashi", language).get(f"/accounts{path}")
    assert answer.status_code == 200
    assert f'<html lang="{language}">' in text(answer)


def test_the_list_is_narrowed_down_and_says_its_gaps(office: Office) -> None:
    written(office, owner="sato", environment="検証")
    client = signed_in(office, "takahashi")
    assert "payments-data-prod" not in text(client.get("/accounts?gap=environment"))
    page = text(client.get("/accounts?gap=no_owner"))
    assert "payments-data-prod" in page
    assert f"/accounts/{PAY}" not in page
    assert "tag: prod" in text(client.get("/accounts"))


def test_the_columns_are_those_of_the_address(office: Office) -> None:
    page = text(signed_in(office, "takahashi").get("/accounts?cols=note"))
    assert "<th>Note</th>" in page
    assert "<th>Product</th>" not in page


def test_others_see_their_teams_accounts_only(office: Office) -> None:
    Account.objects.filter(pk=DATA).update(team="search")
    page = text(signed_in(office, "ren").get("/accounts"))
    assert f"/accounts/{PAY}" in page
    assert f"/accounts/{DATA}" not in page
    assert signed_in(office, "ren").get(f"/accounts/{DATA}").status_code == 404
    assert signed_in(office, "kim").get(f"/accounts/{PAY}").status_code == 404
    assert "/accounts/import" not in page


def test_an_account_shows_what_happens_there(office: Office) -> None:
    made = requests.ask(office.actor("sato"), "temporary-access", office.form())
    requests.approve(office.actor("suzuki"), made.number, plan_digest=made.plan.digest)  # type: ignore[union-attr]
    office.runner.drain()
    page = text(signed_in(office, "takahashi").get(f"/accounts/{PAY}"))
    assert f"/requests/{made.number}" in page
    assert "ProdReadOnly" in page
    other = text(signed_in(office, "tanaka").get(f"/accounts/{PAY}"))
    assert "ProdReadOnly" in other  # an approver of it, and lead of the account's team


def test_a_form_that_was_wrong_is_shown_again_as_it_was_typed(office: Office) -> None:
    answer = signed_in(office, "takahashi").post(
        f"/accounts/{PAY}/edit", {"version": "0", "owner": "nobody", "product": "決済"}
    )
    assert answer.status_code == 422
    assert 'value="nobody"' in text(answer)
    assert 'value="決済"' in text(answer)
    assert "There is no such person: nobody" in text(answer)


def test_somebody_elses_newer_edit_is_shown_beside_what_was_typed(office: Office) -> None:
    written(office, number="A-1")
    written(office, number="A-2")
    client = signed_in(office, "takahashi")
    answer = client.post(f"/accounts/{PAY}/edit", {"version": "1", "number": "A-3", "note": "大事なメモ"})
    page = text(answer)
    assert answer.status_code == 422
    assert "<ins>A-2</ins>" in page
    assert 'value="A-3"' in page
    assert "大事なメモ" in page
    assert 'name="version" value="2"' in page
    client.post(f"/accounts/{PAY}/edit", {"version": "2", "number": "A-3"})
    assert RegisterEntry.objects.get(pk=PAY).number == "A-3"


def test_the_owner_edits_the_contacts_and_nothing_else(office: Office) -> None:
    written(office, owner="sato")
    client = signed_in(office, "sato")
    page = text(client.get(f"/accounts/{PAY}/edit"))
    assert 'name="contacts"' in page
    assert 'name="owner"' not in page
    client.post(f"/accounts/{PAY}/edit", {"version": "1", "contacts": "内線 9", "owner": "kim"})
    entry = RegisterEntry.objects.get(pk=PAY)
    assert (entry.contacts, entry.owner_id) == ("内線 9", "u-sato")


def test_who_is_asked_confirms_with_one_click_from_home(office: Office) -> None:
    written(office, owner="sato")
    long_ago = database_now() - timedelta(days=200)
    RegisterEntry.objects.update(created_at=long_ago)
    client = signed_in(office, "sato")
    assert f"/accounts/{PAY}/confirm" not in text(client.get("/"))
    register.ask_owners()
    assert f"/accounts/{PAY}/confirm" in text(client.get("/"))
    answer = client.post(f"/accounts/{PAY}/confirm", {"version": "1", "next": "/"})
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert f"/accounts/{PAY}/confirm" not in text(client.get("/"))
    assert RegisterEntry.objects.get(pk=PAY).confirmed_by_id == "u-sato"


def previewed(client: Client, content: bytes) -> str:
    return text(client.post("/accounts/import", {"file": SimpleUploadedFile("register.csv", content)}))


def form_of(page: str) -> dict[str, str]:
    """What the page's form to write the preview sends."""
    found = {}
    for name in ("digest", "versions"):
        found[name] = page.split(f'name="{name}" value="')[1].split('"')[0]
    found["text"] = page.split('<textarea name="text" hidden>\n')[1].split("</textarea>")[0]
    return found


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp932"])
def test_a_file_is_previewed_and_written(office: Office, encoding: str) -> None:
    client = signed_in(office, "takahashi")
    page = previewed(client, TABLE.encode(encoding))
    assert "<ins>A-1</ins>" in page
    assert not RegisterEntry.objects.exists()
    assert client.post("/accounts/import", form_of(page)).status_code == 302
    assert RegisterEntry.objects.get(pk=DATA).number == "A-2"


def test_a_preview_that_no_longer_holds_is_shown_anew_with_what_changed(office: Office) -> None:
    client = signed_in(office, "takahashi")
    page = previewed(client, TABLE.encode())
    written(office, note="x")
    answer = client.post("/accounts/import", form_of(page))
    assert answer.status_code == 422
    assert "changed since the preview" in text(answer)
    assert "<ins>x</ins>" in text(answer)
    assert not RegisterEntry.objects.filter(pk=DATA).exists()
    assert client.post("/accounts/import", form_of(text(answer))).status_code == 302
    assert RegisterEntry.objects.get(pk=PAY).number == "A-1"


def test_what_is_no_table_is_refused_in_words(office: Office) -> None:
    client = signed_in(office, "takahashi")
    assert "This is a workbook" in previewed(client, b"PK\x03\x04")
    assert "The table has no column" in text(client.post("/accounts/import", {"text": "a,b\n1,2"}))


def test_only_operations_takes_tables_and_keeps_columns(office: Office) -> None:
    client = signed_in(office, "sato")
    assert client.get("/accounts/import").status_code == 409
    answer = client.post("/accounts/columns", {"key": "a", "label_ja": "ア", "label_en": "A"})
    assert answer.status_code == 422
    assert 'name="key"' not in text(client.get("/accounts/columns"))


def test_columns_are_added_and_removed(office: Office) -> None:
    client = signed_in(office, "takahashi")
    values = {"key": "rank", "label_ja": "重要度", "label_en": "Rank", "kind": "choice", "choices": "A\r\nB"}
    assert client.post("/accounts/columns", values).status_code == 302
    assert "<option>B</option>" in text(client.get(f"/accounts/{PAY}/edit"))
    assert client.post("/accounts/columns", {**values, "kind": "choice", "choices": ""}).status_code == 422
    assert client.post("/accounts/columns/rank/remove").status_code == 302
    assert "Rank" not in text(client.get(f"/accounts/{PAY}/edit"))


def test_the_files_hold_what_was_narrowed_down(office: Office) -> None:
    written(office, owner="sato")
    client = signed_in(office, "takahashi", "ja")
    sent = b"".join(client.get("/accounts/export.csv?gap=no_owner").streaming_content).decode()  # type: ignore[arg-type]
    assert "4101-2230-0002" in sent
    assert "4101-2230-0001" not in sent
    with translation.override("ja"):
        book = load_workbook(io.BytesIO(client.get("/accounts/export.xlsx").content))
    assert book.sheetnames == ["アカウント台帳"]
