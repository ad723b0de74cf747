"""What is there now: from estate rows for a page, from AWS right before applying; the same type either way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from kumoban.aws.door import Pass, door
from kumoban.aws.errors import NotFound
from kumoban.desk.models import Hold, Thing
from kumoban.desk.routine import Asked
from kumoban.desk.states import HoldState
from kumoban.estate.models import Account, Assignment, Membership, Organization, PermissionSet
from kumoban.estate.scan import scan_assignments, scan_permission_set
from kumoban.ledger.clock import database_now
from kumoban.routines.temporary_access.form import TemporaryAccessForm
from kumoban.services.identity_center import assignment_thing

__all__ = ["Granted", "Seen", "look"]


@dataclass(frozen=True)
class Granted:
    """What another request gives now, and until when."""

    request: str
    ends_at: datetime


@dataclass(frozen=True)
class Seen:
    """``assigned`` and ``through_group`` hold (person id, account id) pairs for the permission set asked for."""

    organization: Organization
    accounts: Mapping[str, Account]
    permission_set: PermissionSet | None
    assigned: frozenset[tuple[str, str]]
    through_group: frozenset[tuple[str, str]]
    #: by the same pairs, the grant of another request that lasts longest
    granted: Mapping[tuple[str, str], Granted] = field(default_factory=dict)


def look(form: TemporaryAccessForm, asked: Asked, *, live: bool, request: str = "") -> Seen:
    """Raises AwsError where ``live`` and AWS cannot be read."""
    organization = Organization.objects.get()
    if live:
        _refresh(form, door().open(f"kumoban-{request}"))
    people = [person.id for person in asked.workers]
    rows = Assignment.objects.filter(
        permission_set_arn=form.permission_set, account_id__in=form.accounts, absent_since=None
    )
    groups = {row.principal_id for row in rows if row.principal_type == "GROUP"}
    members = Membership.objects.filter(group_id__in=groups, person_id__in=people, absent_since=None)
    in_group = {(member.group_id, member.person_id) for member in members}
    return Seen(
        organization,
        {account.id: account for account in Account.objects.filter(id__in=form.accounts).select_related("ou")},
        PermissionSet.objects.filter(arn=form.permission_set).first(),
        _there_before(form, [(row.principal_id, row.account_id) for row in rows if row.principal_type == "USER"]),
        frozenset(
            (person, row.account_id)
            for row in rows
            for group, person in in_group
            if row.principal_type == "GROUP" and row.principal_id == group
        ),
        _granted_now(form, people, request),
    )


def _granted_now(form: TemporaryAccessForm, people: list[str], request: str) -> dict[tuple[str, str], Granted]:
    pairs = {
        assignment_thing(person, account, form.permission_set): (person, account)
        for person in people
        for account in form.accounts
    }
    held = Hold.objects.filter(key__in=pairs, state=HoldState.ACTIVE, ends_at__isnull=False)
    rows = held.exclude(request__number=request).order_by("ends_at").values_list("key", "request__number", "ends_at")
    return {pairs[key]: Granted(number, ends_at) for key, number, ends_at in rows if ends_at}


def _there_before(form: TemporaryAccessForm, assigned: list[tuple[str, str]]) -> frozenset[tuple[str, str]]:
    """Without what the desk itself made for another request: that goes when the last grant of it ends."""
    keys = {assignment_thing(person, account, form.permission_set): (person, account) for person, account in assigned}
    ours = Thing.objects.filter(key__in=keys, closed_at=None, existed_before=False).values_list("key", flat=True)
    return frozenset(assigned) - {keys[key] for key in ours}


def _refresh(form: TemporaryAccessForm, aws: Pass) -> None:
    """The permission set's content, the accounts' state and who has it there, read now into the estate."""
    try:
        scan_permission_set(aws, form.permission_set)
    except NotFound:
        PermissionSet.objects.filter(arn=form.permission_set).update(absent_since=database_now())
        return
    for account_id in form.accounts:
        scan_assignments(aws, account_id, form.permission_set)
