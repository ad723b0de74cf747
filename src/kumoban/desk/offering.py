"""What the fields of a form offer from the estate, and what a name written in them may mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Manager, Q

from kumoban.desk.people import ops_members
from kumoban.estate.models import Account, Group, OrganizationalUnit, PermissionSet, Person, Team, searchable

__all__ = ["PAGE", "by_name", "offered_to_operations"]

#: so many are offered at once; more are found by narrowing down
PAGE = 60

#: where each source is found, the column of its name and that of its value
_NAMED: dict[str, tuple[Manager[Any], str, str]] = {
    "people": (Person.objects, "user_name", "id"),
    "accounts": (Account.objects, "name", "id"),
    "permission_sets": (PermissionSet.objects, "name", "arn"),
    "groups": (Group.objects, "name", "id"),
    "units": (OrganizationalUnit.objects, "name_path", "id"),
    "teams": (Team.objects, "name", "slug"),
}


def offered_to_operations(
    source: str, person: Person, query: str, *, disabled_people: bool = False, closed_accounts: bool = True
) -> list[tuple[str, str, str]]:
    """A page of all there is, as (value, label, hint): operations may see everything; nobody else is offered any.

    ``source``: people, accounts, permission_sets, groups, units, teams or environments; of others there is nothing.
    """
    if person.id not in {member.id for member in ops_members()}:
        return []
    match source:
        case "people":
            return _people(query, disabled_people)
        case "accounts":
            return _accounts(query, closed_accounts)
        case "permission_sets":
            sets = PermissionSet.objects.filter(absent_since=None, search__contains=searchable(query))
            return list(sets.order_by("name").values_list("arn", "name", "description")[:PAGE])
        case "groups":
            wanted = Q(name__icontains=query) | Q(description__icontains=query) | Q(id=query)
            groups = Group.objects.filter(wanted, absent_since=None)
            return list(groups.order_by("name").values_list("id", "name", "description")[:PAGE])
        case "units":
            units = OrganizationalUnit.objects.filter(Q(name_path__icontains=query) | Q(id=query), absent_since=None)
            return [(found.id, found.name_path or found.name, "") for found in units.order_by("name_path")[:PAGE]]
        case "teams":
            teams = Team.objects.filter(Q(slug__icontains=query) | Q(name__icontains=query), absent_since=None)
            return list(teams.order_by("slug").values_list("slug", "name", "slug")[:PAGE])
        case "environments":
            known = Account.objects.filter(absent_since=None).exclude(environment="").order_by("environment")
            return [(word, word, "") for word in known.values_list("environment", flat=True).distinct()]
        case _:
            return []


def _people(query: str, disabled: bool) -> list[tuple[str, str, str]]:
    people = Person.objects.filter(Q(search__contains=searchable(query)) | Q(id=query), absent_since=None)
    if not disabled:
        people = people.filter(enabled=True)
    return list(people.order_by("user_name").values_list("id", "display_name", "user_name")[:PAGE])


def _accounts(query: str, closed: bool) -> list[tuple[str, str, str]]:
    accounts = Account.objects.filter(absent_since=None, search__contains=searchable(query))
    if not closed:
        accounts = accounts.filter(status="ACTIVE")
    page = accounts.select_related("ou").order_by("name")[:PAGE]
    return [(found.id, found.name, found.ou.name_path if found.ou else "") for found in page]


def by_name(source: str, names: Sequence[str]) -> dict[str, list[str]]:
    """What stands in front of people, not ids: people by user name, units by path, everything else by name."""
    columns = _NAMED.get(source)
    if columns is None:
        return {}
    rows, name_column, value_column = columns
    there = rows.filter(absent_since=None, **{f"{name_column}__in": names})
    found: dict[str, list[str]] = {}
    for name, key in there.values_list(name_column, value_column):
        found.setdefault(name, []).append(key)
    return found
