"""What is there now: from estate rows for a page, from AWS right before applying; the same type either way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kumoban.aws.door import Pass, door, pages
from kumoban.aws.errors import NotFound
from kumoban.desk.routine import Asked
from kumoban.estate.models import Account, Assignment, Membership, Organization, PermissionSet
from kumoban.estate.scan import scan_permission_set
from kumoban.routines.temporary_access.form import TemporaryAccessForm

__all__ = ["Seen", "look"]


@dataclass(frozen=True)
class Seen:
    """``assigned`` and ``through_group`` hold (person id, account id) pairs for the permission set asked for."""

    organization: Organization
    accounts: Mapping[str, Account]
    permission_set: PermissionSet | None
    assigned: frozenset[tuple[str, str]]
    through_group: frozenset[tuple[str, str]]


def look(form: TemporaryAccessForm, asked: Asked, *, live: bool, request: str = "") -> Seen:
    """Raises AwsError where ``live`` and AWS cannot be read."""
    organization = Organization.objects.get()
    if live:
        _refresh(form, organization, door().open(f"kumoban-{request}"))
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
        frozenset((row.principal_id, row.account_id) for row in rows if row.principal_type == "USER"),
        frozenset(
            (person, row.account_id)
            for row in rows
            for group, person in in_group
            if row.principal_type == "GROUP" and row.principal_id == group
        ),
    )


def _refresh(form: TemporaryAccessForm, organization: Organization, aws: Pass) -> None:
    """The account's state, the permission set's content and who has it there, read now into the estate."""
    from kumoban.ledger.clock import database_now
    from kumoban.ledger.record import writing

    try:
        scan_permission_set(aws, form.permission_set)
    except NotFound:
        PermissionSet.objects.filter(arn=form.permission_set).update(absent_since=database_now())
        return
    for account_id in form.accounts:
        described = aws.read("organizations", "describe_account", AccountId=account_id)["Account"]
        found = list(
            pages(
                aws,
                "sso-admin",
                "list_account_assignments",
                "AccountAssignments",
                InstanceArn=organization.instance_arn,
                AccountId=account_id,
                PermissionSetArn=form.permission_set,
            )
        )
        with writing():
            now = database_now()
            Account.objects.filter(pk=account_id).update(status=described.get("State") or described["Status"])
            here = Assignment.objects.filter(account_id=account_id, permission_set_arn=form.permission_set)
            here.update(absent_since=now)
            Assignment.objects.bulk_create(
                [
                    Assignment(
                        principal_type=row["PrincipalType"],
                        principal_id=row["PrincipalId"],
                        account_id=account_id,
                        permission_set_arn=form.permission_set,
                        seen_at=now,
                    )
                    for row in found
                ],
                update_conflicts=True,
                unique_fields=["account_id", "permission_set_arn", "principal_type", "principal_id"],
                update_fields=["seen_at", "absent_since"],
            )
