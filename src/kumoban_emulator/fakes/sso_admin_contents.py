"""Identity Center: what a permission set contains: policies and boundary.

Every change here reaches the accounts only with ProvisionPermissionSet. Source: sso-admin API reference.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from kumoban_emulator.errors import AwsError
from kumoban_emulator.fakes.registry import Call, Params, fake
from kumoban_emulator.fakes.sso_admin_instance import center_of, may_change, set_of
from kumoban_emulator.paging import page
from kumoban_emulator.state.center import Content, PermissionSet

_SERVICE = "sso-admin"
_MANAGED_MAX = 20
#: bytes without white space
_INLINE_MAX = 10_240


def _changing(call: Call, params: Params) -> PermissionSet:
    center = center_of(call, params)
    found = set_of(center, params)
    may_change(call, center, found.arn)
    return found


def _content(call: Call, params: Params) -> Content:
    return set_of(center_of(call, params), params).content


def _change(found: PermissionSet, **changes: Any) -> Params:
    found.content = replace(found.content, **changes)
    return {}


@fake(_SERVICE, "AttachManagedPolicyToPermissionSet")
def attach_managed(call: Call, params: Params) -> Params:
    found, arn = _changing(call, params), params["ManagedPolicyArn"]
    if not arn.startswith("arn:aws:iam::aws:policy/"):
        raise AwsError("ResourceNotFoundException", f"Policy {arn} does not exist.")
    if arn in [attached for _, attached in found.content.managed]:
        raise AwsError("ConflictException", f"Policy {arn} is attached already.")
    if len(found.content.managed) + len(found.content.customer) >= _MANAGED_MAX:
        raise AwsError("ServiceQuotaExceededException", f"A permission set can have {_MANAGED_MAX} policies at most.")
    return _change(found, managed=(*found.content.managed, (arn.rsplit("/", 1)[-1], arn)))


@fake(_SERVICE, "DetachManagedPolicyFromPermissionSet")
def detach_managed(call: Call, params: Params) -> Params:
    found, arn = _changing(call, params), params["ManagedPolicyArn"]
    left = tuple(policy for policy in found.content.managed if policy[1] != arn)
    if len(left) == len(found.content.managed):
        raise AwsError("ResourceNotFoundException", f"Policy {arn} is not attached.")
    return _change(found, managed=left)


@fake(_SERVICE, "ListManagedPoliciesInPermissionSet")
def list_managed(call: Call, params: Params) -> Params:
    policies = [{"Name": name, "Arn": arn} for name, arn in _content(call, params).managed]
    return page(policies, params, "AttachedManagedPolicies")


def _reference(params: Params) -> tuple[str, str]:
    reference = params["CustomerManagedPolicyReference"]
    return reference["Name"], reference.get("Path", "/")


@fake(_SERVICE, "AttachCustomerManagedPolicyReferenceToPermissionSet")
def attach_customer(call: Call, params: Params) -> Params:
    found, reference = _changing(call, params), _reference(params)
    if reference in found.content.customer:
        raise AwsError("ConflictException", f"Policy {reference[0]} is attached already.")
    if len(found.content.managed) + len(found.content.customer) >= _MANAGED_MAX:
        raise AwsError("ServiceQuotaExceededException", f"A permission set can have {_MANAGED_MAX} policies at most.")
    return _change(found, customer=(*found.content.customer, reference))


@fake(_SERVICE, "DetachCustomerManagedPolicyReferenceFromPermissionSet")
def detach_customer(call: Call, params: Params) -> Params:
    found, reference = _changing(call, params), _reference(params)
    if reference not in found.content.customer:
        raise AwsError("ResourceNotFoundException", f"Policy {reference[0]} is not attached.")
    return _change(found, customer=tuple(policy for policy in found.content.customer if policy != reference))


@fake(_SERVICE, "ListCustomerManagedPolicyReferencesInPermissionSet")
def list_customer(call: Call, params: Params) -> Params:
    references = [{"Name": name, "Path": path} for name, path in _content(call, params).customer]
    return page(references, params, "CustomerManagedPolicyReferences")


@fake(_SERVICE, "PutInlinePolicyToPermissionSet")
def put_inline(call: Call, params: Params) -> Params:
    found, text = _changing(call, params), params["InlinePolicy"]
    try:
        json.loads(text)["Statement"]
    except (ValueError, KeyError, TypeError) as error:
        raise AwsError("ValidationException", "The inline policy is not a valid policy document.") from error
    if len("".join(text.split()).encode()) > _INLINE_MAX:
        raise AwsError("ServiceQuotaExceededException", f"An inline policy can have {_INLINE_MAX} bytes at most.")
    return _change(found, inline=text)


@fake(_SERVICE, "GetInlinePolicyForPermissionSet")
def get_inline(call: Call, params: Params) -> Params:
    return {"InlinePolicy": _content(call, params).inline}


@fake(_SERVICE, "DeleteInlinePolicyFromPermissionSet")
def delete_inline(call: Call, params: Params) -> Params:
    found = _changing(call, params)
    if not found.content.inline:
        raise AwsError("ResourceNotFoundException", "The permission set has no inline policy.")
    return _change(found, inline="")


@fake(_SERVICE, "PutPermissionsBoundaryToPermissionSet")
def put_boundary(call: Call, params: Params) -> Params:
    found, boundary = _changing(call, params), params["PermissionsBoundary"]
    customer = boundary.get("CustomerManagedPolicyReference")
    managed = boundary.get("ManagedPolicyArn", "")
    if bool(customer) == bool(managed):
        raise AwsError("ValidationException", "A permissions boundary is either a managed policy or a reference.")
    reference = (customer["Name"], customer.get("Path", "/")) if customer else None
    return _change(found, boundary_managed=managed, boundary_customer=reference)


@fake(_SERVICE, "GetPermissionsBoundaryForPermissionSet")
def get_boundary(call: Call, params: Params) -> Params:
    content = _content(call, params)
    if content.boundary_customer:
        name, path = content.boundary_customer
        return {"PermissionsBoundary": {"CustomerManagedPolicyReference": {"Name": name, "Path": path}}}
    if content.boundary_managed:
        return {"PermissionsBoundary": {"ManagedPolicyArn": content.boundary_managed}}
    raise AwsError("ResourceNotFoundException", "The permission set has no permissions boundary.")


@fake(_SERVICE, "DeletePermissionsBoundaryFromPermissionSet")
def delete_boundary(call: Call, params: Params) -> Params:
    get_boundary(call, params)
    return _change(_changing(call, params), boundary_managed="", boundary_customer=None)
