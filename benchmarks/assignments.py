"""Identity Center in process, quick to ask about one account among a thousand. Needs Django set up."""

from __future__ import annotations

from typing import Any

from benchmarks.grants import SET
from benchmarks.in_process_door import InProcessAws

__all__ = ["Aws"]


class Aws(InProcessAws):
    """As ``InProcessAws``, with the assignments of each account apart, so that listing costs no time of its own."""

    def assign(self, account: str, person: str) -> None:
        self.assigned.add((account, SET, person))
        self._people.setdefault(account, set()).add(person)

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self._people: dict[str, set[str]] = {}

    def delete_account_assignment(self, **params: Any) -> dict[str, Any]:
        answer = super().delete_account_assignment(**params)
        self._people[params["TargetId"]].discard(params["PrincipalId"])
        return answer

    def list_account_assignments(self, **params: Any) -> dict[str, Any]:
        of = {"AccountId": params["AccountId"], "PermissionSetArn": params["PermissionSetArn"]}
        people = self._people.get(params["AccountId"], set())
        return {
            "AccountAssignments": [{**of, "PrincipalType": "USER", "PrincipalId": person} for person in sorted(people)]
        }
