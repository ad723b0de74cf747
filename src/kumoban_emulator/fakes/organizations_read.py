"""AWS Organizations, the reading half. Source: AWS Organizations API reference.

Readable from the management account and from delegated administrators; DescribeOrganization from every member.
"""

from __future__ import annotations

from typing import Any

from kumoban_emulator.errors import AwsError, denied
from kumoban_emulator.fakes.registry import Call, Params, fake, moment
from kumoban_emulator.paging import page
from kumoban_emulator.state.organization import Account, Creation, Organization, Unit

__all__ = [
    "account_of",
    "account_shape",
    "arn",
    "creation_shape",
    "may_manage",
    "may_read",
    "reading",
    "tags_of",
    "unit_shape",
]

_SERVICE = "organizations"


def may_read(call: Call) -> Organization:
    organization = call.world.organization
    if call.account != organization.management and not organization.is_delegated(call.account):
        raise denied("You don't have permissions to access this resource.")
    return organization


def may_manage(call: Call) -> Organization:
    """Changes are made from the management account only."""
    organization = call.world.organization
    if call.account != organization.management:
        raise denied("You don't have permissions to access this resource.")
    return organization


def arn(organization: Organization, kind: str, *parts: str) -> str:
    return f"arn:aws:organizations::{organization.management}:{kind}/" + "/".join((organization.id, *parts))


def reading(items: list[Any], params: Params, key: str) -> Params:
    return page(items, params, key, default=20, error="InvalidInputException")


@fake(_SERVICE, "DescribeOrganization")
def describe_organization(call: Call, params: Params) -> Params:
    organization = call.world.organization
    if call.account not in organization.accounts:
        raise AwsError("AWSOrganizationsNotInUseException", "Your account is not a member of an organization.")
    master = organization.accounts[organization.management]
    return {
        "Organization": {
            "Id": organization.id,
            "Arn": arn(organization, "organization"),
            "FeatureSet": "ALL",
            "MasterAccountArn": arn(organization, "account", master.id),
            "MasterAccountId": master.id,
            "MasterAccountEmail": master.email,
            "AvailablePolicyTypes": [{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}],
        }
    }


@fake(_SERVICE, "ListRoots")
def list_roots(call: Call, params: Params) -> Params:
    organization = may_read(call)
    types = [{"Type": kind, "Status": "ENABLED"} for kind in sorted(organization.policy_types)]
    root = {
        "Id": organization.root,
        "Arn": arn(organization, "root", organization.root),
        "Name": "Root",
        "PolicyTypes": types,
    }
    return reading([root], params, "Roots")


def unit_shape(organization: Organization, unit: Unit) -> Params:
    return {
        "Id": unit.id,
        "Arn": arn(organization, "ou", unit.id),
        "Name": unit.name,
        "Path": "/".join((organization.id, *organization.path(unit.id))) + "/",
    }


def account_shape(organization: Organization, account: Account) -> Params:
    return {
        "Id": account.id,
        "Arn": arn(organization, "account", account.id),
        "Email": account.email,
        "Name": account.name,
        "Status": account.status,
        "State": account.status,
        "Paths": ["/".join((organization.id, *organization.path(account.id))) + "/"],
        "JoinedMethod": account.joined_by,
        "JoinedTimestamp": moment(account.joined),
    }


def account_of(organization: Organization, account: str) -> Account:
    if account not in organization.accounts:
        raise AwsError("AccountNotFoundException", "You specified an account that doesn't exist.")
    return organization.accounts[account]


def _parent(organization: Organization, parent: str) -> str:
    if not organization.exists(parent):
        raise AwsError("ParentNotFoundException", "You specified parent that doesn't exist.")
    return parent


@fake(_SERVICE, "ListOrganizationalUnitsForParent")
def list_units(call: Call, params: Params) -> Params:
    organization = may_read(call)
    units = organization.units_below(_parent(organization, params["ParentId"]))
    return reading([unit_shape(organization, unit) for unit in units], params, "OrganizationalUnits")


@fake(_SERVICE, "ListAccountsForParent")
def list_accounts_for_parent(call: Call, params: Params) -> Params:
    organization = may_read(call)
    accounts = organization.accounts_below(_parent(organization, params["ParentId"]))
    return reading([account_shape(organization, account) for account in accounts], params, "Accounts")


@fake(_SERVICE, "ListAccounts")
def list_accounts(call: Call, params: Params) -> Params:
    organization = may_read(call)
    found = page(list(organization.accounts.values()), params, "Accounts", default=20, error="InvalidInputException")
    found["Accounts"] = [account_shape(organization, account) for account in found["Accounts"]]
    return found


@fake(_SERVICE, "DescribeAccount")
def describe_account(call: Call, params: Params) -> Params:
    organization = may_read(call)
    return {"Account": account_shape(organization, account_of(organization, params["AccountId"]))}


@fake(_SERVICE, "DescribeOrganizationalUnit")
def describe_unit(call: Call, params: Params) -> Params:
    organization = may_read(call)
    unit = organization.units.get(params["OrganizationalUnitId"])
    if unit is None:
        raise AwsError(
            "OrganizationalUnitNotFoundException", "You specified an organizational unit that doesn't exist."
        )
    return {"OrganizationalUnit": unit_shape(organization, unit)}


@fake(_SERVICE, "ListParents")
def list_parents(call: Call, params: Params) -> Params:
    organization = may_read(call)
    child = organization.accounts.get(params["ChildId"]) or organization.units.get(params["ChildId"])
    if child is None:
        raise AwsError("ChildNotFoundException", "You specified a child that doesn't exist.")
    kind = "ROOT" if child.parent == organization.root else "ORGANIZATIONAL_UNIT"
    return reading([{"Id": child.parent, "Type": kind}], params, "Parents")


@fake(_SERVICE, "ListChildren")
def list_children(call: Call, params: Params) -> Params:
    organization = may_read(call)
    parent = _parent(organization, params["ParentId"])
    kind = params["ChildType"]
    below: list[Account] | list[Unit]
    below = organization.accounts_below(parent) if kind == "ACCOUNT" else organization.units_below(parent)
    return reading([{"Id": child.id, "Type": kind} for child in below], params, "Children")


def tags_of(organization: Organization, resource: str) -> dict[str, str]:
    if resource == organization.root:
        return organization.root_tags
    found = (
        organization.accounts.get(resource) or organization.units.get(resource) or organization.policies.get(resource)
    )
    if found is None:
        raise AwsError("TargetNotFoundException", "You specified a target that doesn't exist.")
    return found.tags


@fake(_SERVICE, "ListTagsForResource")
def list_tags(call: Call, params: Params) -> Params:
    tags = tags_of(may_read(call), params["ResourceId"])
    return reading([{"Key": key, "Value": value} for key, value in tags.items()], {**params, "MaxResults": 50}, "Tags")


def creation_shape(creation: Creation) -> Params:
    shape: Params = {
        "Id": creation.id,
        "AccountName": creation.account.name,
        "State": creation.state,
        "RequestedTimestamp": moment(creation.requested),
    }
    if creation.completed is not None:
        shape["CompletedTimestamp"] = moment(creation.completed)
    if creation.state == "SUCCEEDED":
        shape["AccountId"] = creation.account.id
    if creation.state == "FAILED":
        shape["FailureReason"] = creation.failure
    return shape


@fake(_SERVICE, "DescribeCreateAccountStatus")
def describe_creation(call: Call, params: Params) -> Params:
    creation = may_read(call).creations.get(params["CreateAccountRequestId"])
    if creation is None:
        raise AwsError(
            "CreateAccountStatusNotFoundException", "You specified a create account request that doesn't exist."
        )
    return {"CreateAccountStatus": creation_shape(creation)}


@fake(_SERVICE, "ListCreateAccountStatus")
def list_creations(call: Call, params: Params) -> Params:
    states = params.get("States") or ("IN_PROGRESS", "SUCCEEDED", "FAILED")
    found = [creation_shape(creation) for creation in may_read(call).creations.values() if creation.state in states]
    return reading(found, params, "CreateAccountStatuses")


@fake(_SERVICE, "ListDelegatedAdministrators")
def list_delegated(call: Call, params: Params) -> Params:
    organization = may_read(call)
    wanted = params.get("ServicePrincipal")
    dates: dict[str, float] = {}
    for service, accounts in organization.delegated.items():
        if wanted in (None, service):
            for account, since in accounts.items():
                dates[account] = min(since, dates.get(account, since))
    shapes = [
        {**account_shape(organization, organization.accounts[account]), "DelegationEnabledDate": moment(since)}
        for account, since in dates.items()
    ]
    for shape in shapes:
        del shape["Paths"]
    return reading(shapes, params, "DelegatedAdministrators")


@fake(_SERVICE, "ListDelegatedServicesForAccount")
def list_delegated_services(call: Call, params: Params) -> Params:
    organization = may_read(call)
    account = account_of(organization, params["AccountId"]).id
    services = [
        {"ServicePrincipal": service, "DelegationEnabledDate": moment(accounts[account])}
        for service, accounts in organization.delegated.items()
        if account in accounts
    ]
    if not services:
        raise AwsError("AccountNotRegisteredException", "The specified account is not a delegated administrator.")
    return reading(services, params, "DelegatedServices")


@fake(_SERVICE, "ListAWSServiceAccessForOrganization")
def list_trusted(call: Call, params: Params) -> Params:
    trusted = may_read(call).trusted
    shapes = [{"ServicePrincipal": service, "DateEnabled": moment(since)} for service, since in trusted.items()]
    return reading(shapes, params, "EnabledServicePrincipals")


@fake(_SERVICE, "ListHandshakesForOrganization", "ListHandshakesForAccount")
def list_handshakes(call: Call, params: Params) -> Params:
    may_read(call)
    return {"Handshakes": []}
