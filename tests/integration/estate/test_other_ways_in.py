"""What gives access beside assignments: entitlements of account access manager, and IAM users with their keys."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings

from kumoban.aws.door import Pass, door
from kumoban.estate.entitlements import scan_entitlements
from kumoban.estate.iam_users import accounts_to_ask, scan_iam_users
from kumoban.estate.models import Account, Entitlement, IamUser, Organization
from kumoban.estate.scan import scan_accounts, scan_organization
from kumoban_emulator.server import EmulatorServer
from tests.integration.estate.test_scan import client


@pytest.fixture
def aws(practice: EmulatorServer, monkeypatch: pytest.MonkeyPatch) -> Pass:
    """The accounts are known, and each member account has its reader."""
    monkeypatch.setattr(settings, "KUMOBAN_MEMBER_READER_ROLE", "KumobanReader")
    opened = door().open("kumoban-scan")
    scan_organization(opened)
    scan_accounts(opened)
    return opened


def looked_into(aws: Pass, name: str) -> Account:
    scan_iam_users(aws, Account.objects.get(name=name))
    return Account.objects.get(name=name)


def iam_in(practice: EmulatorServer, account: str) -> Any:
    sts = client(practice, "sts", "kumoban-management")
    role = f"arn:aws:iam::{Account.objects.get(name=account).pk}:role/OrganizationAccountAccessRole"
    given = sts.assume_role(RoleArn=role, RoleSessionName="admin")["Credentials"]
    import boto3

    return boto3.client(
        "iam",
        endpoint_url=practice.endpoint_url,
        region_name="ap-northeast-1",
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )


def test_entitlements_are_read_and_what_comes_later_is_known_as_such(practice: EmulatorServer, aws: Pass) -> None:
    scan_entitlements(aws)
    assert set(Entitlement.objects.values_list("role_name", "principal_type", "appeared_at")) == {
        ("IncidentResponder", "GROUP", None),
        ("NotebookAdmin", "USER", None),
        ("VendorSupport", "USER", None),
    }
    manager = client(practice, "account-access")
    application = manager.list_applications()["applications"][0]["applicationArn"]
    one = Entitlement.objects.get(role_name="VendorSupport")
    role = {
        "principal": {"identityCenter": {"userId": one.principal_id}},
        "roleArn": f"arn:aws:iam::{one.account_id}:role/Another",
    }
    made = manager.create_entitlement(applicationArn=application, entitlement={"principalRole": role})["entitlementId"]
    scan_entitlements(aws)
    assert Entitlement.objects.get(pk=made).appeared_at is not None
    manager.delete_entitlement(applicationArn=application, entitlementId=made)
    scan_entitlements(aws)
    assert not Entitlement.objects.get(pk=made).present


def test_where_account_access_manager_cannot_be_read_that_is_kept_and_hinders_nothing(
    practice: EmulatorServer, aws: Pass
) -> None:
    practice.admin.fault(kind="error", service="account-access", operation="ListApplications", times=1)
    scan_entitlements(aws)
    assert Organization.objects.get().entitlements_error
    scan_entitlements(aws)
    assert Organization.objects.get().entitlements_error == ""


def test_an_iam_user_has_its_keys_and_when_it_last_signed_in(aws: Pass) -> None:
    account = looked_into(aws, "data-prod")
    user = IamUser.objects.get(account_id=account.pk)
    assert (user.name, user.console, user.mfa, user.active_keys, user.gives_access) == (
        "bi-export",
        True,
        False,
        1,
        True,
    )
    assert {key["active"] for key in user.keys} == {True, False}
    assert user.last_used_at is not None
    assert f"{user.last_used_at:%Y-%m-%d}" == "2026-11-23"
    looked_into(aws, "ml-prod")
    assert IamUser.objects.get(name="notebook").gives_access is False


def test_a_user_that_gets_a_key_only_later_has_appeared_then(practice: EmulatorServer, aws: Pass) -> None:
    iam = iam_in(practice, "search-dev")
    iam.create_user(UserName="quiet")
    looked_into(aws, "search-dev")
    assert IamUser.objects.get(name="quiet").appeared_at is None
    iam.create_access_key(UserName="quiet")
    looked_into(aws, "search-dev")
    first = IamUser.objects.get(name="quiet").appeared_at
    assert first is not None
    looked_into(aws, "search-dev")
    assert IamUser.objects.get(name="quiet").appeared_at == first


def test_what_changes_in_an_account_is_seen_at_the_next_look(practice: EmulatorServer, aws: Pass) -> None:
    looked_into(aws, "payments-stg")
    iam = iam_in(practice, "payments-stg")
    iam.create_user(UserName="intruder")
    iam.create_access_key(UserName="intruder")
    looked_into(aws, "payments-stg")
    made = IamUser.objects.get(name="intruder")
    assert (made.active_keys, made.appeared_at is not None) == (1, True)
    iam.delete_access_key(
        UserName="intruder",
        AccessKeyId=made.keys[0]["id"],
    )
    iam.delete_user(UserName="intruder")
    looked_into(aws, "payments-stg")
    assert not IamUser.objects.get(name="intruder").present


def test_an_account_without_the_role_keeps_what_aws_said_and_is_asked_last(aws: Pass) -> None:
    management = Account.objects.get(pk=Organization.objects.get().management_account)
    scan_iam_users(aws, management)
    management.refresh_from_db()
    assert "AccessDenied" in management.users_error
    assert management.users_seen_at is None
    assert list(accounts_to_ask())[-1] == management


def test_an_account_that_throttles_hinders_no_other_and_is_tried_again(practice: EmulatorServer, aws: Pass) -> None:
    practice.admin.fault(kind="throttle", service="iam", operation="ListUsers", times=1)
    throttled = looked_into(aws, "data-prod")
    assert (throttled.users_error != "", throttled.users_seen_at) == (True, None)
    assert looked_into(aws, "payments-prod").users_error == ""
    assert looked_into(aws, "data-prod").users_error == ""


def test_without_a_name_for_the_members_readers_only_the_desks_own_account_is_asked(
    aws: Pass, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "KUMOBAN_MEMBER_READER_ROLE", "")
    assert [account.name for account in accounts_to_ask()] == ["ops-tooling"]
    assert looked_into(aws, "ops-tooling").users_error == ""


def test_in_observe_mode_members_are_looked_at_too(aws: Pass, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "KUMOBAN_MODE", "observe")
    assert looked_into(aws, "data-prod").users_error == ""
    assert IamUser.objects.filter(name="bi-export").exists()
