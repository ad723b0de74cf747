"""The kinds of work, as the company sets them."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from kumoban.routines.temporary_access.form import TemporaryAccessForm, WorkKind, work_kinds


def form(**given: object) -> TemporaryAccessForm:
    return TemporaryAccessForm.model_validate(
        {"accounts": ["410122300001"], "permission_set": "arn", "until": "PT900S", "reason": "調査です。", **given}
    )


def test_there_are_four_kinds_unless_the_company_says_otherwise() -> None:
    assert [kind.code for kind in work_kinds()] == ["release", "incident", "research", "data"]
    assert form().kind == "research"


def test_a_kind_has_its_name_in_both_languages(settings: object) -> None:
    settings.KUMOBAN_WORK_KINDS = ["upkeep=定期保守/Maintenance / patching"]  # type: ignore[attr-defined]
    assert work_kinds() == (WorkKind("upkeep", "定期保守", "Maintenance / patching"),)
    assert form().kind == "upkeep"


@pytest.mark.parametrize("wrong", ["upkeep", "upkeep=定期保守", "定期=保守/Maintenance", "=保守/Maintenance"])
def test_what_is_no_kind_stops_the_process_with_what_to_write(settings: object, wrong: str) -> None:
    settings.KUMOBAN_WORK_KINDS = [wrong]  # type: ignore[attr-defined]
    with pytest.raises(ImproperlyConfigured, match="write code=Japanese/English"):
        work_kinds()


def test_the_schema_names_the_kinds_of_today(settings: object) -> None:
    settings.KUMOBAN_WORK_KINDS = ["drill=訓練/Drill"]  # type: ignore[attr-defined]
    assert TemporaryAccessForm.model_json_schema()["properties"]["kind"]["enum"] == ["drill"]


def test_a_stored_request_of_a_kind_of_yesterday_is_read(settings: object) -> None:
    settings.KUMOBAN_WORK_KINDS = ["drill=訓練/Drill"]  # type: ignore[attr-defined]
    assert form(kind="release").kind == "release"
