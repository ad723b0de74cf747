"""Identity Center: giving the accounts' roles an edited permission set's content, asynchronously.

Source: sso-admin API reference (ProvisionPermissionSet).
"""

from __future__ import annotations

from kumoban_emulator.errors import AwsError
from kumoban_emulator.fakes.registry import Call, Params, fake, moment
from kumoban_emulator.fakes.sso_admin_assignments import refuse_while_pending
from kumoban_emulator.fakes.sso_admin_instance import center_of, may_change, may_touch_account, set_of
from kumoban_emulator.ids import uuid4
from kumoban_emulator.paging import page
from kumoban_emulator.state.center import Operation

_SERVICE = "sso-admin"


@fake(_SERVICE, "ProvisionPermissionSet")
def provision_permission_set(call: Call, params: Params) -> Params:
    center = center_of(call, params)
    found, target = set_of(center, params), params.get("TargetId", "")
    may_change(call, center, found.arn)
    accounts = tuple(center.accounts_of(found.arn))
    if params["TargetType"] == "AWS_ACCOUNT":
        if not target:
            raise AwsError("ValidationException", "TargetId is required for TargetType AWS_ACCOUNT.")
        may_touch_account(call, target)
        if target not in accounts:
            raise AwsError("ResourceNotFoundException", f"{found.arn} is not provisioned in account {target}.")
        accounts = (target,)
    refuse_while_pending(center, accounts)
    failure = call.world.settings.next_failure("ProvisionPermissionSet", target)
    due = call.now + call.world.settings.provisioning_delay
    operation = Operation(
        uuid4(call.chance), "provisioning", accounts, found.arn, call.wall, due, None, failure, target=target
    )
    return {"PermissionSetProvisioningStatus": _status(center.start(operation))}


def _status(operation: Operation) -> Params:
    shape: Params = {
        "Status": operation.status,
        "RequestId": operation.id,
        "PermissionSetArn": operation.permission_set,
        "CreatedDate": moment(operation.created),
    }
    if operation.target:
        shape["AccountId"] = operation.target
    if operation.status == "FAILED":
        shape["FailureReason"] = operation.failure
    return shape


@fake(_SERVICE, "DescribePermissionSetProvisioningStatus")
def describe_provisioning(call: Call, params: Params) -> Params:
    operation = center_of(call, params).operations.get(params["ProvisionPermissionSetRequestId"])
    if operation is None or operation.kind != "provisioning":
        raise AwsError("ResourceNotFoundException", "The request does not exist.")
    return {"PermissionSetProvisioningStatus": _status(operation)}


@fake(_SERVICE, "ListPermissionSetProvisioningStatus")
def list_provisioning(call: Call, params: Params) -> Params:
    center, wanted = center_of(call, params), (params.get("Filter") or {}).get("Status")
    found = [
        {"Status": operation.status, "RequestId": operation.id, "CreatedDate": moment(operation.created)}
        for operation in reversed(center.operations.values())
        if operation.kind == "provisioning" and wanted in (None, operation.status)
    ]
    return page(found, params, "PermissionSetsProvisioningStatus")
