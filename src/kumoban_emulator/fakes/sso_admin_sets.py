"""Identity Center: permission sets themselves. Source: sso-admin API reference; quotas page for lengths."""

from __future__ import annotations

import re
from dataclasses import replace

from kumoban_emulator.errors import AwsError
from kumoban_emulator.fakes.registry import Call, Params, fake, moment
from kumoban_emulator.fakes.sso_admin_instance import center_of, may_change, set_of
from kumoban_emulator.ids import hexa
from kumoban_emulator.paging import page
from kumoban_emulator.state.center import Center, Content, PermissionSet

__all__ = ["session_seconds"]

_SERVICE = "sso-admin"
_DURATION = re.compile(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?")


def session_seconds(duration: str) -> int:
    """An ISO 8601 duration of 1 to 12 hours in seconds. Raises AwsError(ValidationException)."""
    found = _DURATION.fullmatch(duration)
    hours, minutes, seconds = (int(part or 0) for part in found.groups()) if found else (0, 0, 0)
    total = hours * 3600 + minutes * 60 + seconds
    if not 3600 <= total <= 43200:
        raise AwsError("ValidationException", f"Session duration {duration} must be from PT1H to PT12H.")
    return total


def _shape(found: PermissionSet) -> Params:
    shape: Params = {
        "Name": found.name,
        "PermissionSetArn": found.arn,
        "CreatedDate": moment(found.created),
        "SessionDuration": found.content.session,
    }
    if found.description:
        shape["Description"] = found.description
    if found.content.relay_state:
        shape["RelayState"] = found.content.relay_state
    return shape


@fake(_SERVICE, "CreatePermissionSet")
def create_permission_set(call: Call, params: Params) -> Params:
    center = center_of(call, params)
    if center.set_named(params["Name"]):
        raise AwsError("ConflictException", f"PermissionSet with name {params['Name']} already exists.")
    content = Content(session=params.get("SessionDuration", "PT1H"), relay_state=params.get("RelayState", ""))
    session_seconds(content.session)
    arn = f"arn:aws:sso:::permissionSet/{center.short}/ps-{hexa(call.chance, 16)}"
    tags = {tag["Key"]: tag["Value"] for tag in params.get("Tags") or ()}
    found = PermissionSet(arn, params["Name"], params.get("Description", ""), call.wall, content, tags)
    center.sets[arn] = found
    return {"PermissionSet": _shape(found)}


@fake(_SERVICE, "DescribePermissionSet")
def describe_permission_set(call: Call, params: Params) -> Params:
    return {"PermissionSet": _shape(set_of(center_of(call, params), params))}


@fake(_SERVICE, "UpdatePermissionSet")
def update_permission_set(call: Call, params: Params) -> Params:
    center = center_of(call, params)
    found = set_of(center, params)
    may_change(call, center, found.arn)
    session = params.get("SessionDuration", found.content.session)
    session_seconds(session)
    found.content = replace(
        found.content, session=session, relay_state=params.get("RelayState", found.content.relay_state)
    )
    found.description = params.get("Description", found.description)
    return {}


@fake(_SERVICE, "DeletePermissionSet")
def delete_permission_set(call: Call, params: Params) -> Params:
    center = center_of(call, params)
    found = set_of(center, params)
    may_change(call, center, found.arn)
    if center.accounts_of(found.arn) or _being_assigned(center, found.arn):
        raise AwsError(
            "ConflictException", f"PermissionSet {found.arn} is assigned or provisioned and cannot be deleted."
        )
    del center.sets[found.arn]
    return {}


def _being_assigned(center: Center, permission_set: str) -> bool:
    return any(operation.permission_set == permission_set for operation in center.pending.values())


@fake(_SERVICE, "ListPermissionSets")
def list_permission_sets(call: Call, params: Params) -> Params:
    return page(list(center_of(call, params).sets), params, "PermissionSets")


def _latest(center: Center, account: str, permission_set: str, wanted: str | None) -> bool:
    latest = center.provisioned[account, permission_set] == center.sets[permission_set].content
    return wanted is None or latest == (wanted == "LATEST_PERMISSION_SET_PROVISIONED")


@fake(_SERVICE, "ListPermissionSetsProvisionedToAccount")
def list_sets_in_account(call: Call, params: Params) -> Params:
    center, account = center_of(call, params), params["AccountId"]
    if account not in call.world.organization.accounts:
        raise AwsError("ResourceNotFoundException", f"Account {account} does not exist.")
    wanted = params.get("ProvisioningStatus")
    found = [arn for arn in center.sets_in(account) if _latest(center, account, arn, wanted)]
    return page(found, params, "PermissionSets")


@fake(_SERVICE, "ListAccountsForProvisionedPermissionSet")
def list_accounts_of_set(call: Call, params: Params) -> Params:
    center = center_of(call, params)
    found, wanted = set_of(center, params).arn, params.get("ProvisioningStatus")
    accounts = [account for account in center.accounts_of(found) if _latest(center, account, found, wanted)]
    return page(accounts, params, "AccountIds")
