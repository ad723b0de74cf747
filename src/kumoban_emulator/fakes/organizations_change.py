"""AWS Organizations, the changing half: accounts, units, tags, delegations. Source: AWS Organizations API reference."""

from __future__ import annotations

import re

from kumoban_emulator.errors import AwsError
from kumoban_emulator.fakes.organizations_read import (
    account_of,
    creation_shape,
    may_manage,
    may_read,
    tags_of,
    unit_shape,
)
from kumoban_emulator.fakes.registry import Call, Params, fake
from kumoban_emulator.ids import alnum
from kumoban_emulator.state.organization import Account, Creation, Organization, Unit

_SERVICE = "organizations"
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")


@fake(_SERVICE, "CreateAccount")
def create_account(call: Call, params: Params) -> Params:
    """Accepted at once, decided later: a used e-mail address becomes FAILED, as on AWS."""
    organization = may_manage(call)
    creating = [found for found in organization.creations.values() if found.state == "IN_PROGRESS"]
    account = Account(
        _free_account_id(call, organization),
        params["AccountName"],
        params["Email"],
        organization.root,
        call.wall,
        {tag["Key"]: tag["Value"] for tag in params.get("Tags") or ()},
    )
    used = {found.email.casefold() for found in organization.accounts.values()}
    used |= {found.account.email.casefold() for found in creating}
    failure = "EMAIL_ALREADY_EXISTS" if account.email.casefold() in used else ""
    if not _EMAIL.fullmatch(account.email):
        failure = "INVALID_EMAIL"
    failure = call.world.settings.next_failure("CreateAccount", account.name) or failure
    due = call.now + call.world.settings.account_delay
    creation = Creation(f"car-{alnum(call.chance, 32)}", account, call.wall, due, failure)
    organization.creations[creation.id] = creation
    return {"CreateAccountStatus": creation_shape(creation)}


def _free_account_id(call: Call, organization: Organization) -> str:
    while True:
        found = f"{call.chance.randrange(10**11, 10**12)}"
        if found not in organization.accounts:
            return found


@fake(_SERVICE, "CloseAccount")
def close_account(call: Call, params: Params) -> Params:
    organization = may_manage(call)
    account = account_of(organization, params["AccountId"])
    if account.id == organization.management:
        raise AwsError(
            "ConstraintViolationException",
            "You can't close the management account.",
            Reason="CANNOT_CLOSE_MANAGEMENT_ACCOUNT",
        )
    if account.status != "ACTIVE":
        raise AwsError("AccountAlreadyClosedException", "The account is already closed.")
    account.status = "PENDING_CLOSURE"
    organization.closing[account.id] = call.now + call.world.settings.closure_delay
    return {}


@fake(_SERVICE, "MoveAccount")
def move_account(call: Call, params: Params) -> Params:
    organization = may_manage(call)
    account = account_of(organization, params["AccountId"])
    source, destination = params["SourceParentId"], params["DestinationParentId"]
    if not organization.exists(source) or account.parent != source:
        raise AwsError("SourceParentNotFoundException", "You specified a source parent that doesn't exist.")
    if not organization.exists(destination):
        raise AwsError("DestinationParentNotFoundException", "You specified a destination parent that doesn't exist.")
    if source == destination:
        raise AwsError("DuplicateAccountException", "The account already exists in the specified destination.")
    account.parent = destination
    return {}


@fake(_SERVICE, "RemoveAccountFromOrganization")
def remove_account(call: Call, params: Params) -> Params:
    organization = may_manage(call)
    account = account_of(organization, params["AccountId"])
    if account.id == organization.management:
        raise AwsError("MasterCannotLeaveOrganizationException", "The management account can't leave the organization.")
    if organization.is_delegated(account.id):
        raise AwsError(
            "ConstraintViolationException",
            "The account is a delegated administrator.",
            Reason="CANNOT_REMOVE_DELEGATED_ADMINISTRATOR_FROM_ORG",
        )
    del organization.accounts[account.id]
    return {}


@fake(_SERVICE, "CreateOrganizationalUnit")
def create_unit(call: Call, params: Params) -> Params:
    organization = may_manage(call)
    parent = params["ParentId"]
    if not organization.exists(parent):
        raise AwsError("ParentNotFoundException", "You specified parent that doesn't exist.")
    _unique_name(organization, parent, params["Name"])
    unit_id = f"ou-{organization.root.removeprefix('r-')}-{alnum(call.chance, 8)}"
    tags = {tag["Key"]: tag["Value"] for tag in params.get("Tags") or ()}
    unit = organization.units[unit_id] = Unit(unit_id, params["Name"], parent, tags)
    organization.permit_everything(unit_id)
    return {"OrganizationalUnit": unit_shape(organization, unit)}


@fake(_SERVICE, "UpdateOrganizationalUnit")
def update_unit(call: Call, params: Params) -> Params:
    organization = may_manage(call)
    unit = _unit(organization, params)
    name = params.get("Name") or unit.name
    if name != unit.name:
        _unique_name(organization, unit.parent, name)
    unit.name = name
    return {"OrganizationalUnit": unit_shape(organization, unit)}


@fake(_SERVICE, "DeleteOrganizationalUnit")
def delete_unit(call: Call, params: Params) -> Params:
    organization = may_manage(call)
    unit = _unit(organization, params)
    if organization.units_below(unit.id) or organization.accounts_below(unit.id):
        raise AwsError("OrganizationalUnitNotEmptyException", "The organizational unit is not empty.")
    del organization.units[unit.id]
    for policy in organization.policies.values():
        policy.targets.discard(unit.id)
    return {}


def _unit(organization: Organization, params: Params) -> Unit:
    unit = organization.units.get(params["OrganizationalUnitId"])
    if unit is None:
        raise AwsError(
            "OrganizationalUnitNotFoundException", "You specified an organizational unit that doesn't exist."
        )
    return unit


def _unique_name(organization: Organization, parent: str, name: str) -> None:
    if any(unit.name == name for unit in organization.units_below(parent)):
        raise AwsError(
            "DuplicateOrganizationalUnitException", "An organizational unit with this name exists here already."
        )


@fake(_SERVICE, "TagResource")
def tag(call: Call, params: Params) -> Params:
    tags = tags_of(_tagging(call), params["ResourceId"])
    added = {found["Key"]: found["Value"] for found in params["Tags"]}
    if len(tags.keys() | added.keys()) > 50:
        raise AwsError(
            "ConstraintViolationException", "A resource can have 50 tags at most.", Reason="MAX_TAG_LIMIT_EXCEEDED"
        )
    tags.update(added)
    return {}


@fake(_SERVICE, "UntagResource")
def untag(call: Call, params: Params) -> Params:
    tags = tags_of(_tagging(call), params["ResourceId"])
    for key in params["TagKeys"]:
        tags.pop(key, None)
    return {}


def _tagging(call: Call) -> Organization:
    """Tags may be delegated by a resource policy; the scenarios grant that to the Identity Center account."""
    if call.account == call.world.delegate:
        return may_read(call)
    return may_manage(call)


@fake(_SERVICE, "RegisterDelegatedAdministrator")
def register_delegated(call: Call, params: Params) -> Params:
    organization = may_manage(call)
    account = account_of(organization, params["AccountId"])
    if account.id == organization.management:
        raise AwsError(
            "ConstraintViolationException",
            "You cannot register master account/yourself as delegated administrator for your organization.",
        )
    accounts = organization.delegated.setdefault(params["ServicePrincipal"], {})
    if account.id in accounts:
        raise AwsError(
            "AccountAlreadyRegisteredException", "The account is already a delegated administrator for this service."
        )
    accounts[account.id] = call.wall
    return {}


@fake(_SERVICE, "DeregisterDelegatedAdministrator")
def deregister_delegated(call: Call, params: Params) -> Params:
    organization = may_manage(call)
    account = account_of(organization, params["AccountId"])
    accounts = organization.delegated.get(params["ServicePrincipal"], {})
    if account.id not in accounts:
        raise AwsError(
            "AccountNotRegisteredException", "The account is not a delegated administrator for this service."
        )
    del accounts[account.id]
    return {}


@fake(_SERVICE, "EnableAWSServiceAccess")
def enable_access(call: Call, params: Params) -> Params:
    may_manage(call).trusted.setdefault(params["ServicePrincipal"], call.wall)
    return {}


@fake(_SERVICE, "DisableAWSServiceAccess")
def disable_access(call: Call, params: Params) -> Params:
    may_manage(call).trusted.pop(params["ServicePrincipal"], None)
    return {}
