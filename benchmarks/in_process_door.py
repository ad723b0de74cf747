"""An in-process end of the door: Identity Center's calls answered from a dictionary, after a chosen time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from kumoban.aws.credentials import SessionKey
from kumoban.aws.errors import AnswerLost, NotFound

INSTANCE = "arn:aws:sso:::instance/ssoins-7223000000000000"


class NodeDied(BaseException):
    """Stands for kill -9: AWS may have done it, but nobody is there to hear."""


class InProcessAws:
    """Answers synchronously (a deletion is SUCCEEDED at once). ``calls`` counts by operation."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self.assigned: set[tuple[str, str, str]] = set()
        self.sets: dict[str, dict[str, Any]] = {}
        self.members: dict[str, set[str]] = {}
        self.calls: dict[str, int] = {}
        self.answers: list[tuple[str, str, float]] = []
        self.lose: dict[str, int] = {}
        #: errors to raise, one a call, instead of answering an operation
        self.refuse: dict[str, list[Exception]] = {}
        #: what happens right before an operation is answered or refused
        self.before: dict[str, Callable[[], object]] = {}
        self.before_every: dict[str, Callable[[], object]] = {}
        #: of every account
        self.tags = {"Team": "payments", "Environment": "prod"}
        #: accounts that are not ACTIVE
        self.statuses: dict[str, str] = {}
        #: from this many calls on no answer comes back any more: the node that made them is dead
        self.dead_from: int | None = None
        self._lock = threading.Lock()

    def __call__(self, service: str, operation: str, session: SessionKey, params: dict[str, Any]) -> dict[str, Any]:
        if self.seconds:
            time.sleep(self.seconds)
        with self._lock:
            self.calls[operation] = self.calls.get(operation, 0) + 1
            if self.dead_from is not None and sum(self.calls.values()) > self.dead_from:
                raise NodeDied
            if operation in self.before_every:
                self.before_every[operation]()
            if operation in self.before:
                self.before.pop(operation)()
            if self.refuse.get(operation):
                raise self.refuse[operation].pop(0)
            answer: dict[str, Any] = getattr(self, operation)(**params)
            if self.dead_from is not None and sum(self.calls.values()) == self.dead_from:
                raise NodeDied
            if self.lose.get(operation, 0) > 0:
                self.lose[operation] -= 1
                raise AnswerLost("ReadTimeout")
            return {"ResponseMetadata": {"RequestId": f"req-{sum(self.calls.values())}"}, **answer}

    def create_account_assignment(self, **p: Any) -> dict[str, Any]:
        self.assigned.add((p["TargetId"], p["PermissionSetArn"], p["PrincipalId"]))
        return {"AccountAssignmentCreationStatus": {"Status": "SUCCEEDED", "RequestId": "c"}}

    def delete_account_assignment(self, **p: Any) -> dict[str, Any]:
        key = (p["TargetId"], p["PermissionSetArn"], p["PrincipalId"])
        if key not in self.assigned:
            raise NotFound("ResourceNotFoundException")
        self.assigned.discard(key)
        self.answers.append((p["TargetId"], p["PrincipalId"], time.time()))
        return {"AccountAssignmentDeletionStatus": {"Status": "SUCCEEDED", "RequestId": "d"}}

    def list_account_assignments(self, **p: Any) -> dict[str, Any]:
        found = [
            {"AccountId": account, "PermissionSetArn": arn, "PrincipalType": "USER", "PrincipalId": person}
            for account, arn, person in self.assigned
            if (account, arn) == (p["AccountId"], p["PermissionSetArn"])
        ]
        return {"AccountAssignments": found}

    def list_account_assignment_creation_status(self, **p: Any) -> dict[str, Any]:
        return {"AccountAssignmentsCreationStatus": []}

    def list_account_assignment_deletion_status(self, **p: Any) -> dict[str, Any]:
        return {"AccountAssignmentsDeletionStatus": []}

    def list_permission_sets_provisioned_to_account(self, **p: Any) -> dict[str, Any]:
        return {"PermissionSets": sorted(self.sets)}

    def describe_account(self, **p: Any) -> dict[str, Any]:
        return {"Account": {"Id": p["AccountId"], "Status": self.statuses.get(p["AccountId"], "ACTIVE")}}

    def list_parents(self, **p: Any) -> dict[str, Any]:
        return {"Parents": [{"Id": "ou-prod", "Type": "ORGANIZATIONAL_UNIT"}]}

    def list_tags_for_resource(self, **p: Any) -> dict[str, Any]:
        return {"Tags": [{"Key": key, "Value": value} for key, value in self.tags.items()]}

    def list_group_memberships_for_member(self, **p: Any) -> dict[str, Any]:
        person = p["MemberId"]["UserId"]
        return {"GroupMemberships": [{"GroupId": group} for group, people in self.members.items() if person in people]}

    def describe_permission_set(self, **p: Any) -> dict[str, Any]:
        return {"PermissionSet": self.sets[p["PermissionSetArn"]]}

    def list_managed_policies_in_permission_set(self, **p: Any) -> dict[str, Any]:
        return {"AttachedManagedPolicies": [{"Arn": arn} for arn in self.sets[p["PermissionSetArn"]]["_managed"]]}

    def list_customer_managed_policy_references_in_permission_set(self, **p: Any) -> dict[str, Any]:
        return {"CustomerManagedPolicyReferences": []}

    def get_inline_policy_for_permission_set(self, **p: Any) -> dict[str, Any]:
        return {"InlinePolicy": ""}

    def get_permissions_boundary_for_permission_set(self, **p: Any) -> dict[str, Any]:
        raise NotFound("ResourceNotFoundException")
