"""What a person may activate alone in an emergency: bounded by rules, and shown before it is needed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from kumoban.core.reason import Reason
from kumoban.desk.matching import EVERYTHING, Facts, account_matches, own_teams, speaks_of
from kumoban.desk.models import Rule
from kumoban.desk.people import groups_of, members_of
from kumoban.desk.planning import barred_by_review
from kumoban.desk.qualified import unmet
from kumoban.desk.routine import Routine, routine_of
from kumoban.desk.rules import days_afterwards, for_emergencies, longest_of
from kumoban.estate.models import Account, Group, PermissionSet, Person

__all__ = ["Alone", "alone", "told_by", "told_names"]

_GROUP, _PERSON = "group:", "person:"


@dataclass(frozen=True)
class Alone:
    """One rule that lets this person act before anybody approves. ``accounts``: all of them, by name."""

    rule: Rule
    routine: Routine
    accounts: tuple[str, ...]
    #: empty: every permission set
    permission_sets: tuple[str, ...]
    longest: timedelta
    #: business days for the approval afterwards, and from the end for the review
    days: int
    #: who hears of it at once
    told: tuple[str, ...]
    #: what has to be done before it is open to this person
    unmet: tuple[Reason, ...] = ()


def alone(person: Person) -> tuple[list[Alone], str]:
    """The bounded set, and the number of the request whose overdue review locks it (empty: it is not locked)."""
    every = Rule.objects.filter(enabled=True, effect=Rule.Effect.ALLOW).order_by("name", "id")
    groups = {person.id: groups_of(person.id)}
    facts = Facts(groups, {}, own_teams(groups))
    mine = [rule for rule in every if for_emergencies(rule) and speaks_of(rule, person, facts)]
    if not mine:
        return [], ""
    read = ("id", "name", "environment", "team", "ou__id_path")
    there = Account.objects.filter(absent_since=None, status="ACTIVE").select_related("ou").only(*read)
    accounts = list(there.order_by("name"))
    facts = Facts(groups, {account.id: account for account in accounts}, facts.teams)
    sets = dict(PermissionSet.objects.filter(absent_since=None).values_list("arn", "name"))
    found = [one for rule in mine if (one := _of(rule, person, facts, accounts, sets))]
    locked = barred_by_review([person.id])
    return found, str(locked.params["request"]) if locked else ""


def _of(rule: Rule, person: Person, facts: Facts, accounts: Iterable[Account], sets: Mapping[str, str]) -> Alone | None:
    routine = routine_of(rule.routine)
    if routine is None:
        return None
    named = {dimension.name for dimension in routine.dimensions}
    covered = tuple(account.name for account in accounts if _covers(rule, account, person, facts))
    if "account" in named and not covered:
        return None
    patterns = rule.dimensions.get("permission_set", ())
    return Alone(
        rule,
        routine,
        covered if "account" in named else (),
        () if EVERYTHING in patterns else tuple(sorted(sets[arn] for arn in patterns if arn in sets)),
        longest_of(rule),
        days_afterwards(rule),
        told_names([rule]),
        unmet([rule], person, rule.routine).get(rule.pk, ()),
    )


def _covers(rule: Rule, account: Account, person: Person, facts: Facts) -> bool:
    where = rule.dimensions.get("account", ())
    environments = rule.dimensions.get("environment", (EVERYTHING,))
    return any(one == EVERYTHING or account_matches(one, account.id, person, facts) for one in where) and any(
        one in (EVERYTHING, account.environment) for one in environments
    )


def told_by(rules: Iterable[Rule]) -> set[str]:
    """The ids of everybody whom these rules name to be told at once, their groups' members of this moment."""
    named = list(_named(rules))
    groups = members_of(one.removeprefix(_GROUP) for one in named if one.startswith(_GROUP))
    return {one.removeprefix(_PERSON) for one in named if one.startswith(_PERSON)}.union(*groups.values())


def told_names(rules: Iterable[Rule]) -> tuple[str, ...]:
    """The same, as they are called: groups and people."""
    named = list(_named(rules))
    groups = Group.objects.filter(id__in=[one.removeprefix(_GROUP) for one in named], absent_since=None)
    people = Person.objects.filter(id__in=[one.removeprefix(_PERSON) for one in named], absent_since=None)
    names = {**{one.id: one.description or one.name for one in groups}, **{one.id: one.display_name for one in people}}
    return tuple(names[key] for one in named if (key := one.partition(":")[2]) in names)


def _named(rules: Iterable[Rule]) -> Iterator[str]:
    yield from dict.fromkeys(str(one) for rule in rules for one in rule.limits.get("tells", ()))
