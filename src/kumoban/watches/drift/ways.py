"""The ways somebody can have access that nobody asked the desk for: assignments, entitlements, IAM users."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count

from kumoban.desk.accounted import closed_since, held_things
from kumoban.estate.models import (
    Account,
    Assignment,
    Entitlement,
    Group,
    IamUser,
    Membership,
    PermissionSet,
    Person,
    Team,
)
from kumoban.services.identity_center import assignment_thing

__all__ = ["Names", "Way", "key_of", "unknown_ways"]

Way = Assignment | Entitlement | IamUser


def key_of(way: Way) -> str:
    match way:
        case Assignment():
            return assignment_thing(way.principal_id, way.account_id, way.permission_set_arn)
        case Entitlement():
            return f"entitlement:{way.pk}"
        case IamUser():
            return f"iam:{way.account_id}:{way.name}"


def unknown_ways() -> tuple[list[Way], Collection[str]]:
    """There, not adopted, not held by a grant, by account; and the keys of which only a newer look can tell."""
    open_accounts = Account.objects.filter(absent_since=None).values("id")
    unknown: dict[str, Any] = {"absent_since": None, "adopted_request": "", "account_id__in": open_accounts}
    held = held_things()
    assignments = Assignment.objects.filter(**unknown).iterator()
    found = {key: way for way in assignments if (key := key_of(way)) not in held}
    ended = closed_since(found.keys(), min(way.seen_at for way in found.values())) if found else {}
    unsure = {key for key, at in ended.items() if at >= found[key].seen_at}
    users = (user for user in IamUser.objects.filter(**unknown).iterator() if user.gives_access)
    ways: list[Way] = [way for key, way in found.items() if key not in unsure]
    ways += [*Entitlement.objects.filter(**unknown).iterator(), *users]
    return sorted(ways, key=lambda way: (way.account_id, key_of(way))), unsure


@dataclass(frozen=True)
class Names:
    """What the ids of some ways stand for, read once for all of them."""

    accounts: Mapping[str, Account]
    sets: Mapping[str, PermissionSet]
    people: Mapping[str, Person]
    groups: Mapping[str, Group]
    members: Mapping[str, int]
    teams: frozenset[str]

    @classmethod
    def of(cls, ways: Sequence[Way], told: Sequence[Way]) -> Names:
        """Of all ways the accounts; the rest of those only that are told one by one."""
        who = {way.principal_id for way in told if not isinstance(way, IamUser)}
        counted = Membership.objects.filter(group_id__in=who, absent_since=None).values_list("group_id")
        return cls(
            Account.objects.in_bulk({way.account_id for way in ways}),
            PermissionSet.objects.in_bulk({way.permission_set_arn for way in told if isinstance(way, Assignment)}),
            Person.objects.in_bulk(who),
            Group.objects.in_bulk(who),
            dict(counted.annotate(Count("id"))),
            frozenset(Team.objects.filter(absent_since=None).values_list("slug", flat=True)),
        )

    def team(self, account: str) -> str:
        """The account's team, where there is such a team."""
        slug = self.accounts[account].team
        return slug if slug in self.teams else ""

    def who(self, way: Assignment | Entitlement) -> str:
        person, group = self.people.get(way.principal_id), self.groups.get(way.principal_id)
        return (person.display_name if person else group.name if group else way.principal_id)[:120]
