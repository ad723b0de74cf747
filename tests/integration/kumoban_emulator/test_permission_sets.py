"""Permission sets: unique names, content that must be provisioned, roles in the accounts, the management account."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.integration.kumoban_emulator.refusals import refused

READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"


def _made(estate: Any, sso: Any, name: str = "Fresh") -> str:
    arn: str = sso.create_permission_set(InstanceArn=estate.instance, Name=name)["PermissionSet"]["PermissionSetArn"]
    return arn


def test_arns_have_awss_form(estate: Any, sso: Any) -> None:
    assert re.fullmatch(r"arn:aws:sso:::instance/ssoins-[0-9a-f]{16}", estate.instance)
    assert re.fullmatch(r"arn:aws:sso:::permissionSet/ssoins-[0-9a-f]{16}/ps-[0-9a-f]{16}", _made(estate, sso))


def test_a_name_can_be_had_once(estate: Any, sso: Any) -> None:
    assert refused(sso.create_permission_set, InstanceArn=estate.instance, Name="Developer") == "ConflictException"


def test_a_session_lasts_one_to_twelve_hours(estate: Any, sso: Any) -> None:
    for wrong in ("PT30M", "PT13H", "1h"):
        refusal = refused(sso.create_permission_set, InstanceArn=estate.instance, Name="X", SessionDuration=wrong)
        assert refusal == "ValidationException"


def test_policies_boundary_and_tags_are_kept(estate: Any, sso: Any) -> None:
    of = {"InstanceArn": estate.instance, "PermissionSetArn": _made(estate, sso)}
    sso.attach_managed_policy_to_permission_set(**of, ManagedPolicyArn=READ_ONLY)
    assert refused(sso.attach_managed_policy_to_permission_set, **of, ManagedPolicyArn=READ_ONLY) == "ConflictException"
    reference = {"Name": "OurPolicy", "Path": "/ours/"}
    sso.attach_customer_managed_policy_reference_to_permission_set(**of, CustomerManagedPolicyReference=reference)
    inline = json.dumps({"Version": "2012-10-17", "Statement": []})
    sso.put_inline_policy_to_permission_set(**of, InlinePolicy=inline)
    sso.put_permissions_boundary_to_permission_set(**of, PermissionsBoundary={"ManagedPolicyArn": READ_ONLY})
    sso.tag_resource(InstanceArn=estate.instance, ResourceArn=of["PermissionSetArn"], Tags=[{"Key": "a", "Value": "b"}])
    assert sso.list_managed_policies_in_permission_set(**of)["AttachedManagedPolicies"] == [
        {"Name": "ReadOnlyAccess", "Arn": READ_ONLY}
    ]
    listed = sso.list_customer_managed_policy_references_in_permission_set(**of)
    assert listed["CustomerManagedPolicyReferences"] == [reference]
    assert sso.get_inline_policy_for_permission_set(**of)["InlinePolicy"] == inline
    boundary = sso.get_permissions_boundary_for_permission_set(**of)["PermissionsBoundary"]
    assert boundary == {"ManagedPolicyArn": READ_ONLY}
    tags = sso.list_tags_for_resource(InstanceArn=estate.instance, ResourceArn=of["PermissionSetArn"])["Tags"]
    assert tags == [{"Key": "a", "Value": "b"}]


def test_everything_can_be_taken_away_again_once(estate: Any, sso: Any) -> None:
    of = {"InstanceArn": estate.instance, "PermissionSetArn": _made(estate, sso)}
    reference = {"Name": "OurPolicy", "Path": "/"}
    sso.attach_managed_policy_to_permission_set(**of, ManagedPolicyArn=READ_ONLY)
    sso.attach_customer_managed_policy_reference_to_permission_set(**of, CustomerManagedPolicyReference=reference)
    sso.put_inline_policy_to_permission_set(**of, InlinePolicy='{"Statement": []}')
    sso.put_permissions_boundary_to_permission_set(
        **of, PermissionsBoundary={"CustomerManagedPolicyReference": reference}
    )
    undone = [
        (sso.detach_managed_policy_from_permission_set, {"ManagedPolicyArn": READ_ONLY}),
        (
            sso.detach_customer_managed_policy_reference_from_permission_set,
            {"CustomerManagedPolicyReference": reference},
        ),
        (sso.delete_inline_policy_from_permission_set, {}),
        (sso.delete_permissions_boundary_from_permission_set, {}),
    ]
    for undo, more in undone:
        undo(**of, **more)
        assert refused(undo, **of, **more) == "ResourceNotFoundException"
    assert sso.get_inline_policy_for_permission_set(**of)["InlinePolicy"] == ""


def test_an_edited_set_reaches_the_account_only_when_provisioned(estate: Any, sso: Any) -> None:
    arn, account = estate.permission_set("ProdReadOnly"), estate.account("payments-data-prod")
    of = {"InstanceArn": estate.instance, "PermissionSetArn": arn}
    role = _role_in(estate, "payments-data-prod", "ProdReadOnly")
    sso.attach_managed_policy_to_permission_set(**of, ManagedPolicyArn="arn:aws:iam::aws:policy/AmazonS3FullAccess")
    stale = {"InstanceArn": estate.instance, "AccountId": account}
    stale["ProvisioningStatus"] = "LATEST_PERMISSION_SET_NOT_PROVISIONED"
    assert sso.list_permission_sets_provisioned_to_account(**stale)["PermissionSets"] == [arn]
    assert "AmazonS3FullAccess" not in _policies(estate, "payments-data-prod", role)
    status = sso.provision_permission_set(**of, TargetType="ALL_PROVISIONED_ACCOUNTS")[
        "PermissionSetProvisioningStatus"
    ]
    assert status["Status"] == "IN_PROGRESS"
    estate.settle()
    described = sso.describe_permission_set_provisioning_status(
        InstanceArn=estate.instance, ProvisionPermissionSetRequestId=status["RequestId"]
    )
    assert described["PermissionSetProvisioningStatus"]["Status"] == "SUCCEEDED"
    assert "AmazonS3FullAccess" in _policies(estate, "payments-data-prod", role)
    assert sso.list_permission_sets_provisioned_to_account(**stale)["PermissionSets"] == []


def test_a_reserved_role_comes_with_the_first_assignment_and_goes_with_the_last(estate: Any, sso: Any) -> None:
    assert _role_in(estate, "crm-prod", "ProdReadOnly") == ""
    for person in ("nakamura.ren", "watanabe.sho"):
        sso.create_account_assignment(**estate.thing(person, "ProdReadOnly", "crm-prod"))
        estate.settle()
    assert re.fullmatch(r"AWSReservedSSO_ProdReadOnly_[0-9a-f]{16}", _role_in(estate, "crm-prod", "ProdReadOnly"))
    for person, left in (("nakamura.ren", True), ("watanabe.sho", False)):
        sso.delete_account_assignment(**estate.thing(person, "ProdReadOnly", "crm-prod"))
        estate.settle()
        assert bool(_role_in(estate, "crm-prod", "ProdReadOnly")) is left


def test_reserved_roles_cannot_be_changed_through_iam(estate: Any) -> None:
    iam = estate.client("iam", estate.inside("payments-data-prod"))
    role = _role_in(estate, "payments-data-prod", "ProdReadOnly")
    assert refused(iam.delete_role, RoleName=role) == "UnmodifiableEntity"


def _role_in(estate: Any, account: str, permission_set: str) -> str:
    roles = estate.client("iam", estate.inside(account)).list_roles()["Roles"]
    prefix = f"AWSReservedSSO_{permission_set}_"
    return next((role["RoleName"] for role in roles if role["RoleName"].startswith(prefix)), "")


def _policies(estate: Any, account: str, role: str) -> list[str]:
    listed = estate.client("iam", estate.inside(account)).list_attached_role_policies(RoleName=role)
    return [policy["PolicyName"] for policy in listed["AttachedPolicies"]]


def test_an_assigned_set_cannot_be_deleted(estate: Any, sso: Any) -> None:
    of = {"InstanceArn": estate.instance, "PermissionSetArn": estate.permission_set("ProdReadOnly")}
    assert refused(sso.delete_permission_set, **of) == "ConflictException"
    fresh = {"InstanceArn": estate.instance, "PermissionSetArn": _made(estate, sso)}
    sso.delete_permission_set(**fresh)
    assert refused(sso.describe_permission_set, **fresh) == "ResourceNotFoundException"


def test_the_delegate_cannot_touch_the_management_account(estate: Any, sso: Any) -> None:
    there = estate.thing("nakamura.ren", "ProdReadOnly", "akatsuki-management")
    assert refused(sso.create_account_assignment, **there) == "AccessDeniedException"
    billing = estate.thing("nakamura.ren", "BillingView", "finance-prod")
    assert refused(sso.create_account_assignment, **billing) == "AccessDeniedException"
    of = {"InstanceArn": estate.instance, "PermissionSetArn": estate.permission_set("BillingView")}
    assert refused(sso.update_permission_set, **of, Description="x") == "AccessDeniedException"
    listed = sso.list_account_assignments(**of, AccountId=estate.account("akatsuki-management"))
    assert len(listed["AccountAssignments"]) == 1


def test_the_management_account_can(estate: Any) -> None:
    own = estate.client("sso-admin", "kumoban-management")
    own.create_account_assignment(**estate.thing("nakamura.ren", "BillingView", "akatsuki-management"))


def test_other_members_may_not_even_look(estate: Any) -> None:
    member = estate.client("sso-admin", estate.inside("payments-prod"))
    assert refused(member.list_permission_sets, InstanceArn=estate.instance) == "AccessDeniedException"
    store = estate.client("identitystore", estate.inside("payments-prod"))
    assert refused(store.list_users, IdentityStoreId=estate.store) == "AccessDeniedException"


def test_access_control_attributes_are_kept(estate: Any, sso: Any) -> None:
    of = {"InstanceArn": estate.instance}
    describe = sso.describe_instance_access_control_attribute_configuration
    assert refused(describe, **of) == "ResourceNotFoundException"
    attributes = {"AccessControlAttributes": [{"Key": "team", "Value": {"Source": ["${path:enterprise.department}"]}}]}
    sso.create_instance_access_control_attribute_configuration(
        **of, InstanceAccessControlAttributeConfiguration=attributes
    )
    assert describe(**of)["InstanceAccessControlAttributeConfiguration"] == attributes
    sso.delete_instance_access_control_attribute_configuration(**of)
    assert refused(describe, **of) == "ResourceNotFoundException"
