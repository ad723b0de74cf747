"""The organisation: accounts in a tree of organisational units, delegations, policies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

FULL_ACCESS = "p-FullAWSAccess"

__all__ = ["FULL_ACCESS", "Account", "Creation", "Organization", "Policy", "Unit"]


@dataclass
class Account:
    id: str
    name: str
    email: str
    parent: str
    joined: float
    tags: dict[str, str] = field(default_factory=dict)
    status: str = "ACTIVE"
    joined_by: str = "CREATED"


@dataclass
class Unit:
    id: str
    name: str
    parent: str
    tags: dict[str, str] = field(default_factory=dict)


@dataclass
class Creation:
    """A request to create an account; ``due`` is emulated time."""

    id: str
    account: Account
    requested: float
    due: float
    failure: str = ""
    state: str = "IN_PROGRESS"
    completed: float | None = None


@dataclass
class Policy:
    id: str
    name: str
    description: str
    kind: str
    content: str
    aws_managed: bool = False
    tags: dict[str, str] = field(default_factory=dict)
    targets: set[str] = field(default_factory=set)


@dataclass
class Organization:
    id: str
    management: str
    root: str
    accounts: dict[str, Account] = field(default_factory=dict)
    units: dict[str, Unit] = field(default_factory=dict)
    root_tags: dict[str, str] = field(default_factory=dict)
    #: service principal → account → wall time of the delegation
    delegated: dict[str, dict[str, float]] = field(default_factory=dict)
    #: service principal → wall time at which trusted access was enabled
    trusted: dict[str, float] = field(default_factory=dict)
    creations: dict[str, Creation] = field(default_factory=dict)
    #: account → emulated time at which its closure completes
    closing: dict[str, float] = field(default_factory=dict)
    policies: dict[str, Policy] = field(default_factory=dict)
    policy_types: set[str] = field(default_factory=lambda: {"SERVICE_CONTROL_POLICY", "TAG_POLICY"})

    def exists(self, parent: str) -> bool:
        return parent == self.root or parent in self.units

    def units_below(self, parent: str) -> list[Unit]:
        return [unit for unit in self.units.values() if unit.parent == parent]

    def accounts_below(self, parent: str) -> list[Account]:
        return [account for account in self.accounts.values() if account.parent == parent]

    def path(self, node: str) -> list[str]:
        """The ids from the root down to an account or unit, itself included."""
        found = [node]
        parent = (
            self.accounts[node].parent
            if node in self.accounts
            else self.units[node].parent
            if node in self.units
            else ""
        )
        while parent:
            found.append(parent)
            parent = self.units[parent].parent if parent in self.units else ""
        return found[::-1]

    def is_delegated(self, account: str, service: str | None = None) -> bool:
        services = [service] if service else list(self.delegated)
        return any(account in self.delegated.get(name, {}) for name in services)

    def controls_on(self, account: str) -> Iterator[list[Policy]]:
        """The service control policies at each level above an account; the management account is exempt."""
        if account == self.management or account not in self.accounts:
            return
        controls = [policy for policy in self.policies.values() if policy.kind == "SERVICE_CONTROL_POLICY"]
        for node in self.path(account):
            attached = [policy for policy in controls if node in policy.targets]
            if attached:
                yield attached

    def permit_everything(self, node: str) -> None:
        """Attach FullAWSAccess, as AWS does to every new unit and account."""
        if FULL_ACCESS in self.policies:
            self.policies[FULL_ACCESS].targets.add(node)
