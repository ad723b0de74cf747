"""What the identity store has: from estate rows for a page, from AWS right before applying; one type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kumoban.aws.door import door
from kumoban.desk.models import Hold
from kumoban.desk.routine import Asked
from kumoban.desk.states import IN_FORCE, HoldState
from kumoban.estate.identity_source import externally_kept
from kumoban.estate.models import Group, Membership, Organization, Person
from kumoban.estate.scan import find_person, refresh_person, scan_assignments_of
from kumoban.routines.identity_user.form import IdentityUserForm
from kumoban.routines.identity_user.table import Table, read_table
from kumoban.services.identity_center import Assigned, assigned_to

__all__ = ["Seen", "look"]


@dataclass(frozen=True)
class Seen:
    """``taken`` are the user names and addresses in use, casefolded, by user id; ``groups`` by id."""

    organization: Organization
    #: users are made in the company's own directory, and arrive by SCIM
    external: bool
    person: Person | None
    table: Table
    taken: Mapping[str, str]
    groups: Mapping[str, Group]
    named_groups: Mapping[str, Group] = field(default_factory=dict)
    member_of: Sequence[Group] = ()
    assigned: Sequence[Assigned] = ()
    #: numbers of the requests by which the person holds something now, or soon will
    holding: Sequence[str] = ()


def look(form: IdentityUserForm, asked: Asked, *, live: bool, request: str = "") -> Seen:
    """Raises AwsError where ``live`` and AWS cannot be read."""
    table = read_table(form.table) if form.act == "import" and form.table else Table()
    if live:
        _refresh(form, table, request)
    person = Person.objects.filter(pk=form.person).first() if form.person else None
    wanted = {*form.groups, *form.groups_to_leave}
    names = {name for row in table.rows for name in row.groups}
    named = {group.name: group for group in Group.objects.filter(name__in=names, absent_since=None)}
    return Seen(
        Organization.objects.get(),
        externally_kept(),
        person,
        table,
        _taken(form, table),
        {group.id: group for group in Group.objects.filter(pk__in=wanted, absent_since=None)},
        named,
        *(_along(person) if person else ()),
    )


def _refresh(form: IdentityUserForm, table: Table, request: str) -> None:
    aws = door().open(f"kumoban-{request}")
    names = [row.attributes["user_name"] for row in table.rows] if table.rows else [form.user_name]
    for name in names:
        if name:
            find_person(aws, name)
    if form.person:
        refresh_person(aws, form.person)
        if form.act == "remove" and Person.objects.filter(pk=form.person, absent_since=None).exists():
            scan_assignments_of(aws, "USER", form.person)


def _taken(form: IdentityUserForm, table: Table) -> dict[str, str]:
    """Compared without case, as AWS compares."""
    if form.act == "remove":
        return {}
    people = Person.objects.filter(absent_since=None).values_list("id", "user_name", "email")
    return {
        value.casefold(): key for key, user_name, email in people.iterator() for value in (email, user_name) if value
    }


def _along(person: Person) -> tuple[Sequence[Group], Sequence[Assigned], Sequence[str]]:
    """What goes with them: groups, assignments of their own, and requests in force."""
    groups = Membership.objects.filter(person_id=person.id, absent_since=None).values("group_id")
    member_of = list(Group.objects.filter(pk__in=groups, absent_since=None).order_by("name"))
    held = Hold.objects.filter(person=person, state__in=[*IN_FORCE, HoldState.APPROVED])
    return member_of, assigned_to(person), sorted(set(held.values_list("request__number", flat=True)))
