"""What is there now: from estate rows for a page, from AWS right before applying; one type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kumoban.aws.door import door
from kumoban.desk.models import Hold
from kumoban.desk.routine import Asked
from kumoban.desk.states import IN_FORCE, HoldState
from kumoban.estate.models import Account, Assignment, Group, Organization, PermissionSet, Person
from kumoban.estate.scan import refresh_group, refresh_person, scan_assignments, scan_permission_set
from kumoban.routines.permanent_access.form import PermanentAccessForm
from kumoban.services.identity_center import assignment_thing

__all__ = ["Seen", "look"]


@dataclass(frozen=True)
class Seen:
    """``assigned``: the accounts in which the principal has the set. ``holding``: by account, by which request."""

    organization: Organization
    group: Group | None
    person: Person | None
    owner: Person | None
    accounts: Mapping[str, Account]
    permission_set: PermissionSet | None
    assigned: frozenset[str]
    holding: Mapping[str, str]

    @property
    def principal(self) -> Group | Person | None:
        return self.group or self.person


def look(form: PermanentAccessForm, asked: Asked, *, live: bool, request: str = "") -> Seen:
    """Raises AwsError where ``live`` and AWS cannot be read."""
    if live:
        _refresh(form, request)
    group = Group.objects.filter(pk=form.group, absent_since=None).first() if form.group else None
    person = Person.objects.filter(pk=form.person, absent_since=None).first() if form.person else None
    principal = form.group or form.person or ""
    rows = Assignment.objects.filter(
        permission_set_arn=form.permission_set,
        account_id__in=form.accounts,
        principal_id=principal,
        principal_type="GROUP" if form.group else "USER",
        absent_since=None,
    )
    return Seen(
        Organization.objects.get(),
        group,
        person,
        Person.objects.filter(pk=form.owner, absent_since=None, enabled=True).first() if form.owner else None,
        {account.id: account for account in Account.objects.filter(id__in=form.accounts).select_related("ou")},
        PermissionSet.objects.filter(arn=form.permission_set, absent_since=None).first(),
        frozenset(rows.values_list("account_id", flat=True)),
        _holding(form, principal, request),
    )


def _refresh(form: PermanentAccessForm, request: str) -> None:
    aws = door().open(f"kumoban-{request}")
    scan_permission_set(aws, form.permission_set)
    for account in form.accounts:
        scan_assignments(aws, account, form.permission_set)
    if form.group:
        refresh_group(aws, form.group)
    if form.person:
        refresh_person(aws, form.person)


def _holding(form: PermanentAccessForm, principal: str, request: str) -> dict[str, str]:
    """Grants without an end that other requests have of the same things."""
    keys = {assignment_thing(principal, account, form.permission_set): account for account in form.accounts}
    held = Hold.objects.filter(key__in=keys, ends_at=None, state__in=[*IN_FORCE, HoldState.APPROVED])
    others = held.exclude(request__number=request).exclude(owner=None)
    return {keys[key]: number for key, number in others.values_list("key", "request__number")}
