"""AWS account access manager: who may take on which IAM role, without a permission set. One look reads all of it.

It may not be set up, not exist in the Region, or not be readable: that is kept as what AWS said, and hinders nothing.
Source: botocore's model of ``account-access`` (2018-05-10).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import Q

from kumoban.aws.arns import ACCESS_APPLICATION
from kumoban.aws.door import Pass, pages
from kumoban.aws.errors import AwsError
from kumoban.core.needs import needs
from kumoban.estate.models import NOT_ADOPTED, Account, Entitlement, Organization, searchable
from kumoban.ledger.clock import database_now
from kumoban.ledger.record import writing

__all__ = ["READS", "scan_entitlements"]

_SERVICE = "account-access"
READS = needs(_SERVICE, "list_applications") | needs(_SERVICE, "list_entitlements", on=(ACCESS_APPLICATION,))


def scan_entitlements(aws: Pass) -> None:
    """What AWS refuses is kept for people to see; the next turn tries again."""
    asked, organization = database_now(), Organization.objects.get()
    try:
        found = list(_found(aws))
    except AwsError as refused:
        with writing():
            Organization.objects.filter(pk=organization.pk).update(entitlements_error=str(refused)[:300])
        return
    with writing():
        _keep(found, asked, asked if organization.entitlements_seen_at else None)
        Organization.objects.filter(pk=organization.pk).update(entitlements_seen_at=asked, entitlements_error="")


def _found(aws: Pass) -> Iterator[tuple[str, dict[str, Any]]]:
    for application in pages(aws, _SERVICE, "list_applications", "applications"):
        arn = application["applicationArn"]
        for one in pages(aws, _SERVICE, "list_entitlements", "entitlements", applicationArn=arn, filter={}):
            yield arn, one


def _keep(found: list[tuple[str, dict[str, Any]]], asked: datetime, appeared: datetime | None) -> None:
    names = dict(Account.objects.values_list("id", "name"))
    there = set(Entitlement.objects.filter(absent_since=None).values_list("id", flat=True))
    rows = [row for arn, one in found if (row := _row(arn, one, names, asked, appeared)) is not None]
    for known, fields in ((True, ["seen_at", "search"]), (False, ["seen_at", "search", "absent_since", "appeared_at"])):
        Entitlement.objects.bulk_create(
            [row for row in rows if (row.id in there) == known],
            update_conflicts=True,
            unique_fields=["id"],
            update_fields=fields,
        )
    gone = Entitlement.objects.filter(Q(seen_at__lt=asked), absent_since=None)
    gone.update(absent_since=asked, **NOT_ADOPTED)


def _row(
    arn: str, one: dict[str, Any], names: dict[str, str], asked: datetime, appeared: datetime | None
) -> Entitlement | None:
    """None for a kind of entitlement this version does not know."""
    role = one["entitlement"].get("principalRole") or {}
    principal = (role.get("principal") or {}).get("identityCenter") or {}
    if not principal or "roleArn" not in role:
        return None
    name = role["roleArn"].rsplit("/", 1)[-1]
    return Entitlement(
        id=one["entitlementId"],
        application_arn=arn,
        principal_type="USER" if "userId" in principal else "GROUP",
        principal_id=principal.get("userId") or principal["groupId"],
        account_id=role["account"],
        role_arn=role["roleArn"],
        role_name=name,
        created_at=one["createdAt"],
        search=searchable(name, names.get(role["account"], "")),
        seen_at=asked,
        appeared_at=appeared,
    )
