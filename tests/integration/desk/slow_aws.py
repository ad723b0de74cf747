"""Identity Center in process as it really is: slow, one operation an account, and failing when it likes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from benchmarks.in_process_door import InProcessAws
from kumoban.aws.credentials import SessionKey
from kumoban.aws.errors import AnswerLost, Conflict, NotFound, Throttled

__all__ = ["Key", "Operation", "SlowAws"]

#: account, permission set, person
Key = tuple[str, str, str]
_MUTATING = {"create_account_assignment": "creation", "delete_account_assignment": "deletion"}


@dataclass
class Operation:
    """One asynchronous operation; it completes when it was asked about ``polls`` times, or when time goes by."""

    id: str
    kind: str
    key: Key
    polls: int
    fails: bool
    status: str = "IN_PROGRESS"


class SlowAws(InProcessAws):
    """``arrived`` are all mutating calls that came, also refused ones; ``seen`` what a look was ever shown."""

    def __init__(self) -> None:
        super().__init__()
        self.arrived: list[tuple[str, Key]] = []
        self.seen: set[Key] = set()
        self.operations: dict[str, Operation] = {}
        #: operation name → faults still to come: throttle, refused_5xx, lost
        self.faults: dict[str, list[str]] = {}
        #: how often the next operations must be asked about, and which of them FAIL
        self.polls = 1
        self.failing = 0
        #: accounts in which somebody else's operation is under way
        self.busy: set[str] = set()

    # --- what the world does

    def settle(self) -> None:
        """Time goes by: whatever was begun completes, also other people's operations."""
        self.busy.clear()
        for operation in self.operations.values():
            self._complete(operation)

    def forget_faults(self) -> None:
        self.faults.clear()
        self.failing, self.polls = 0, 1

    # --- calls

    def __call__(self, service: str, operation: str, session: SessionKey, params: dict[str, Any]) -> dict[str, Any]:
        kind = _MUTATING.get(operation)
        if kind:
            self.arrived.append((kind, _key(params)))
        waiting = self.faults.get(operation)
        fault = waiting.pop(0) if waiting else ""
        if fault == "throttle":
            raise Throttled("ThrottlingException", "Rate exceeded")
        if fault == "refused_5xx":
            raise AnswerLost("InternalServerException")
        answer = super().__call__(service, operation, session, params)
        if fault == "lost":
            raise AnswerLost("ReadTimeout")
        return answer

    def create_account_assignment(self, **params: Any) -> dict[str, Any]:
        return {"AccountAssignmentCreationStatus": self._begin("creation", _key(params))}

    def delete_account_assignment(self, **params: Any) -> dict[str, Any]:
        key = _key(params)
        self._refuse_while_busy(key[0])
        if key not in self.assigned:
            raise NotFound("ResourceNotFoundException")
        return {"AccountAssignmentDeletionStatus": self._begin("deletion", key)}

    def list_account_assignments(self, **params: Any) -> dict[str, Any]:
        answer = super().list_account_assignments(**params)
        self.seen |= {
            (row["AccountId"], row["PermissionSetArn"], row["PrincipalId"]) for row in answer["AccountAssignments"]
        }
        return answer

    def describe_account_assignment_creation_status(self, **params: Any) -> dict[str, Any]:
        return {"AccountAssignmentCreationStatus": self._asked(params["AccountAssignmentCreationRequestId"])}

    def describe_account_assignment_deletion_status(self, **params: Any) -> dict[str, Any]:
        return {"AccountAssignmentDeletionStatus": self._asked(params["AccountAssignmentDeletionRequestId"])}

    def list_account_assignment_creation_status(self, **params: Any) -> dict[str, Any]:
        return {"AccountAssignmentsCreationStatus": self._pending("creation")}

    def list_account_assignment_deletion_status(self, **params: Any) -> dict[str, Any]:
        return {"AccountAssignmentsDeletionStatus": self._pending("deletion")}

    # --- inside

    def _begin(self, kind: str, key: Key) -> dict[str, Any]:
        self._refuse_while_busy(key[0])
        name = f"op-{len(self.operations) + 1}"
        made = Operation(name, kind, key, self.polls, self.failing > 0)
        self.failing = max(0, self.failing - 1)
        self.operations[name] = made
        return _status(made)

    def _refuse_while_busy(self, account: str) -> None:
        begun = any(found.key[0] == account and found.status == "IN_PROGRESS" for found in self.operations.values())
        if begun or account in self.busy:
            raise Conflict("ConflictException", f"Another operation is in progress for account {account}.")

    def _asked(self, name: str) -> dict[str, Any]:
        operation = self.operations[name]
        operation.polls -= 1
        if operation.polls <= 0:
            self._complete(operation)
        return _status(operation)

    def _complete(self, operation: Operation) -> None:
        if operation.status != "IN_PROGRESS":
            return
        operation.status = "FAILED" if operation.fails else "SUCCEEDED"
        if not operation.fails:
            change = self.assigned.add if operation.kind == "creation" else self.assigned.discard
            change(operation.key)

    def _pending(self, kind: str) -> list[dict[str, Any]]:
        for found in self.operations.values():
            if found.kind == kind:
                self._asked(found.id)
        return [
            {"Status": found.status, "RequestId": found.id}
            for found in self.operations.values()
            if found.kind == kind and found.status == "IN_PROGRESS"
        ]


def _key(params: dict[str, Any]) -> Key:
    return params["TargetId"], params["PermissionSetArn"], params["PrincipalId"]


def _status(operation: Operation) -> dict[str, Any]:
    account, arn, person = operation.key
    answer = {
        "Status": operation.status,
        "RequestId": operation.id,
        "TargetId": account,
        "PermissionSetArn": arn,
        "PrincipalId": person,
    }
    return {**answer, "FailureReason": "Received a 404 status error"} if operation.status == "FAILED" else answer
