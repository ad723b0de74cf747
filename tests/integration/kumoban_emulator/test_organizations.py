"""AWS Organizations: the tree, its changes, asynchronous creation, policies that are enforced."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.integration.kumoban_emulator.refusals import refused


@pytest.fixture
def organizations(estate: Any) -> Any:
    return estate.client("organizations", "kumoban-management")


def test_the_tree_is_walked_down_to_every_account(estate: Any, organizations: Any) -> None:
    def below(parent: str) -> list[str]:
        accounts = organizations.get_paginator("list_accounts_for_parent").paginate(ParentId=parent)
        units = organizations.get_paginator("list_organizational_units_for_parent").paginate(ParentId=parent)
        found = [account["Name"] for page in accounts for account in page["Accounts"]]
        return found + [name for page in units for unit in page["OrganizationalUnits"] for name in below(unit["Id"])]

    root = organizations.list_roots()["Roots"][0]["Id"]
    names = below(root)
    assert len(names) == 42
    assert {"payments-prod", "ops-tooling", "sandbox-data", "akatsuki-management"} <= set(names)


def test_a_child_knows_its_parents_and_a_parent_its_children(estate: Any, organizations: Any) -> None:
    account = estate.account("payments-prod")
    parent = organizations.list_parents(ChildId=account)["Parents"][0]
    assert parent["Type"] == "ORGANIZATIONAL_UNIT"
    children = organizations.list_children(ParentId=parent["Id"], ChildType="ACCOUNT")["Children"]
    assert account in [child["Id"] for child in children]
    assert refused(organizations.list_parents, ChildId="999999999999") == "ChildNotFoundException"


def test_accounts_carry_their_team_environment_and_owner(estate: Any, organizations: Any) -> None:
    tags = organizations.list_tags_for_resource(ResourceId=estate.account("payments-prod"))["Tags"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {
        "Team": "payments",
        "Environment": "prod",
        "Owner": "suzuki.hanako",
    }


def test_tags_are_changed(estate: Any, organizations: Any) -> None:
    account = estate.account("payments-prod")
    organizations.tag_resource(ResourceId=account, Tags=[{"Key": "DataClass", "Value": "個人情報"}])
    organizations.untag_resource(ResourceId=account, TagKeys=["Owner"])
    tags = {tag["Key"]: tag["Value"] for tag in organizations.list_tags_for_resource(ResourceId=account)["Tags"]}
    assert tags == {"Team": "payments", "Environment": "prod", "DataClass": "個人情報"}


def test_delegates_read_members_do_not(estate: Any) -> None:
    assert estate.client("organizations").list_accounts()["Accounts"]
    member = estate.client("organizations", estate.inside("payments-prod"))
    assert member.describe_organization()["Organization"]["MasterAccountId"] == "410122300001"
    assert refused(member.list_accounts) == "AccessDeniedException"
    delegate = estate.client("organizations")
    assert refused(delegate.create_account, Email="a@b.example", AccountName="x") == "AccessDeniedException"


def test_an_account_is_created_later(estate: Any, organizations: Any) -> None:
    answer = organizations.create_account(Email="new@akatsuki.example", AccountName="new-dev")["CreateAccountStatus"]
    assert answer["State"] == "IN_PROGRESS"
    estate.settle()
    status = organizations.describe_create_account_status(CreateAccountRequestId=answer["Id"])["CreateAccountStatus"]
    assert status["State"] == "SUCCEEDED"
    described = organizations.describe_account(AccountId=status["AccountId"])["Account"]
    assert (described["Name"], described["Status"], described["State"]) == ("new-dev", "ACTIVE", "ACTIVE")
    inside = estate.client("sts", estate.inside("new-dev")).get_caller_identity()
    assert inside["Account"] == status["AccountId"]


def test_a_used_address_fails_later_not_at_once(estate: Any, organizations: Any) -> None:
    taken = "aws+payments-prod@akatsuki.example"
    answer = organizations.create_account(Email=taken, AccountName="again")["CreateAccountStatus"]
    assert answer["State"] == "IN_PROGRESS"
    estate.settle()
    status = organizations.describe_create_account_status(CreateAccountRequestId=answer["Id"])["CreateAccountStatus"]
    assert (status["State"], status["FailureReason"]) == ("FAILED", "EMAIL_ALREADY_EXISTS")
    assert organizations.list_create_account_status(States=["FAILED"])["CreateAccountStatuses"] == [status]


def test_a_closed_account_is_pending_then_suspended_and_its_sessions_end(estate: Any, organizations: Any) -> None:
    account, session = estate.account("sandbox-data"), estate.inside("sandbox-data")
    organizations.close_account(AccountId=account)
    assert organizations.describe_account(AccountId=account)["Account"]["Status"] == "PENDING_CLOSURE"
    assert refused(organizations.close_account, AccountId=account) == "AccountAlreadyClosedException"
    estate.settle()
    assert organizations.describe_account(AccountId=account)["Account"]["Status"] == "SUSPENDED"
    assert refused(estate.client("sts", session).get_caller_identity) == "InvalidClientTokenId"


def test_an_account_moves_from_where_it_is(estate: Any, organizations: Any) -> None:
    account = estate.account("payments-prod")
    source = organizations.list_parents(ChildId=account)["Parents"][0]["Id"]
    root = organizations.list_roots()["Roots"][0]["Id"]
    wrong = {"AccountId": account, "SourceParentId": root, "DestinationParentId": source}
    assert refused(organizations.move_account, **wrong) == "SourceParentNotFoundException"
    organizations.move_account(AccountId=account, SourceParentId=source, DestinationParentId=root)
    assert organizations.list_parents(ChildId=account)["Parents"] == [{"Id": root, "Type": "ROOT"}]


def test_unit_names_are_unique_below_one_parent(organizations: Any) -> None:
    root = organizations.list_roots()["Roots"][0]["Id"]
    assert refused(organizations.create_organizational_unit, ParentId=root, Name="Sandbox") == (
        "DuplicateOrganizationalUnitException"
    )
    unit = organizations.create_organizational_unit(ParentId=root, Name="New")["OrganizationalUnit"]["Id"]
    organizations.update_organizational_unit(OrganizationalUnitId=unit, Name="Newer")
    assert (
        organizations.describe_organizational_unit(OrganizationalUnitId=unit)["OrganizationalUnit"]["Name"] == "Newer"
    )
    organizations.delete_organizational_unit(OrganizationalUnitId=unit)
    assert refused(organizations.describe_organizational_unit, OrganizationalUnitId=unit) == (
        "OrganizationalUnitNotFoundException"
    )


def test_delegations_are_listed_and_changed(estate: Any, organizations: Any) -> None:
    listed = organizations.list_delegated_administrators(ServicePrincipal="sso.amazonaws.com")
    assert [found["Name"] for found in listed["DelegatedAdministrators"]] == ["ops-tooling"]
    account = estate.account("security-tooling")
    register = {"AccountId": account, "ServicePrincipal": "guardduty.amazonaws.com"}
    organizations.enable_aws_service_access(ServicePrincipal="guardduty.amazonaws.com")
    organizations.register_delegated_administrator(**register)
    assert refused(organizations.register_delegated_administrator, **register) == "AccountAlreadyRegisteredException"
    services = organizations.list_delegated_services_for_account(AccountId=account)["DelegatedServices"]
    assert [found["ServicePrincipal"] for found in services] == ["guardduty.amazonaws.com"]
    enabled = organizations.list_aws_service_access_for_organization()["EnabledServicePrincipals"]
    assert "guardduty.amazonaws.com" in [found["ServicePrincipal"] for found in enabled]
    organizations.deregister_delegated_administrator(**register)


def test_a_service_control_policy_is_enforced_below_its_target(estate: Any, organizations: Any) -> None:
    deny = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "ec2:*", "Resource": "*"}]})
    policy = organizations.create_policy(Content=deny, Description="d", Name="NoEc2", Type="SERVICE_CONTROL_POLICY")[
        "Policy"
    ]["PolicySummary"]["Id"]
    ec2 = estate.client("ec2", estate.inside("payments-prod"))
    ec2.describe_vpcs()
    target = {"PolicyId": policy, "TargetId": estate.account("payments-prod")}
    organizations.attach_policy(**target)
    assert refused(organizations.attach_policy, **target) == "DuplicatePolicyAttachmentException"
    assert refused(ec2.describe_vpcs) == "UnauthorizedOperation"
    estate.client("ec2", estate.inside("search-prod")).describe_vpcs()
    assert refused(organizations.delete_policy, PolicyId=policy) == "PolicyInUseException"
    listed = organizations.list_policies_for_target(TargetId=target["TargetId"], Filter="SERVICE_CONTROL_POLICY")[
        "Policies"
    ]
    assert {found["Name"] for found in listed} == {"FullAWSAccess", "NoEc2"}
    organizations.detach_policy(**target)
    ec2.describe_vpcs()


def test_a_policy_must_be_json(organizations: Any) -> None:
    wrong = {"Content": "{not json", "Description": "d", "Name": "X", "Type": "SERVICE_CONTROL_POLICY"}
    assert refused(organizations.create_policy, **wrong) == "MalformedPolicyDocumentException"


def test_one_persons_sessions_are_ended_by_the_documented_deny(estate: Any, organizations: Any) -> None:
    """Identity Center user guide, "Use a Deny policy to revoke active user permissions"."""
    portal = estate.client("sso")
    token = estate.server.admin.portal_token("sato.misaki")
    given = portal.get_role_credentials(
        roleName="ProdReadOnly", accountId=estate.account("payments-data-prod"), accessToken=token
    )["roleCredentials"]
    session = (given["accessKeyId"], given["secretAccessKey"], given["sessionToken"])
    ec2 = estate.client("ec2", session)
    ec2.describe_vpcs()
    statement = {
        "Effect": "Deny",
        "Action": "*",
        "Resource": "*",
        "Condition": {"StringEquals": {"identitystore:userId": estate.user("sato.misaki")}},
    }
    policy = organizations.create_policy(
        Content=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        Description="d",
        Name="DenyPerson",
        Type="SERVICE_CONTROL_POLICY",
    )["Policy"]["PolicySummary"]["Id"]
    root = organizations.list_roots()["Roots"][0]["Id"]
    organizations.attach_policy(PolicyId=policy, TargetId=root)
    assert refused(ec2.describe_vpcs) == "UnauthorizedOperation"
    estate.client("ec2", estate.inside("payments-data-prod")).describe_vpcs()
