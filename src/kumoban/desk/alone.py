"""What a person may activate alone in an emergency: bounded by rules, and shown before it is needed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from kumoban.core.reason import Reason
from kumoban.desk.matching import EVERYTHING, Facts, own_teams, speaks_of
from kumoban.desk.models import Rule
from kumoban.desk.people import groups_of, members_of
from kumoban.desk.planning import barred_by_review
from kumoban.desk.qualified import unmet
from kumoban.desk.routine import Routine, routine_of
from kumoban.desk.rules import accounts_for, days_afterwards, for_emergencies, longest_of, sets_in
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
    accounts = list(accounts_for(mine))
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
    allowed = {account.name: set(sets_in(rule, account, person, facts)) for account in accounts}
    covered = tuple(name for name, arns in allowed.items() if arns)
    if "account" in named and not covered:
        return None
    patterns = set().union(*allowed.values())
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
