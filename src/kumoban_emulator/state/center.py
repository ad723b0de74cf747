"""Identity Center: permission sets, who is assigned what where, and the operations under way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from kumoban_emulator.state.application import Application, TokenIssuer

__all__ = ["Center", "Content", "Operation", "PermissionSet", "Thing"]

_REMEMBERED = 5000
Kind = Literal["creation", "deletion", "provisioning"]


@dataclass(frozen=True)
class Content:
    """What a permission set gives: the part that has to be provisioned again after an edit."""

    session: str = "PT1H"
    relay_state: str = ""
    managed: tuple[tuple[str, str], ...] = ()  # (name, ARN)
    customer: tuple[tuple[str, str], ...] = ()  # (name, path)
    inline: str = ""
    boundary_managed: str = ""
    boundary_customer: tuple[str, str] | None = None


@dataclass
class PermissionSet:
    arn: str
    name: str
    description: str
    created: float
    content: Content = Content()
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Thing:
    """One assignment: who has which permission set where."""

    account: str
    permission_set: str
    principal_type: str
    principal: str


@dataclass
class Operation:
    """An asynchronous operation; ``due`` is emulated time, ``created`` wall time."""

    id: str
    kind: Kind
    accounts: tuple[str, ...]
    permission_set: str
    created: float
    due: float
    thing: Thing | None = None
    failure: str = ""
    status: str = "IN_PROGRESS"
    target: str = ""


@dataclass
class Center:
    instance: str
    name: str
    region: str
    owner: str
    created: float
    sets: dict[str, PermissionSet] = field(default_factory=dict)
    #: (account, permission set) → who, with the wall time of the assignment
    assigned: dict[tuple[str, str], dict[tuple[str, str], float]] = field(default_factory=dict)
    #: (account, permission set) → the content its role was last given
    provisioned: dict[tuple[str, str], Content] = field(default_factory=dict)
    operations: dict[str, Operation] = field(default_factory=dict)
    pending: dict[str, Operation] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    attributes: list[dict[str, object]] | None = None
    applications: dict[str, Application] = field(default_factory=dict)
    issuers: dict[str, TokenIssuer] = field(default_factory=dict)
    #: further regions → (wall time added, emulated time from which they are ACTIVE)
    regions: dict[str, tuple[float, float]] = field(default_factory=dict)
    #: client token of a creation → the ARN it made
    made: dict[str, str] = field(default_factory=dict)

    @property
    def short(self) -> str:
        """``ssoins-…``"""
        return self.instance.rsplit("/", 1)[-1]

    def has(self, thing: Thing) -> bool:
        who = self.assigned.get((thing.account, thing.permission_set), {})
        return (thing.principal_type, thing.principal) in who

    def assign(self, thing: Thing, when: float) -> None:
        """Add an assignment; the first of a permission set in an account provisions it there."""
        place = (thing.account, thing.permission_set)
        self.assigned.setdefault(place, {})[thing.principal_type, thing.principal] = when
        self.provisioned.setdefault(place, self.sets[thing.permission_set].content)

    def unassign(self, thing: Thing) -> None:
        """Remove an assignment; with the last one the permission set leaves the account."""
        place = (thing.account, thing.permission_set)
        who = self.assigned.get(place, {})
        who.pop((thing.principal_type, thing.principal), None)
        if not who:
            self.assigned.pop(place, None)
            self.provisioned.pop(place, None)

    def accounts_of(self, permission_set: str) -> list[str]:
        return [account for account, found in self.provisioned if found == permission_set]

    def sets_in(self, account: str) -> list[str]:
        return [found for where, found in self.provisioned if where == account]

    def set_named(self, name: str) -> PermissionSet | None:
        return next((found for found in self.sets.values() if found.name == name), None)

    def start(self, operation: Operation) -> Operation:
        """Begin an operation; the oldest finished ones are forgotten, as AWS forgets them after a while."""
        if len(self.operations) >= _REMEMBERED:
            for old in [name for name in self.operations if name not in self.pending][: _REMEMBERED // 10]:
                del self.operations[old]
        self.operations[operation.id] = self.pending[operation.id] = operation
        return operation

    def pending_in(self, account: str) -> Operation | None:
        return next((found for found in self.pending.values() if account in found.accounts), None)

    def outstanding(self) -> int:
        """Assignments being created or deleted; AWS takes 10 at most."""
        return sum(1 for found in self.pending.values() if found.kind != "provisioning")
