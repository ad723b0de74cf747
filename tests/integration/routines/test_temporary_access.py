"""What a plan of temporary access says of what is there already."""

from __future__ import annotations

from kumoban.desk import requests
from kumoban.desk.models import Request
from kumoban.estate.models import Assignment
from kumoban.ledger.clock import database_now
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
