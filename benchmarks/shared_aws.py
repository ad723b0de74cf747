"""Identity Center shared by processes: an assignment is a file, and every call leaves a line before it is lost.

A deletion takes effect half-way through its call, so that a killed process leaves both kinds of lost answers:
calls that AWS carried out and calls that never reached it. Needs Django set up.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.grants import SET
from benchmarks.in_process_door import InProcessAws
from kumoban.aws.credentials import SessionKey
from kumoban.aws.errors import NotFound

__all__ = ["Deletion", "SharedAws", "assign", "deletions"]


@dataclass(frozen=True)
class Deletion:
    """One event of a deletion call: ``sent``, ``done`` (AWS carried it out) or ``answered``."""

    event: str
    account: str
    person: str
    at: float


class SharedAws(InProcessAws):
    """As seen from one process, called ``name``."""

    def __init__(self, folder: Path, name: str, seconds: float) -> None:
        super().__init__()
        self._folder = folder
        self._half = seconds / 2
        self._log = os.open(folder / f"calls.{name}", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def __call__(self, service: str, operation: str, session: SessionKey, params: dict[str, Any]) -> dict[str, Any]:
        deletion = operation == "delete_account_assignment"
        if deletion:
            self._note("sent", params)
        time.sleep(self._half)
        answer = super().__call__(service, operation, session, params)
        if deletion:
            self._note("done", params)
        time.sleep(self._half)
        if deletion:
            self._note("answered", params)
        return answer

    def delete_account_assignment(self, **params: Any) -> dict[str, Any]:
        try:
            (_place(self._folder, params["TargetId"]) / params["PrincipalId"]).unlink()
        except FileNotFoundError as missing:
            raise NotFound("ResourceNotFoundException") from missing
        return {"AccountAssignmentDeletionStatus": {"Status": "SUCCEEDED", "RequestId": "d"}}

    def list_account_assignments(self, **params: Any) -> dict[str, Any]:
        of = {"AccountId": params["AccountId"], "PermissionSetArn": params["PermissionSetArn"]}
        people = os.listdir(_place(self._folder, params["AccountId"])) if params["PermissionSetArn"] == SET else []
        return {"AccountAssignments": [{**of, "PrincipalType": "USER", "PrincipalId": person} for person in people]}

    def _note(self, event: str, params: dict[str, Any]) -> None:
        os.write(self._log, f"{event} {params['TargetId']} {params['PrincipalId']} {time.time()!r}\n".encode())


def assign(folder: Path, account: str, person: str) -> None:
    place = _place(folder, account)
    place.mkdir(parents=True, exist_ok=True)
    (place / person).touch()


def deletions(folder: Path) -> list[Deletion]:
    """What every process noted, in no order."""
    lines = [line.split() for path in folder.glob("calls.*") for line in path.read_text().splitlines()]
    return [Deletion(event, account, person, float(at)) for event, account, person, at in lines]


def _place(folder: Path, account: str) -> Path:
    return folder / "assigned" / account
