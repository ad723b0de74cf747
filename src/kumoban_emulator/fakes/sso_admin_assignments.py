"""Identity Center: account assignments, asynchronous as on AWS.

IN_PROGRESS, then SUCCEEDED or FAILED; one operation per account at a time, ten outstanding in all. In an account
that is being closed or is suspended every operation FAILS (assumed: AWS documents only that it cannot be used).
Source: sso-admin API reference (CreateAccountAssignment); Identity Center user guide, quotas.
"""

from __future__ import annotations

from typing import Literal

from kumoban_emulator.errors import AwsError
from kumoban_emulator.fakes.registry import Call, Params, fake, moment
from kumoban_emulator.fakes.sso_admin_instance import center_of, may_change, may_touch_account, set_of
from kumoban_emulator.ids import uuid4
from kumoban_emulator.paging import page
from kumoban_emulator.state.center import Center, Operation, Thing

__all__ = ["MAX_OUTSTANDING", "refuse_while_pending"]

_SERVICE = "sso-admin"
MAX_OUTSTANDING = 10
#: part of the ordinary delay that a creation takes when nothing has to be made
_NOTHING_TO_DO = 0.1


@fake(_SERVICE, "CreateAccountAssignment")
def create_assignment(call: Call, params: Params) -> Params:
    center, thing = _asked(call, params)
    if not call.world.store.knows(thing.principal_type, thing.principal):
        raise AwsError("ResourceNotFoundException", f"{thing.principal_type} with id {thing.principal} does not exist.")
    _room(call, center, "ServiceQuotaExceededException")
    refuse_while_pending(center, (thing.account,))
    delay = call.world.settings.creation_delay * (_NOTHING_TO_DO if center.has(thing) else 1)
    return {"AccountAssignmentCreationStatus": _status(_start(call, center, "creation", thing, delay))}


@fake(_SERVICE, "DeleteAccountAssignment")
def delete_assignment(call: Call, params: Params) -> Params:
    center, thing = _asked(call, params)
    refuse_while_pending(center, (thing.account,))
    if not center.has(thing):
        raise AwsError("ResourceNotFoundException", "The account assignment does not exist.")
    _room(call, center, "ThrottlingException")
    operation = _start(call, center, "deletion", thing, call.world.settings.deletion_delay)
    return {"AccountAssignmentDeletionStatus": _status(operation)}


def _asked(call: Call, params: Params) -> tuple[Center, Thing]:
    center = center_of(call, params)
    found = set_of(center, params)
    account = params["TargetId"]
    if account not in call.world.organization.accounts:
        raise AwsError("ResourceNotFoundException", f"Account {account} does not exist in the organization.")
    may_touch_account(call, account)
    may_change(call, center, found.arn)
    return center, Thing(account, found.arn, params["PrincipalType"], params["PrincipalId"])


def _room(call: Call, center: Center, code: str) -> None:
    if call.world.settings.enforce_limits and center.outstanding() >= MAX_OUTSTANDING:
        raise AwsError(code, f"{MAX_OUTSTANDING} account assignment operations are outstanding already.")


def refuse_while_pending(center: Center, accounts: tuple[str, ...]) -> None:
    for account in accounts:
        operation = center.pending_in(account)
        if operation:
            raise AwsError(
                "ConflictException", f"Another operation ({operation.id}) is in progress for account {account}."
            )


def _start(call: Call, center: Center, kind: Literal["creation", "deletion"], thing: Thing, delay: float) -> Operation:
    name = "CreateAccountAssignment" if kind == "creation" else "DeleteAccountAssignment"
    status = call.world.organization.accounts[thing.account].status
    closed = "" if status == "ACTIVE" else f"Account {thing.account} is {status}: it cannot be changed."
    return center.start(
        Operation(
            uuid4(call.chance),
            kind,
            (thing.account,),
            thing.permission_set,
            call.wall,
            call.now + delay,
            thing,
            call.world.settings.next_failure(name, thing.account) or closed,
        )
    )


def _status(operation: Operation) -> Params:
    thing = operation.thing
    shape: Params = {"Status": operation.status, "RequestId": operation.id, "CreatedDate": moment(operation.created)}
    if thing:
        shape |= {
            "TargetId": thing.account,
            "TargetType": "AWS_ACCOUNT",
            "PermissionSetArn": thing.permission_set,
            "PrincipalType": thing.principal_type,
            "PrincipalId": thing.principal,
        }
    if operation.status == "FAILED":
        shape["FailureReason"] = operation.failure
    return shape


@fake(_SERVICE, "DescribeAccountAssignmentCreationStatus", "DescribeAccountAssignmentDeletionStatus")
def describe_status(call: Call, params: Params) -> Params:
    center = center_of(call, params)
    kind = "Creation" if "Creation" in call.operation else "Deletion"
    operation = center.operations.get(params[f"AccountAssignment{kind}RequestId"])
    if operation is None or operation.kind != kind.lower():
        raise AwsError("ResourceNotFoundException", "The request does not exist.")
    return {f"AccountAssignment{kind}Status": _status(operation)}


@fake(_SERVICE, "ListAccountAssignmentCreationStatus", "ListAccountAssignmentDeletionStatus")
def list_statuses(call: Call, params: Params) -> Params:
    center = center_of(call, params)
    kind = "Creation" if "Creation" in call.operation else "Deletion"
    wanted = (params.get("Filter") or {}).get("Status")
    found = [
        {"Status": operation.status, "RequestId": operation.id, "CreatedDate": moment(operation.created)}
        for operation in reversed(center.operations.values())
        if operation.kind == kind.lower() and wanted in (None, operation.status)
    ]
    return page(found, params, f"AccountAssignments{kind}Status")


@fake(_SERVICE, "ListAccountAssignments")
def list_assignments(call: Call, params: Params) -> Params:
    center = center_of(call, params)
    found, account = set_of(center, params), params["AccountId"]
    if account not in call.world.organization.accounts:
        raise AwsError("ResourceNotFoundException", f"Account {account} does not exist.")
    who = center.assigned.get((account, found.arn), {})
    assignments = [
        {"AccountId": account, "PermissionSetArn": found.arn, "PrincipalType": kind, "PrincipalId": principal}
        for kind, principal in who
    ]
    return page(assignments, params, "AccountAssignments")


@fake(_SERVICE, "ListAccountAssignmentsForPrincipal")
def list_assignments_of(call: Call, params: Params) -> Params:
    """A user's own assignments and those of the user's groups. Source: API reference of this operation."""
    center, store = center_of(call, params), call.world.store
    kind, principal = params["PrincipalType"], params["PrincipalId"]
    if principal not in (store.users if kind == "USER" else store.groups):
        raise AwsError("ResourceNotFoundException", f"{kind} with id {principal} does not exist.")
    wanted = {(kind, principal)}
    if kind == "USER":
        wanted |= {("GROUP", membership.group) for membership in store.groups_of(principal)}
    only = (params.get("Filter") or {}).get("AccountId")
    found = [
        {"AccountId": account, "PermissionSetArn": arn, "PrincipalType": who[0], "PrincipalId": who[1]}
        for (account, arn), principals in center.assigned.items()
        if only in (None, account)
        for who in principals
        if who in wanted
    ]
    return page(found, params, "AccountAssignments")
