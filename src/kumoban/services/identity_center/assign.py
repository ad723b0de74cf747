"""``identity_center.assign/1``, ``assign_group/1``: an assignment of one permission set in one account, to a person or
to a group. ``unassign/1``: one that is there is taken away for good.

Creation and deletion are asynchronous (IN_PROGRESS, SUCCEEDED, FAILED); AWS refuses a second operation on the
same account while one is pending (ConflictException), so the account is the lock.
Source: AWS IAM Identity Center API reference, CreateAccountAssignment and DeleteAccountAssignment.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from kumoban.aws.answers import accepted, gone
from kumoban.aws.arns import INSTANCE, ORGANIZATION_ACCOUNT, PERMISSION_SET, TARGET_ACCOUNT
from kumoban.aws.door import pages
from kumoban.aws.errors import AwsError, NotFound
from kumoban.core.action import Caller, Direction, Presence, Progress, Seen, Started
from kumoban.core.needs import needs
from kumoban.core.reason import Reason
from kumoban.estate.models import Account, Assignment
from kumoban.services.identity_center.in_progress import InProgress, listed

__all__ = [
    "ASSIGN",
    "ASSIGN_GROUP",
    "ASSIGN_TO_NEW",
    "UNASSIGN",
    "Assign",
    "AssignGroup",
    "AssignToNew",
    "Unassign",
    "assignment_thing",
]

ASSIGN = "identity_center.assign/1"
ASSIGN_GROUP = "identity_center.assign_group/1"
ASSIGN_TO_NEW = "identity_center.assign_to_new/1"
UNASSIGN = "identity_center.unassign/1"

_STATUS = {"apply": "creation", "undo": "deletion"}
_ASSIGNMENT = (TARGET_ACCOUNT, INSTANCE, PERMISSION_SET)
_STATUSES = (
    "describe_account_assignment_creation_status",
    "describe_account_assignment_deletion_status",
    "list_account_assignment_creation_status",
    "list_account_assignment_deletion_status",
)


def assignment_thing(person: str, account: str, permission_set_arn: str) -> str:
    """``sso:<principal>:<account>:<permission set>``"""
    return f"sso:{person}:{account}:{permission_set_arn.rsplit('/', 1)[-1]}"


class Assign:
    """Parameters: ``instance``, ``account``, ``permission_set`` (ARN), ``principal`` (user id)."""

    name = ASSIGN
    holds = True
    arrives = False
    reads = (
        needs("sso-admin", "list_account_assignments", on=_ASSIGNMENT)
        | needs("sso-admin", *_STATUSES, on=(INSTANCE,))
        | needs("organizations", "describe_account", on=(ORGANIZATION_ACCOUNT,))
    )
    writes = needs("sso-admin", "create_account_assignment", "delete_account_assignment", on=_ASSIGNMENT)

    def __init__(self) -> None:
        self._in_progress = InProgress()

    def lock(self, params: Mapping[str, str]) -> str:
        return f"sso:account:{params['account']}"

    def call_name(self, direction: Direction) -> str:
        return "CreateAccountAssignment" if direction == "apply" else "DeleteAccountAssignment"

    def look(self, aws: Caller, params: Mapping[str, str]) -> Seen:
        listing = {
            "InstanceArn": params["instance"],
            "AccountId": params["account"],
            "PermissionSetArn": params["permission_set"],
        }
        try:
            for assignment in pages(aws, "sso-admin", "list_account_assignments", "AccountAssignments", **listing):
                if (assignment["PrincipalType"], assignment["PrincipalId"]) == self._principal(params):
                    return Seen(Presence.PRESENT, {"by": "ListAccountAssignments"})
        except NotFound as missing:
            return gone(missing, "ListAccountAssignments")
        return Seen(Presence.ABSENT, {"by": "ListAccountAssignments"})

    def pending(self, aws: Caller, params: Mapping[str, str]) -> bool:
        """Whether AWS lists an unfinished operation on this thing (asked where an answer was lost)."""
        return any(
            self._same(self._described(aws, params["instance"], status["RequestId"], kind), params)
            for kind in _STATUS.values()
            for status in listed(aws, params["instance"], kind)
        )

    def send(self, aws: Caller, params: Mapping[str, str], direction: Direction) -> Started:
        verb, kind = ("create", "Creation") if direction == "apply" else ("delete", "Deletion")
        principal_type, principal = self._principal(params)
        answer = aws.mutate(
            "sso-admin",
            f"{verb}_account_assignment",
            InstanceArn=params["instance"],
            TargetId=params["account"],
            TargetType="AWS_ACCOUNT",
            PermissionSetArn=params["permission_set"],
            PrincipalType=principal_type,
            PrincipalId=principal,
        )
        status = answer[f"AccountAssignment{kind}Status"]
        done = status["Status"] == "SUCCEEDED"
        return accepted(answer, None if done else status["RequestId"])

    def over(self, aws: Caller, params: Mapping[str, str], operation: str, direction: Direction) -> bool:
        return not self._in_progress.has(aws, params["instance"], _STATUS[direction], operation)

    def poll(self, aws: Caller, params: Mapping[str, str], operation: str, direction: Direction) -> Progress:
        status = self._described(aws, params["instance"], operation, _STATUS[direction])
        if status["Status"] == "SUCCEEDED":
            return Progress("succeeded")
        if status["Status"] == "FAILED":
            return Progress("failed", status.get("FailureReason", ""))
        return Progress("in_progress")

    def unreachable(self, aws: Caller, params: Mapping[str, str]) -> Reason | None:
        """An account on its way out (PENDING_CLOSURE, SUSPENDED) is not gone: for 90 days it may come back."""
        try:
            account = aws.read("organizations", "describe_account", AccountId=params["account"])["Account"]
        except AwsError:
            return None
        status = account.get("State") or account["Status"]
        if status == "ACTIVE":
            return None
        return Reason("account_unreachable", {"account": params["account"], "status": status})

    def last_seen(self, params: Mapping[str, str], since: datetime) -> Presence | None:
        account = Account.objects.filter(pk=params["account"], assignments_seen_at__gt=since)
        if not account.exists():
            return None
        principal_type, principal = self._principal(params)
        assigned = Assignment.objects.filter(
            account_id=params["account"],
            permission_set_arn=params["permission_set"],
            principal_type=principal_type,
            principal_id=principal,
            absent_since=None,
        )
        return Presence.PRESENT if assigned.exists() else Presence.ABSENT

    def _principal(self, params: Mapping[str, str]) -> tuple[str, str]:
        """Its type as AWS spells it, and its id."""
        return "USER", params["principal"]

    def _described(self, aws: Caller, instance: str, request_id: str, kind: str) -> dict[str, Any]:
        answer = aws.read(
            "sso-admin",
            f"describe_account_assignment_{kind}_status",
            InstanceArn=instance,
            **{f"AccountAssignment{kind.capitalize()}RequestId": request_id},
        )
        status: dict[str, Any] = answer[f"AccountAssignment{kind.capitalize()}Status"]
        return status

    def _same(self, status: Mapping[str, Any], params: Mapping[str, str]) -> bool:
        return (status.get("TargetId"), status.get("PermissionSetArn"), status.get("PrincipalId")) == (
            params["account"],
            params["permission_set"],
            params["principal"],
        )


class AssignGroup(Assign):
    """The same for a group: ``principal`` is a group id."""

    name = ASSIGN_GROUP

    def _principal(self, params: Mapping[str, str]) -> tuple[str, str]:
        return "GROUP", params["principal"]


class AssignToNew(Assign):
    """A change: a group's assignment in an account that the same plan makes, as above; nothing of it ends."""

    name = ASSIGN_TO_NEW
    holds = False

    def _principal(self, params: Mapping[str, str]) -> tuple[str, str]:
        return "GROUP", params["principal"]


class Unassign(Assign):
    """A change: parameters as above, with ``principal_type`` (USER or GROUP). Nothing of it ends."""

    name = UNASSIGN
    holds = False

    def call_name(self, direction: Direction) -> str:
        return "DeleteAccountAssignment"

    def look(self, aws: Caller, params: Mapping[str, str]) -> Seen:
        seen = super().look(aws, params)
        there = seen.presence == Presence.PRESENT
        return Seen(Presence.ABSENT if there else Presence.PRESENT, seen.evidence)

    def send(self, aws: Caller, params: Mapping[str, str], direction: Direction) -> Started:
        return super().send(aws, params, "undo")

    def over(self, aws: Caller, params: Mapping[str, str], operation: str, direction: Direction) -> bool:
        return super().over(aws, params, operation, "undo")

    def poll(self, aws: Caller, params: Mapping[str, str], operation: str, direction: Direction) -> Progress:
        return super().poll(aws, params, operation, "undo")

    def _principal(self, params: Mapping[str, str]) -> tuple[str, str]:
        return params["principal_type"], params["principal"]
