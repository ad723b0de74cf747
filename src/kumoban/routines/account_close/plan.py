"""The plan: people make sure that nothing is left in it, then it is closed, and that cannot be taken back."""

from __future__ import annotations

from collections.abc import Iterator

from kumoban.core.plan import MANUAL, Diff, Plan, PlannedStep
from kumoban.core.reason import Reason
from kumoban.desk.routine import Asked
from kumoban.routines.account_close.form import AccountCloseForm
from kumoban.routines.account_close.look import Seen
from kumoban.services.organizations import CLOSE_ACCOUNT

__all__ = ["plan"]


def plan(form: AccountCloseForm, seen: Seen, asked: Asked) -> Plan:
    """Pure: the same form and what was seen give the same plan."""
    refusals = tuple(_refusals(form, seen))
    if refusals or seen.account is None:
        return Plan((), refusals=refusals)
    account = seen.account
    said = {"account": account.name, "account_id": account.spoken_id}
    emptied = PlannedStep(action=MANUAL, title=Reason("emptied", said), thing=f"account:{account.id}:emptied")
    closed = PlannedStep(
        action=CLOSE_ACCOUNT,
        title=Reason("close_account", said),
        params={"management": seen.organization.management_account, "account": account.id},
        account=account.id,
        thing=f"account:{account.id}",
        irreversible=True,
        diff=(Diff("attribute.status", account.status, "PENDING_CLOSURE"),),
    )
    return Plan(
        (emptied, closed),
        warnings=tuple(_warnings(seen)),
        dimensions=({"account": account.id, "environment": account.environment},),
    )


def _refusals(form: AccountCloseForm, seen: Seen) -> Iterator[Reason]:
    account = seen.account
    if account is None or not account.present:
        yield Reason("unknown_account", {"account": form.account[:40]})
        return
    if form.name != account.name:
        yield Reason("other_name", {"account": account.name})
    if account.id in (seen.organization.management_account, seen.organization.own_account):
        yield Reason("never_closed", {"account": account.name})
    if not account.open:
        yield Reason("account_not_open", {"account": account.name, "status": account.status})
    if seen.holding:
        yield Reason("access_there", {"account": account.name, "requests": ", ".join(seen.holding[:10])})
    if seen.closed >= _quota(seen):
        yield Reason("closing_quota", {"count": seen.closed, "most": _quota(seen)})


def _quota(seen: Seen) -> int:
    """A tenth of the accounts in 30 days, at least 10, at most 1000 (Organizations user guide, quotas)."""
    return min(max(seen.open_accounts // 10, 10), 1000)


def _warnings(seen: Seen) -> Iterator[Reason]:
    yield Reason("closing_is_final")
    yield Reason("closing_counted", {"count": seen.closed, "most": _quota(seen)})
