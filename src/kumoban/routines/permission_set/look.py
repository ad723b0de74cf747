"""What the set is now: from estate rows for a page, from AWS right before applying; one type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kumoban.aws.door import door
from kumoban.desk.models import Hold
from kumoban.desk.routine import Asked
from kumoban.desk.states import IN_FORCE
from kumoban.estate.models import Account, Assignment, Organization, PermissionSet
from kumoban.estate.scan import scan_permission_set
from kumoban.routines.permission_set.form import PermissionSetForm

__all__ = ["Seen", "look"]


@dataclass(frozen=True)
class Seen:
    """``accounts`` are those in which somebody has the set; ``holding``: how many grants of it are in force."""

    organization: Organization
    chosen: PermissionSet | None
    named: PermissionSet | None
    accounts: Sequence[Account]
    holding: int

    @property
    def content(self) -> Mapping[str, object]:
        return self.chosen.content if self.chosen else {}


def look(form: PermissionSetForm, asked: Asked, *, live: bool, request: str = "") -> Seen:
    """Raises AwsError where ``live`` and AWS cannot be read."""
    if live and form.permission_set:
        scan_permission_set(door().open(f"kumoban-{request}"), form.permission_set)
    chosen = PermissionSet.objects.filter(pk=form.permission_set, absent_since=None).first()
    arn = chosen.arn if chosen else ""
    assigned = Assignment.objects.filter(permission_set_arn=arn, absent_since=None).values_list("account_id", flat=True)
    suffix = arn.rsplit("/", 1)[-1]
    held = Hold.objects.filter(key__startswith="sso:", key__endswith=f":{suffix}", state__in=IN_FORCE)
    wanted = {*assigned, *held.values_list("account_id", flat=True)} if chosen else set()
    accounts = Account.objects.filter(pk__in=wanted, absent_since=None).order_by("id")
    return Seen(
        Organization.objects.get(),
        chosen,
        PermissionSet.objects.filter(name=form.name, absent_since=None).first() if form.name else None,
        list(accounts) if form.act == "change" else list(accounts[:1]),
        held.count() if chosen else 0,
    )
