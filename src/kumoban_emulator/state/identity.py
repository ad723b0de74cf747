"""The identity store: users, groups, memberships."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

__all__ = ["Group", "IdentityStore", "Membership", "User"]


@dataclass
class User:
    """``attributes`` are the modelled members as given (UserName, Name, Emails, …)."""

    id: str
    attributes: dict[str, Any]
    extensions: dict[str, dict[str, Any]] = field(default_factory=dict)
    created: float = 0.0
    updated: float = 0.0
    created_by: str = ""
    updated_by: str = ""
    revision: int = 1
    enabled: bool = True

    @property
    def user_name(self) -> str:
        return str(self.attributes.get("UserName", ""))


@dataclass
class Group:
    id: str
    attributes: dict[str, Any]
    created: float = 0.0
    updated: float = 0.0
    created_by: str = ""
    updated_by: str = ""
    revision: int = 1

    @property
    def name(self) -> str:
        return str(self.attributes.get("DisplayName", ""))


@dataclass(frozen=True)
class Membership:
    id: str
    group: str
    user: str
    created: float
    created_by: str


@dataclass
class IdentityStore:
    id: str
    owner: str
    users: dict[str, User] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    memberships: dict[str, Membership] = field(default_factory=dict)
    #: from where the store may be asked, as it was given (kept, not enforced)
    network: dict[str, Any] = field(default_factory=dict)
    #: names (case folded) → id, and back
    _by_name: dict[str, str] = field(default_factory=dict)
    _by_group_name: dict[str, str] = field(default_factory=dict)
    _name_of: dict[str, str] = field(default_factory=dict)
    _of_user: dict[str, dict[str, str]] = field(default_factory=dict)
    _of_group: dict[str, dict[str, str]] = field(default_factory=dict)

    def put_user(self, user: User) -> User:
        self.users[user.id] = user
        self._rename(self._by_name, user.id, user.user_name)
        return user

    def put_group(self, group: Group) -> Group:
        self.groups[group.id] = group
        self._rename(self._by_group_name, group.id, group.name)
        return group

    def put_membership(self, membership: Membership) -> Membership:
        self.memberships[membership.id] = membership
        self._of_user.setdefault(membership.user, {})[membership.group] = membership.id
        self._of_group.setdefault(membership.group, {})[membership.user] = membership.id
        return membership

    def drop_user(self, user: str) -> None:
        for membership in list(self._of_user.get(user, {}).values()):
            self.drop_membership(membership)
        self._rename(self._by_name, user, "")
        self.users.pop(user, None)

    def drop_group(self, group: str) -> None:
        for membership in list(self._of_group.get(group, {}).values()):
            self.drop_membership(membership)
        self._rename(self._by_group_name, group, "")
        self.groups.pop(group, None)

    def drop_membership(self, membership_id: str) -> None:
        membership = self.memberships.pop(membership_id)
        self._of_user[membership.user].pop(membership.group, None)
        self._of_group[membership.group].pop(membership.user, None)

    def knows(self, kind: str, principal: str) -> bool:
        """``USER`` or ``GROUP``"""
        return principal in (self.users if kind == "USER" else self.groups)

    def user_named(self, name: str) -> User | None:
        return self.users.get(self._by_name.get(name.casefold(), ""))

    def group_named(self, name: str) -> Group | None:
        return self.groups.get(self._by_group_name.get(name.casefold(), ""))

    def membership(self, group: str, user: str) -> Membership | None:
        return self.memberships.get(self._of_group.get(group, {}).get(user, ""))

    def members(self, group: str) -> list[Membership]:
        return [self.memberships[found] for found in self._of_group.get(group, {}).values()]

    def groups_of(self, user: str) -> list[Membership]:
        return [self.memberships[found] for found in self._of_user.get(user, {}).values()]

    def _rename(self, index: dict[str, str], owner: str, name: str) -> None:
        index.pop(self._name_of.pop(owner, ""), None)
        if name:
            index[name.casefold()] = owner
            self._name_of[owner] = name.casefold()
