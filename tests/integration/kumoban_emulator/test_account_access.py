"""AWS account access manager: listed in pages, unique, referential, refused to others; and IAM users from the start."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.kumoban_emulator.refusals import refused


@pytest.fixture
def access(estate: Any) -> Any:
    return estate.client("account-access")


@pytest.fixture
def application(access: Any) -> str:
    return str(access.list_applications()["applications"][0]["applicationArn"])


def role_of(estate: Any, who: str, role: str = "Vendor") -> dict[str, Any]:
    account = estate.account("payments-dev")
    principal = {"identityCenter": {"userId": estate.user(who)}}
    return {"principal": principal, "roleArn": f"arn:aws:iam::{account}:role/{role}"}


def listed(access: Any, application: str, **wanted: Any) -> list[dict[str, Any]]:
    answer = access.list_entitlements(applicationArn=application, filter={"principalRole": wanted} if wanted else {})
    return [one["entitlement"]["principalRole"] for one in answer["entitlements"]]


def test_an_entitlement_is_made_found_and_taken_away(estate: Any, access: Any, application: str) -> None:
    asked = {"applicationArn": application, "entitlement": {"principalRole": role_of(estate, "sato.misaki")}}
    made = access.create_entitlement(**asked)["entitlementId"]
    assert refused(access.create_entitlement, **asked) == "ConflictException"
    found = access.get_entitlement(applicationArn=application, entitlementId=made)
    assert found["entitlement"]["principalRole"]["account"] == estate.account("payments-dev")
    assert len(listed(access, application, account=estate.account("payments-dev"))) == 1
    access.delete_entitlement(applicationArn=application, entitlementId=made)
    gone = {"applicationArn": application, "entitlementId": made}
    assert refused(access.get_entitlement, **gone) == "ResourceNotFoundException"


def test_they_are_listed_in_pages_and_by_principal(estate: Any, access: Any, application: str) -> None:
    first = access.list_entitlements(applicationArn=application, filter={}, maxResults=2)
    rest = access.list_entitlements(applicationArn=application, filter={}, nextToken=first["nextToken"])
    ids = {one["entitlementId"] for page in (first, rest) for one in page["entitlements"]}
    assert len(ids) == 3
    mine = {"identityCenter": {"userId": estate.user("priya.sharma")}}
    assert [one["roleArn"].rsplit("/")[-1] for one in listed(access, application, principal=mine)] == ["NotebookAdmin"]


def test_only_people_and_accounts_there_are_can_be_entitled(estate: Any, access: Any, application: str) -> None:
    role = role_of(estate, "sato.misaki")
    nobody = {"identityCenter": {"userId": "12345678-1234-1234-1234-123456789012"}}
    for changed in ({"principal": nobody}, {"roleArn": "arn:aws:iam::999999999999:role/Vendor"}):
        asked = {"applicationArn": application, "entitlement": {"principalRole": {**role, **changed}}}
        assert refused(access.create_entitlement, **asked) in ("ResourceNotFoundException", "ValidationException")


def test_a_member_account_may_not_ask(estate: Any) -> None:
    inside = estate.client("account-access", estate.inside("payments-dev"))
    assert refused(inside.list_applications) == "AccessDeniedException"


def test_iam_users_of_the_start_are_there_with_their_keys_and_can_be_changed(estate: Any) -> None:
    iam = estate.client("iam", estate.inside("data-prod"))
    user = next(one for one in iam.list_users()["Users"] if one["UserName"] == "bi-export")
    assert user["PasswordLastUsed"].year == 2026
    assert iam.get_login_profile(UserName="bi-export")["LoginProfile"]["UserName"] == "bi-export"
    keys = {
        one["Status"]: one["AccessKeyId"] for one in iam.list_access_keys(UserName="bi-export")["AccessKeyMetadata"]
    }
    used = iam.get_access_key_last_used(AccessKeyId=keys["Active"])["AccessKeyLastUsed"]
    assert used["LastUsedDate"].year == 2026
    assert iam.list_mfa_devices(UserName="bi-export")["MFADevices"] == []
    iam.delete_access_key(UserName="bi-export", AccessKeyId=keys["Inactive"])
    iam.update_access_key(UserName="bi-export", AccessKeyId=keys["Active"], Status="Inactive")
    left = iam.list_access_keys(UserName="bi-export")["AccessKeyMetadata"]
    assert [(one["AccessKeyId"], one["Status"]) for one in left] == [(keys["Active"], "Inactive")]


def test_the_readers_role_of_a_member_is_assumed_by_the_desks_reader_only(estate: Any) -> None:
    iam = estate.client("iam", estate.inside("data-prod"))
    assert "KumobanReader" in {role["RoleName"] for role in iam.list_roles()["Roles"]}
    arn = f"arn:aws:iam::{estate.account('data-prod')}:role/KumobanReader"
    asked = {"RoleArn": arn, "RoleSessionName": "kumoban-x"}
    assert refused(estate.client("sts").assume_role, **asked) == "AccessDenied"
