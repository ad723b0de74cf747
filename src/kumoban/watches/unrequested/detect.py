"""Sessions to be explained, of months that are not signed and of what came after a signature. Only rows are read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db.models import F, Q

from kumoban.core.reason import Reason
from kumoban.estate.models import Account, Team
from kumoban.evidence.matching.models import Month, Outcome, PrincipalKind, Session
from kumoban.evidence.matching.visible import ASKED
from kumoban.findings.models import Severity
from kumoban.findings.watch import Noticed, Proposal, Round

__all__ = ["detect"]

#: findings of one round; whoever has more has one matter, not thousands
_MOST = 1000


def detect() -> Round:
    signed = Month.objects.exclude(signed_at=None).values("month")
    asked = Session.objects.filter(outcome__in=ASKED).exclude(explained_digest=F("digest"))
    standing = asked.filter(Q(after_signature=True) | ~Q(month__in=signed)).order_by("-first", "id")
    rows = list(standing[:_MOST])
    accounts = Account.objects.in_bulk({row.account for row in rows})
    teams = frozenset(Team.objects.filter(absent_since=None).values_list("slug", flat=True))
    noticed = [_one(row, accounts.get(row.account), teams) for row in rows]
    keys = {one.key for one in noticed}
    beyond = {_key(row) for row in standing[_MOST : _MOST * 10]} if len(rows) == _MOST else set()
    return Round(noticed, beyond - keys)


def _key(row: Session) -> str:
    """The same while it is the same session: its row is kept as long as its hours touch."""
    return f"session:{row.pk}"


def _one(row: Session, account: Account | None, teams: frozenset[str]) -> Noticed:
    code = "unrequested_out_of_time" if row.outcome == Outcome.OUT_OF_TIME else "unrequested"
    name = account.name if account else row.account
    told: dict[str, str | int] = {"who": row.name[:120], "account": name, "request": row.request}
    return Noticed(
        key=_key(row),
        title=Reason(code, told),
        severity=_severity(row, account),
        seen_at=row.last,
        account=row.account,
        team=account.team if account and account.team in teams else "",
        about=row.person,
        evidence=_evidence(row, name),
        proposals=(_afterwards(row, name, told),),
    )


def _severity(row: Session, account: Account | None) -> Severity:
    """Root and what nobody understands, and whatever changed something in production, is grave."""
    in_production = account is None or account.environment in settings.KUMOBAN_PRODUCTION_ENVIRONMENTS
    grave = row.kind in (PrincipalKind.ROOT, PrincipalKind.EMERGENCY, PrincipalKind.UNKNOWN)
    return Severity.HIGH if grave or (in_production and row.changing) else Severity.MEDIUM


def _evidence(row: Session, account: str) -> Mapping[str, Any]:
    found = {
        "kind": row.kind,
        "principal": row.principal,
        "role": row.role,
        "account": f"{account} {row.account}",
        "first": row.first.isoformat(),
        "last": row.last.isoformat(),
        "changing": row.changing,
        "reading": row.reading,
        "refused": row.refused,
        "addresses": " ".join(row.addresses),
        "request": row.request,
        "month": row.month,
    }
    return {name: value for name, value in found.items() if value != ""}


def _afterwards(row: Session, account: str, told: Mapping[str, str | int]) -> Proposal:
    """A request that is decided about like any other: approval for what was done without one."""
    params = {**told, "first": row.first.isoformat(), "last": row.last.isoformat(), "changing": row.changing}
    texts = {"subject": Reason("unrequested_subject", told), "what": Reason("unrequested_what", params)}
    form = {"where": f"{account} ({row.account})"[:200]}
    return Proposal("other-request", Reason("unrequested_afterwards", {}), form, texts)
