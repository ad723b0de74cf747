"""What the organisation has: from estate rows for a page, from AWS right before applying; one type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings

from kumoban.aws.door import door
from kumoban.desk.models import Request
from kumoban.desk.routine import Asked
from kumoban.desk.states import RequestState
from kumoban.estate.detectors import scan_detectors
from kumoban.estate.models import (
    Account,
    Detector,
    Group,
    Organization,
    OrganizationalUnit,
    PermissionSet,
    Person,
    Team,
)
from kumoban.estate.scan import scan_account_list, scan_permission_set
from kumoban.routines.account_create.form import AccountCreateForm

__all__ = ["Seen", "address_of", "look"]


@dataclass(frozen=True)
class Seen:
    """``taken``: account names and addresses in use, casefolded, and by what; also of accounts that were closed."""

    organization: Organization
    unit: OrganizationalUnit | None
    team: Team | None
    group: Group | None
    owner: Person | None
    permission_set: PermissionSet | None
    taken: Mapping[str, str]
    open_accounts: int
    #: GuardDuty's in the regions a new account begins with, by region; empty where nobody administers it
    detectors: Mapping[str, Detector]


def address_of(form: AccountCreateForm) -> str:
    """The root user's address as it was typed, else by the company's pattern; empty where there is none."""
    pattern = settings.KUMOBAN_ACCOUNT_EMAIL
    made = pattern.replace("{name}", form.name.casefold().replace(" ", "-")) if pattern else ""
    return (form.email or made).casefold()


def look(form: AccountCreateForm, asked: Asked, *, live: bool, request: str = "") -> Seen:
    """Raises AwsError where ``live`` and AWS cannot be read."""
    if live:
        aws = door().open(f"kumoban-{request}")
        scan_account_list(aws)
        scan_detectors(aws)
        if form.permission_set:
            scan_permission_set(aws, form.permission_set)
    team = Team.objects.filter(pk=form.team, absent_since=None).first()
    return Seen(
        Organization.objects.get(),
        OrganizationalUnit.objects.filter(pk=form.ou, absent_since=None).first(),
        team,
        Group.objects.filter(pk=team.group_id, absent_since=None).first() if team else None,
        Person.objects.filter(pk=form.owner, absent_since=None, enabled=True).first(),
        PermissionSet.objects.filter(arn=form.permission_set, absent_since=None).first(),
        _taken(request),
        Account.objects.filter(absent_since=None).count(),
        {found.region: found for found in Detector.objects.order_by("region")},
    )


_OPEN = (
    RequestState.WAITING,
    RequestState.APPROVED,
    RequestState.SCHEDULED,
    RequestState.APPLYING,
    RequestState.FAILED,
)


def _taken(request: str) -> dict[str, str]:
    """By accounts that are or ever were there, and by requests that would make one."""
    taken: dict[str, str] = {}
    for name, email, status in Account.objects.values_list("name", "email", "status"):
        said = f"{name} ({status})" if status != "ACTIVE" else name
        taken[email.casefold()] = said
        if status == "ACTIVE":
            taken[name.casefold()] = said
    asked = Request.objects.filter(routine="account-create", state__in=_OPEN).exclude(number=request)
    for number, title in asked.values_list("number", "shown__title"):
        for value in (title or {}).get("params", {}).values():
            taken.setdefault(str(value).casefold(), number)
    return taken
