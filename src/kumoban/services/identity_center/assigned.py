"""What is assigned to somebody, or to a group, that is about to go; and the steps that take it away first."""

from __future__ import annotations

from dataclasses import dataclass

from kumoban.core.plan import PlannedStep
from kumoban.core.reason import Reason
from kumoban.estate.models import Account, Assignment, Group, PermissionSet, Person
from kumoban.services.identity_center.assign import UNASSIGN, assignment_thing

__all__ = ["Assigned", "assigned_to", "unassigning"]


@dataclass(frozen=True)
class Assigned:
    """A permission set in one account, assigned to the principal itself (not through a group)."""

    account: Account
    permission_set: str
    permission_set_name: str


def assigned_to(principal: Person | Group) -> list[Assigned]:
    """From estate rows."""
    rows = Assignment.objects.filter(
        principal_type=_type_of(principal), principal_id=principal.id, absent_since=None
    ).order_by("account_id", "permission_set_arn")
    found = list(rows)
    accounts = Account.objects.in_bulk([row.account_id for row in found])
    sets = dict(PermissionSet.objects.values_list("arn", "name"))
    return [
        Assigned(accounts[row.account_id], row.permission_set_arn, sets.get(row.permission_set_arn, ""))
        for row in found
        if row.account_id in accounts
    ]


def unassigning(one: Assigned, principal: Person | Group, instance: str) -> PlannedStep:
    """The routine says what ``unassign`` means in its texts. ``instance``: ARN."""
    called = principal.display_name if isinstance(principal, Person) else principal.name
    said = {"person": called, "permission_set": one.permission_set_name, "account": one.account.name}
    return PlannedStep(
        action=UNASSIGN,
        title=Reason("unassign", said),
        params={
            "instance": instance,
            "account": one.account.id,
            "permission_set": one.permission_set,
            "principal_type": _type_of(principal),
            "principal": principal.id,
        },
        account=one.account.id,
        thing=assignment_thing(principal.id, one.account.id, one.permission_set),
        person=principal.id if isinstance(principal, Person) else None,
    )


def _type_of(principal: Person | Group) -> str:
    return "USER" if isinstance(principal, Person) else "GROUP"
