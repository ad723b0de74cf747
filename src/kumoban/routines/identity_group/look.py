"""What the identity store has: from estate rows for a page, from AWS right before applying; one type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kumoban.aws.door import door
from kumoban.desk.models import Hold, Rule
from kumoban.desk.routine import Asked
from kumoban.desk.states import IN_FORCE, HoldState
from kumoban.estate.identity_source import externally_kept
from kumoban.estate.models import Group, Membership, Organization, Person
from kumoban.estate.scan import find_group, refresh_group, scan_assignments_of
from kumoban.routines.identity_group.form import IdentityGroupForm
from kumoban.services.identity_center import Assigned, assigned_to

__all__ = ["Seen", "look"]


@dataclass(frozen=True)
class Seen:
    """``people`` by id: those who join, leave, or are members; ``named``: the group that has the wanted name."""

    organization: Organization
    external: bool
    group: Group | None
    named: Group | None
    people: Mapping[str, Person]
    members: frozenset[str]
    assigned: Sequence[Assigned]
    #: rules in which the group asks or approves
    rules: Sequence[str]
    #: requests by which the group holds something
    holding: Sequence[str]


def look(form: IdentityGroupForm, asked: Asked, *, live: bool, request: str = "") -> Seen:
    """Raises AwsError where ``live`` and AWS cannot be read."""
    if live:
        _refresh(form, request)
    group = Group.objects.filter(pk=form.group).first() if form.group else None
    members = _members(group)
    wanted = {*form.members, *form.members_to_remove, *members}
    return Seen(
        Organization.objects.get(),
        externally_kept(),
        group,
        Group.objects.filter(name=form.name, absent_since=None).first() if form.name else None,
        {person.id: person for person in Person.objects.filter(pk__in=wanted, absent_since=None)},
        members,
        assigned_to(group) if group and form.act == "remove" else (),
        _rules(group) if group and form.act == "remove" else (),
        _holding(group) if group else (),
    )


def _refresh(form: IdentityGroupForm, request: str) -> None:
    aws = door().open(f"kumoban-{request}")
    if form.name:
        find_group(aws, form.name)
    if form.group:
        refresh_group(aws, form.group)
        if form.act == "remove" and Group.objects.filter(pk=form.group, absent_since=None).exists():
            scan_assignments_of(aws, "GROUP", form.group)


def _members(group: Group | None) -> frozenset[str]:
    if group is None:
        return frozenset()
    rows = Membership.objects.filter(group_id=group.id, absent_since=None)
    return frozenset(rows.values_list("person_id", flat=True))


def _rules(group: Group) -> list[str]:
    """Names of enabled rules that speak of the group."""
    return [
        rule.name
        for rule in Rule.objects.filter(enabled=True).order_by("id")
        if group.id in rule.who.get("groups", ()) or any(one.get("group") == group.id for one in rule.approvers)
    ]


def _holding(group: Group) -> list[str]:
    held = Hold.objects.filter(key__startswith=f"sso:{group.id}:", state__in=[*IN_FORCE, HoldState.APPROVED])
    return sorted(set(held.values_list("request__number", flat=True)))
