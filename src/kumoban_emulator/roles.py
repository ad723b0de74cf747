"""IAM roles the emulator knows by itself: the desk's, the organisation's, and those Identity Center makes.

Roles made through IAM live in moto; ``moto_bridge`` looks there when a role is not in this table.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Role", "RoleTable", "reserved_role_path"]


def reserved_role_path(region: str) -> str:
    """Source: Identity Center user guide, "Referencing permission sets in resource policies"."""
    return f"/aws-reserved/sso.amazonaws.com/{region}/"


@dataclass
class Role:
    account: str
    name: str
    role_id: str
    path: str = "/"
    description: str = ""
    #: ARNs (or account ids) that may assume the role
    trusts: tuple[str, ...] = ()
    managed: tuple[str, ...] = ()
    inline: dict[str, str] = field(default_factory=dict)
    boundary: str = ""
    max_session: int = 3600
    created: float = 0.0
    permission_set: str = ""

    @property
    def arn(self) -> str:
        return f"arn:aws:iam::{self.account}:role{self.path}{self.name}"

    @property
    def trust_policy(self) -> dict[str, Any]:
        statement: dict[str, Any] = {"Effect": "Allow", "Action": "sts:AssumeRole"}
        if self.permission_set:
            provider = f"arn:aws:iam::{self.account}:saml-provider/AWSSSO_0000000000000000_DO_NOT_DELETE"
            statement |= {"Action": ["sts:AssumeRoleWithSAML", "sts:TagSession"], "Principal": {"Federated": provider}}
        else:
            statement["Principal"] = {"AWS": list(self.trusts)}
        return {"Version": "2012-10-17", "Statement": [statement]}


class RoleTable:
    def __init__(self) -> None:
        self._roles: dict[tuple[str, str], Role] = {}

    def add(self, role: Role) -> Role:
        self._roles[role.account, role.name] = role
        return role

    def remove(self, account: str, name: str) -> None:
        self._roles.pop((account, name), None)

    def find(self, account: str, name: str) -> Role | None:
        return self._roles.get((account, name))

    def of_account(self, account: str) -> list[Role]:
        return [role for role in self._roles.values() if role.account == account]

    def __iter__(self) -> Iterator[Role]:
        return iter(tuple(self._roles.values()))
