"""What a plan of temporary access says of what is there already."""

from __future__ import annotations

import pytest

from kumoban.core.reason import Refused
from kumoban.desk import requests
from kumoban.desk.models import Request
from kumoban.estate.models import Account, Assignment, OrganizationalUnit, Person
from kumoban.ledger.clock import database_now
from kumoban.routines.temporary_access.routine import ROUTINE
from tests.integration.conftest import ARN, Office

ACCOUNT = "410122300001"


def ask(office: Office) -> Request:
    form = office.form(accounts=[ACCOUNT], workers=["u-sato"])
    return requests.ask(office.actor("sato"), "temporary-access", form)


def assigned(person: str) -> None:
    Assignment.objects.get_or_create(
        principal_type="USER",
        principal_id=person,
        account_id=ACCOUNT,
        permission_set_arn=ARN,
        defaults={"seen_at": database_now()},
    )


def test_what_others_assigned_is_there_before_and_stays(office: Office) -> None:
    assigned("u-sato")
    assert [step.present for step in ask(office).plan.value.steps] == [True]


def test_what_the_desk_made_for_another_request_does_not_stay(office: Office) -> None:
    first = ask(office)
    requests.approve(office.actor("suzuki"), first.number, plan_digest=first.plan.digest)
    office.runner.drain()
    assigned("u-sato")  # as the next scan would see it
    plan = ask(office).plan.value
    assert [step.present for step in plan.steps] == [False]
    assert "some_already_there" not in [warning.code for warning in plan.warnings]


@pytest.mark.parametrize("word", ["ou:Workloads", "OU:Workloads", "ou:ou-work"])
def test_a_whole_ou_is_asked_for_at_once_by_its_name_or_id(office: Office, word: str) -> None:
    below(office)
    made = requests.ask(office.actor("sato"), "temporary-access", office.form(accounts=[word, "payments-prod"]))
    assert sorted(made.form["accounts"]) == ["410122300001", "410122300002"]


def test_an_ou_offers_only_what_this_person_may_ask_for(office: Office) -> None:
    below(office)
    found = ROUTINE.bundles("accounts", Person.objects.get(user_name="sato"), None)
    assert [(one.label, len(one.values)) for one in found] == [("Workloads", 2), ("Workloads/Prod", 2)]
    assert ROUTINE.bundles("accounts", Person.objects.get(user_name="kim"), None) == []
    assert ROUTINE.bundles("people", Person.objects.get(user_name="sato"), None) == []


def test_an_ou_that_is_not_there_is_refused_in_words(office: Office) -> None:
    with pytest.raises(Refused, match="unknown_account"):
        requests.ask(office.actor("sato"), "temporary-access", office.form(accounts=["ou:Nowhere"]))


def below(office: Office) -> None:
    """Both accounts in Workloads/Prod."""
    now = database_now()
    root = OrganizationalUnit.objects.create(id="r-9", name="Root", id_path="r-9", seen_at=now)
    work = OrganizationalUnit.objects.create(
        id="ou-work", name="Workloads", id_path="r-9/ou-work", name_path="Workloads", parent=root, seen_at=now
    )
    prod = OrganizationalUnit.objects.create(
        id="ou-wp", name="Prod", id_path="r-9/ou-work/ou-wp", name_path="Workloads/Prod", parent=work, seen_at=now
    )
    Account.objects.filter(id__in=["410122300001", "410122300002"]).update(ou=prod)
