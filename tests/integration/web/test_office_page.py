"""The company's settings: kept by the operations team, read by everybody."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from kumoban.desk.models import CompanyHoliday, ExtraField, FreezePeriod, User
from kumoban.ledger.clock import database_now
from kumoban.ledger.models import Entry
from tests.integration.conftest import Office
from tests.integration.web.visitor import signed_in

FREEZE = {
    "form": "freezes",
    "reason": "年末の凍結",
    "starts_at": "2999-12-28T18:00",
    "ends_at": "2999-12-31T09:00",
    "ou_ids": ["ou-prod"],
    "exception_group": "ops",
}
FIELD = {
    "form": "fields",
    "routine": "temporary-access",
    "key": "change",
    "label_ja": "変更番号",
    "label_en": "Change",
    "kind": "text",
}
DAY = {"form": "holidays", "day": "2026-12-29"}
DAYS = {"form": "list", "csv": "2026-12-29,x"}


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_page_answers_in_both_languages_and_offers_no_form_to_others(office: Office, language: str) -> None:
    page = signed_in(office, "sato", language).get("/office").content.decode()
    assert f'<html lang="{language}">' in page
    assert 'name="form"' not in page
    assert 'name="form"' in signed_in(office, "takahashi", language).get("/office").content.decode()


def test_a_freeze_is_typed_in_the_readers_own_zone(office: Office) -> None:
    client = signed_in(office, "takahashi")
    User.objects.filter(person_id="u-takahashi").update(zone="Europe/Berlin")
    assert client.post("/office", FREEZE).status_code == 302
    assert FreezePeriod.objects.get().starts_at == datetime.fromisoformat("2999-12-28T17:00+00:00")
    assert "年末の凍結" in client.get("/office").content.decode()


def test_a_freeze_that_ends_before_it_starts_is_shown_again_as_typed(office: Office) -> None:
    answer = signed_in(office, "takahashi").post("/office", {**FREEZE, "ends_at": "2999-12-01T09:00"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "The end must be after the start" in page
    assert 'value="年末の凍結"' in page
    assert 'value="ou-prod" checked' in page
    assert not FreezePeriod.objects.exists()


def test_a_freeze_is_ended_by_ops_only(office: Office) -> None:
    now = database_now()
    made = FreezePeriod.objects.create(reason="x", starts_at=now - timedelta(1), ends_at=now + timedelta(1))
    signed_in(office, "sato").post(f"/office/freezes/{made.pk}/end")
    made.refresh_from_db()
    assert made.ends_at > database_now()
    signed_in(office, "takahashi").post(f"/office/freezes/{made.pk}/end")
    made.refresh_from_db()
    assert made.ends_at <= database_now()


@pytest.mark.parametrize("form", [FREEZE, FIELD, DAY, DAYS])
def test_nobody_else_changes_anything_and_the_attempt_is_remembered(office: Office, form: dict[str, Any]) -> None:
    answer = signed_in(office, "sato").post("/office", form)
    assert answer.status_code == 422
    assert "Only the operations team can do this." in answer.content.decode()
    assert not any(model.objects.exists() for model in (FreezePeriod, CompanyHoliday, ExtraField))  # type: ignore[attr-defined]
    assert Entry.objects.filter(kind="attempt.refused", actor="u-sato").exists()


def test_pasted_holidays_are_taken_and_the_refused_lines_stay_on_the_page(office: Office) -> None:
    answer = signed_in(office, "takahashi").post("/office", {"form": "list", "csv": "2026-12-29,年末\nいつか,休み"})
    page = answer.content.decode()
    assert "1 day is taken." in page
    assert "Line 2: “いつか” is not a date" in page
    assert "いつか,休み" in page
    assert CompanyHoliday.objects.count() == 1


def test_a_file_of_a_japanese_spreadsheet_is_read(office: Office) -> None:
    file = SimpleUploadedFile("holidays.csv", "日付,名称\r\n2026/12/29,年末休業\r\n".encode("cp932"))
    signed_in(office, "takahashi").post("/office", {"form": "list", "csv": "", "file": file})
    assert CompanyHoliday.objects.get().name == "年末休業"


def test_a_file_that_is_too_large_is_refused_whole(office: Office) -> None:
    file = SimpleUploadedFile("holidays.csv", b"2026-12-29,x\n" * 10_000)
    answer = signed_in(office, "takahashi").post("/office", {"form": "list", "csv": "", "file": file})
    assert "At most 400 days at a time." in answer.content.decode()
    assert not CompanyHoliday.objects.exists()


def test_a_holiday_is_added_and_removed(office: Office) -> None:
    client = signed_in(office, "takahashi")
    client.post("/office", {"form": "holidays", "day": "2999-12-29", "name": "年末休業"})
    assert "2999-12-29" in client.get("/office").content.decode()
    client.post("/office/holidays/2999-12-29/remove")
    assert not CompanyHoliday.objects.exists()


def test_an_extra_field_is_added_asked_for_and_removed(office: Office) -> None:
    client = signed_in(office, "takahashi")
    assert client.post("/office", {**FIELD, "required": "on", "pattern": "CHG-[0-9]+"}).status_code == 302
    field = ExtraField.objects.get()
    assert (field.required, field.pattern) == (True, "CHG-[0-9]+")
    assert "extra.change" in client.get("/ask/temporary-access").content.decode()
    client.post(f"/office/fields/{field.pk}/remove")
    assert not ExtraField.objects.exists()


def test_an_extra_field_with_a_broken_format_is_shown_again(office: Office) -> None:
    answer = signed_in(office, "takahashi").post("/office", {**FIELD, "pattern": "("})
    assert answer.status_code == 422
    assert "not a regular expression" in answer.content.decode()
    assert 'value="change"' in answer.content.decode()
