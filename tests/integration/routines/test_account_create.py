"""A new account: made once and never twice, moved, with all it begins with, and in the register."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.conf import settings

from kumoban.core.reason import Refused
from kumoban.desk import requests
from kumoban.desk.models import Request, Step
from kumoban.estate.models import Account, Assignment, OrganizationalUnit, RegisterEntry
from kumoban.ledger.models import Entry
from kumoban_emulator.state.world import Failure
from tests.integration.desk import practice as practice_module
from tests.integration.desk.practice import Practice, practice_desk

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def desk(emptied_ledger: None, tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[Practice]:
    monkeypatch.setitem(practice_module.GROUPS, "ops", ["takahashi", "kim"])
    with practice_desk(monkeypatch, tmp_path) as opened:
        world = opened.aws.engine.world
        management = f"arn:aws:iam::{world.organization.management}:role/KumobanManagement"
        monkeypatch.setattr(settings, "KUMOBAN_MANAGEMENT_ROLE", management)
        monkeypatch.setattr(settings, "KUMOBAN_ACCOUNT_EMAIL", "aws+{name}@example.com")
        monkeypatch.setattr(settings, "KUMOBAN_ENABLED_REGIONS", ["ap-northeast-1", "us-east-1"])
        world.organization.delegated.setdefault("account.amazonaws.com", {})[world.delegate] = 0.0
        yield opened


def ask(desk: Practice, **changed: object) -> Request:
    form = {
        "name": "payments-stg",
        "ou": OrganizationalUnit.objects.get(name_path="Workloads").id,
        "team": "payments",
        "environment": "stg",
        "owner": desk.user("suzuki"),
        "department": "D-120",
        "budget": "500",
        "contact_email": "payments@example.com",
        "contact_phone": "+81-3-0000-0000",
        "permission_set": desk.permission_set,
        "reason": "検証環境の新設、決済チームの依頼",
    }
    wanted = {name: value for name, value in {**form, **changed}.items() if value is not None}
    return requests.ask(desk.actor("takahashi"), "account-create", wanted)


def made_account(desk: Practice, name: str = "payments-stg") -> str:
    found = [one for one in desk.aws.engine.world.organization.accounts.values() if one.name == name]
    assert len(found) == 1
    return found[0].id


def codes(refused: pytest.ExceptionInfo[Refused]) -> set[str]:
    return {reason.code for reason in refused.value.reasons}


def test_it_is_made_with_everything_it_begins_with(desk: Practice) -> None:
    request = ask(desk)
    assert "irreversible" in {reason.code for reason in request.plan.value.warnings}
    desk.approve(request, "kim")
    desk.until(request, "done")
    account, world = made_account(desk), desk.aws.engine.world
    made = world.organization.accounts[account]
    assert made.email == "aws+payments-stg@example.com"
    assert made.tags == {"Team": "payments", "Environment": "stg"}
    assert world.organization.units[made.parent].name == "Workloads"
    assert (account, desk.group("team-payments")) in desk.assigned()
    contact = desk.admin("account").get_alternate_contact(AccountId=account, AlternateContactType="SECURITY")
    assert contact["AlternateContact"]["EmailAddress"] == "payments@example.com"


def test_it_stands_in_the_register_and_its_access_is_nobodys_drift(desk: Practice) -> None:
    request = ask(desk)
    desk.approve(request, "kim")
    desk.until(request, "done")
    account = made_account(desk)
    assert Account.objects.get(pk=account).team == "payments"
    entry = RegisterEntry.objects.get(pk=account)
    assert (entry.owner_id, entry.department, entry.budget) == (desk.user("suzuki"), "D-120", 500)
    assert Assignment.objects.get(account_id=account).adopted_request == request.number
    assert Entry.objects.filter(kind="account.made", subject=request.number).count() == 1


def test_a_lost_answer_makes_no_second_account(desk: Practice) -> None:
    request = ask(desk)
    desk.aws.admin.fault(kind="timeout_after_accept", operation="CreateAccount", times=1, seconds=0)
    desk.approve(request, "kim")
    desk.until(request, "done")
    assert made_account(desk)
    assert desk.aws.admin.count("organizations", "CreateAccount", "ok") == 1
    assert Step.objects.get(request=request, position=0, kind="change").answer_lost


def test_what_aws_refuses_is_said_and_waits_for_a_person(desk: Practice) -> None:
    request = ask(desk)
    desk.aws.engine.world.settings.failures.append(Failure(reason="ACCOUNT_LIMIT_EXCEEDED", operation="CreateAccount"))
    desk.approve(request, "kim")
    desk.until(request, "failed")
    step = Step.objects.get(request=request, position=0, kind="change")
    assert step.error["reason"]["params"]["detail"] == "ACCOUNT_LIMIT_EXCEEDED"
    requests.resume(desk.actor("kim"), request.number)
    desk.until(request, "done")
    assert made_account(desk)


def test_a_name_or_address_that_any_account_or_request_has_is_refused(desk: Practice) -> None:
    with pytest.raises(Refused) as refused:
        ask(desk, name="payments-prod", email="other@example.com")
    assert codes(refused) == {"account_taken"}
    ask(desk)
    with pytest.raises(Refused) as refused:
        ask(desk, name="another", email="AWS+payments-stg@example.com")
    assert codes(refused) == {"account_taken"}


def test_default_vpcs_are_gone_with_what_aws_put_into_them(desk: Practice) -> None:
    request = ask(desk, budget=None, permission_set=None)
    desk.approve(request, "kim")
    desk.until(request, "done")
    regions = [
        step.params["region"] for step in Step.objects.filter(request=request, action="ec2.remove_default_vpc/1")
    ]
    assert sorted(regions) == ["ap-northeast-1", "us-east-1"]
    assert desk.aws.admin.count("ec2", "DeleteVpc", "ok") == 2
