"""Names in place of ids: what a person types on a command line or in the API."""

from __future__ import annotations

import pytest

from kumoban.desk import requests
from kumoban.desk.planning import ShapeError
from kumoban.estate.models import Account
from kumoban.ledger.clock import database_now
from tests.integration.conftest import ARN, Office


def by_name(**changed: object) -> dict[str, object]:
    form = {
        "accounts": ["payments-prod"],
        "permission_set": "ProdReadOnly",
        "workers": ["sato"],
        "until": "15m",
        "reason": "決済エラーの調査",
    }
    return {**form, **changed}


def test_accounts_permission_sets_and_people_are_understood_by_name(office: Office) -> None:
    made = requests.ask(office.actor("sato"), "temporary-access", by_name())
    assert made.form["accounts"] == ["410122300001"]
    assert made.form["permission_set"] == ARN
    assert made.form["workers"] == ["u-sato"]


def test_names_and_ids_may_stand_side_by_side(office: Office) -> None:
    made = requests.ask(office.actor("sato"), "temporary-access", by_name(accounts=["410122300002", "payments-prod"]))
    assert made.form["accounts"] == ["410122300002", "410122300001"]


def test_a_name_that_means_two_accounts_is_refused_at_its_field(office: Office) -> None:
    Account.objects.create(
        id="410122300077", name="payments-prod", email="b@example.jp", status="ACTIVE", seen_at=database_now()
    )
    with pytest.raises(ShapeError) as refused:
        requests.ask(office.actor("sato"), "temporary-access", by_name())
    assert [(field, reason.code) for field, reason in refused.value.errors] == [("accounts", "ambiguous_name")]


def test_a_name_nobody_has_is_refused_as_unknown(office: Office) -> None:
    with pytest.raises(ShapeError, match="unknown_person"):
        requests.ask(office.actor("sato"), "temporary-access", by_name(workers=["nobody"]))
