"""The world: everything the emulator holds by itself, and what time does to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from kumoban_emulator.keys import KeyTable
from kumoban_emulator.permissions import documents
from kumoban_emulator.roles import Role, RoleTable
from kumoban_emulator.state.center import Center
from kumoban_emulator.state.entitlement import Entitlements
from kumoban_emulator.state.guardduty import Detector, Member
from kumoban_emulator.state.iam_user import IamUser
from kumoban_emulator.state.identity import IdentityStore
from kumoban_emulator.state.organization import Account, Organization

__all__ = ["Failure", "Login", "Settings", "World"]

REGION = "ap-northeast-1"


@dataclass
class Failure:
    """The next ``times`` matching operations end FAILED."""

    times: int = 1
    account: str = ""
    operation: str = ""
    reason: str = "Received a 400 status error: injected by the emulator."


@dataclass
class Settings:
    """How Identity Center and Organizations behave; changed by admin calls."""

    creation_delay: float = 1.0
    deletion_delay: float = 1.0
    provisioning_delay: float = 1.0
    account_delay: float = 2.0
    closure_delay: float = 5.0
    membership_delay: float = 2.0
    enforce_limits: bool = True
    failures: list[Failure] = field(default_factory=list)

    def next_failure(self, operation: str, account: str) -> str:
        """The reason the operation is to fail with, consuming the rule; empty when it is to succeed."""
        for failure in self.failures:
            if failure.account in ("", account) and failure.operation in ("", operation):
                failure.times -= 1
                if failure.times <= 0:
                    self.failures.remove(failure)
                return failure.reason
        return ""


@dataclass(frozen=True)
class Login:
    """A session in the access portal; ``expires`` is emulated time."""

    token: str
    user: str
    expires: float


@dataclass
class World:
    scenario: str
    organization: Organization
    store: IdentityStore
    center: Center
    #: the account that runs Identity Center for the organisation
    delegate: str
    audit: str = ""
    region: str = REGION
    settings: Settings = field(default_factory=Settings)
    keys: KeyTable = field(default_factory=KeyTable)
    roles: RoleTable = field(default_factory=RoleTable)
    logins: dict[str, Login] = field(default_factory=dict)
    entitlements: Entitlements = field(default_factory=Entitlements)
    #: GuardDuty's, by account and Region
    detectors: dict[tuple[str, str], Detector] = field(default_factory=dict)
    #: in the member accounts, from before the desk
    iam_users: list[IamUser] = field(default_factory=list)
    #: user name → statements of the IAM users that have long-lived keys
    users: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def statements_of(self, role: Role) -> list[dict[str, Any]]:
        return documents(role.managed, role.inline.values())

    def enrol(self, detector: Detector, account: Account, when: float) -> None:
        """An account of the organisation becomes a member of its administrator's detector, a little later."""
        enabled = when + self.settings.membership_delay
        detector.members.setdefault(account.id, Member(account.id, account.email, when, enabled))

    def is_member(self, account: str) -> bool:
        found = self.organization.accounts.get(account)
        return found is not None and found.status == "ACTIVE"
