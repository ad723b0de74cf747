"""What the account still is: from estate rows for a page, from AWS right before closing; one type."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from kumoban.aws.door import door
from kumoban.desk.models import Hold, Request, Step
from kumoban.desk.routine import Asked
from kumoban.desk.states import IN_FORCE, HoldState, Phase
from kumoban.estate.models import Account, Organization
from kumoban.estate.scan import scan_account_list
from kumoban.routines.account_close.form import AccountCloseForm
from kumoban.services.organizations import CLOSE_ACCOUNT

__all__ = ["Seen", "look"]

_MONTH = timedelta(days=30)


@dataclass(frozen=True)
class Seen:
    """``holding``: requests by which somebody has something there. ``closed``: accounts closed in the last 30 days."""

    organization: Organization
    account: Account | None
    holding: Sequence[str]
    open_accounts: int
    closed: int


def look(form: AccountCloseForm, asked: Asked, *, live: bool, request: str = "") -> Seen:
    """Raises AwsError where ``live`` and AWS cannot be read."""
    if live:
        scan_account_list(door().open(f"kumoban-{request}"))
    held = Hold.objects.filter(account_id=form.account, state__in=[*IN_FORCE, HoldState.APPROVED])
    closed = Step.objects.filter(action=CLOSE_ACCOUNT, phase=Phase.DONE, done_at__gt=asked.now - _MONTH)
    numbers = set(held.values_list("request_id", flat=True))
    return Seen(
        Organization.objects.get(),
        Account.objects.filter(pk=form.account).first(),
        sorted(Request.objects.filter(pk__in=numbers).values_list("number", flat=True)),
        Account.objects.filter(absent_since=None, status="ACTIVE").count(),
        closed.count(),
    )
