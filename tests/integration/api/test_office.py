"""Freezes, company holidays and extra fields through the API."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from kumoban.desk.models import CompanyHoliday, ExtraField, FreezePeriod
from kumoban.ledger.clock import database_now
from kumoban.ledger.models import Entry
from tests.integration.api.caller import Caller
from tests.integration.conftest import Office


def ops(office: Office) -> Caller:
    return Caller(office, "takahashi", "read", "rules")


def freeze(days: int = 0, **changed: Any) -> dict[str, Any]:
    start = database_now() + timedelta(days=days, seconds=-1)
    times = {"starts_at": start.isoformat(), "ends_at": (start + timedelta(days=3)).isoformat()}
    return {"reason": "年末の凍結", **times, "ou_ids": ["ou-prod"], "exception_group": "ops", **changed}


def test_a_freeze_is_added_listed_and_ended(office: Office) -> None:
    made = ops(office).post("freezes", freeze()).json()
    assert Caller(office, "kim").get("freezes").json()[0]["exception_group"] == "g-ops"
    assert ops(office).delete(f"freezes/{made['id']}").status_code == 204
    assert FreezePeriod.objects.get().ends_at <= database_now()
    assert Entry.objects.filter(kind="freeze.ended", subject=f"freeze:{made['id']}").exists()
    assert ops(office).delete(f"freezes/{made['id']}").status_code == 404


def test_a_freeze_to_come_is_taken_back_whole(office: Office) -> None:
    made = ops(office).post("freezes", freeze(days=5)).json()
    ops(office).delete(f"freezes/{made['id']}")
    assert not FreezePeriod.objects.exists()


@pytest.mark.parametrize(
    ("field", "changed"),
    [
        ("ou_ids", {"ou_ids": ["ou-nowhere"]}),
        ("routines", {"routines": ["tea"]}),
        ("starts_at", {"starts_at": "2026-12-28T00:00:00"}),
        ("reason", {"reason": ""}),
    ],
)
def test_a_freeze_that_cannot_be_meant_is_refused(office: Office, field: str, changed: dict[str, Any]) -> None:
    answer = ops(office).post("freezes", freeze(**changed))
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
    assert not FreezePeriod.objects.exists()


def test_holidays_come_as_a_list_and_what_is_not_understood_is_told_by_line(office: Office) -> None:
    lines = "日付,名称\n2026-12-29,年末休業\n2026/12/30,年末休業\n12月31日,年末休業\n2026-12-29,二度目\n"
    answer = ops(office).post("holidays/list", {"csv": lines}).json()
    assert answer["taken"] == ["2026-12-29", "2026-12-30"]
    assert [(one["line"], one["code"]) for one in answer["refused"]] == [
        (4, "holiday_not_a_date"),
        (5, "holiday_twice"),
    ]
    assert CompanyHoliday.objects.count() == 2
    assert Entry.objects.filter(kind="holidays.added").count() == 1


def test_a_holiday_is_removed(office: Office) -> None:
    ops(office).post("holidays", {"day": "2026-12-29", "name": "年末休業"})
    assert ops(office).delete("holidays/2026-12-29").status_code == 204
    assert not CompanyHoliday.objects.exists()
    assert ops(office).delete("holidays/2026-12-29").status_code == 404


FIELD = {"routine": "temporary-access", "key": "change", "label_ja": "変更番号", "label_en": "Change", "kind": "text"}


def test_an_extra_field_is_added_listed_and_removed(office: Office) -> None:
    made = ops(office).post("extra-fields", FIELD).json()
    assert Caller(office, "kim").get("extra-fields").json()[0]["key"] == "change"
    assert ops(office).delete(f"extra-fields/{made['id']}").status_code == 204
    assert not ExtraField.objects.exists()
    assert Entry.objects.filter(kind="extra_field.removed").exists()


def test_a_choice_without_choices_is_refused(office: Office) -> None:
    answer = ops(office).post("extra-fields", {**FIELD, "kind": "choice"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "choices")


def test_a_pattern_that_is_no_regular_expression_is_refused(office: Office) -> None:
    assert ops(office).post("extra-fields", {**FIELD, "pattern": "("}).status_code == 409


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("freezes", {"reason": "x", "starts_at": "2026-12-28T00:00+09:00", "ends_at": "2026-12-29T00:00+09:00"}),
        ("holidays", {"day": "2026-12-29"}),
        ("holidays/list", {"csv": "2026-12-29,x"}),
        ("extra-fields", FIELD),
    ],
)
def test_only_ops_change_the_office(office: Office, path: str, body: dict[str, Any]) -> None:
    assert Caller(office, "sato", "read", "rules").post(path, body).status_code == 403
    assert Caller(office, "takahashi", "read").post(path, body).status_code == 403
    assert not (FreezePeriod.objects.exists())
    assert not (CompanyHoliday.objects.exists())
    assert not (ExtraField.objects.exists())
