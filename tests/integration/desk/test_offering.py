"""What the fields of operations' own forms offer, and what a name written in them means."""

from __future__ import annotations

import pytest

from kumoban.desk.offering import by_name, offered_to_operations
from kumoban.desk.routine import routine_of
from kumoban.estate.models import Account, Person
from kumoban.ledger.clock import database_now
from tests.integration.conftest import Office

OPERATIONS_ONLY = (
    "adopt",
    "identity-user",
    "identity-group",
    "permanent-access",
    "permission-set",
    "account-create",
    "account-close",
)
SOURCES = ("people", "accounts", "permission_sets", "groups", "units", "teams", "environments")


def values(routine: str, source: str, who: str = "takahashi", query: str = "") -> set[str]:
    found = routine_of(routine)
    assert found
    assert found.choices
    return {value for value, _label, _hint in found.choices(source, Person.objects.get(user_name=who), query)}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("routine", OPERATIONS_ONLY)
def test_nobody_outside_operations_is_offered_anything(office: Office, routine: str, source: str) -> None:
    assert values(routine, source, "sato") == set()


def test_operations_is_offered_what_there_is_narrowed_down_by_what_is_written(office: Office) -> None:
    assert values("adopt", "accounts") >= {"410122300001", "410122300002"}
    assert values("adopt", "people", query="u-sato") == {"u-sato"}
    assert values("identity-group", "groups", query="g-ops") == {"g-ops"}


def test_a_disabled_person_is_edited_but_given_nothing(office: Office) -> None:
    Person.objects.filter(pk="u-sato").update(enabled=False)
    assert "u-sato" in values("identity-user", "people") & values("identity-group", "people")
    for routine in ("adopt", "permanent-access", "account-create"):
        assert "u-sato" not in values(routine, "people")


def test_only_an_open_account_is_offered_to_be_closed(office: Office) -> None:
    Account.objects.filter(pk="410122300001").update(status="SUSPENDED")
    assert "410122300001" not in values("account-close", "accounts")
    assert "410122300001" in values("adopt", "accounts")


def test_what_is_gone_is_neither_offered_nor_meant(office: Office) -> None:
    account = Account.objects.get(pk="410122300001")
    assert by_name("accounts", [account.name]) == {account.name: ["410122300001"]}
    Account.objects.filter(pk=account.pk).update(absent_since=database_now())
    assert by_name("accounts", [account.name]) == {}
    assert account.pk not in values("adopt", "accounts")


def test_two_of_one_name_are_both_meant(office: Office) -> None:
    known = Account.objects.get(pk="410122300001")
    Account.objects.create(id="410122300099", name=known.name, status="ACTIVE", seen_at=database_now())
    assert sorted(by_name("accounts", [known.name])[known.name]) == ["410122300001", "410122300099"]


def test_a_source_there_is_not_offers_nothing(office: Office) -> None:
    operations = Person.objects.get(user_name="takahashi")
    assert offered_to_operations("planets", operations, "") == []
    assert by_name("planets", ["Earth"]) == {}
