"""What the desk noticed by itself, and what people make of it."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from django.http import HttpRequest
from ninja import Router, Schema

from kumoban.api.answers import ReasonOut, reasons_out
from kumoban.api.callers import actor_of
from kumoban.core.reason import Reason
from kumoban.desk.people import Actor
from kumoban.findings import triage
from kumoban.findings.models import Finding
from kumoban.findings.telling import offered
from kumoban.findings.visible import Wanted, page_of

__all__ = ["router"]

router = Router(tags=["findings"])


class ProposalOut(Schema):
    """A request that would settle it and that this person may ask for: its routine, and its form to be completed."""

    routine: str
    title: str
    form: dict[str, Any]


class FindingOut(Schema):
    """``team`` and ``person`` are whose it is (both null: the operations team's), ``about`` whom it is about.

    ``state``: open, acknowledged, snoozed, suppressed (both ``until``), or resolved.
    """

    id: int
    watch: str
    key: str
    title: ReasonOut
    severity: Literal["low", "medium", "high"]
    state: str
    until: datetime | None
    team: str | None
    person: str | None
    about: str | None
    account: str | None
    evidence: dict[str, Any]
    monthly_saving_usd: Decimal | None
    decided_by: str | None
    decided_at: datetime | None
    said: str
    first_seen_at: datetime
    last_seen_at: datetime
    resolved_at: datetime | None


class OneFindingOut(FindingOut):
    proposals: list[ProposalOut]


class FindingsOut(Schema):
    """``next`` is what ``after`` takes for the next page; null on the last."""

    findings: list[FindingOut]
    next: str | None


class Said(Schema):
    comment: str = ""


class PutOff(Schema):
    """``until``: the day from whose morning on it is open again."""

    until: date
    comment: str = ""


class Suppression(Schema):
    until: date
    reason: str


@router.get("/findings", response=FindingsOut)
def findings(
    request: HttpRequest,
    state: Literal["standing", "open", "acknowledged", "snoozed", "suppressed", "resolved", "all"] = "standing",
    severity: Literal["", "low", "medium", "high"] = "",
    watch: str = "",
    team: str = "",
    account: str = "",
    after: str = "",
) -> dict[str, Any]:
    """The gravest first, 50 at a time. Outside ops and audit: one's teams', and those about oneself."""
    wanted = Wanted(state, severity, watch[:60], team[:60], account[:60])
    rows, following = page_of(actor_of(request), wanted, after)
    return {"findings": [_finding(row) for row in rows], "next": following or None}


@router.get("/findings/{int:finding_id}", response=OneFindingOut)
def finding(request: HttpRequest, finding_id: int) -> dict[str, Any]:
    actor = actor_of(request)
    return _one(actor, triage.found(actor, finding_id))


@router.post("/findings/{int:finding_id}/acknowledge", response=OneFindingOut)
def acknowledge(request: HttpRequest, finding_id: int, body: Said) -> dict[str, Any]:
    """Somebody looks after it; it stays in the list."""
    actor = actor_of(request, "approve")
    return _one(actor, triage.acknowledge(actor, finding_id, body.comment))


@router.post("/findings/{int:finding_id}/snooze", response=OneFindingOut)
def snooze(request: HttpRequest, finding_id: int, body: PutOff) -> dict[str, Any]:
    """Put off, by 90 days at most."""
    actor = actor_of(request, "approve")
    return _one(actor, triage.snooze(actor, finding_id, body.until, body.comment))


@router.post("/findings/{int:finding_id}/suppress", response=OneFindingOut)
def suppress(request: HttpRequest, finding_id: int, body: Suppression) -> dict[str, Any]:
    """It is meant to be so; asked again after a year at the latest."""
    actor = actor_of(request, "approve")
    return _one(actor, triage.suppress(actor, finding_id, body.until, body.reason))


@router.post("/findings/{int:finding_id}/reopen", response=OneFindingOut)
def reopen(request: HttpRequest, finding_id: int, body: Said) -> dict[str, Any]:
    """Take back what was decided."""
    actor = actor_of(request, "approve")
    return _one(actor, triage.reopen(actor, finding_id, body.comment))


def _finding(row: Finding) -> dict[str, Any]:
    same = ("watch", "key", "state", "until", "evidence", "decided_at", "said", "first_seen_at", "last_seen_at")
    return {
        **{name: getattr(row, name) for name in (*same, "resolved_at")},
        "id": row.pk,
        "title": reasons_out([Reason.from_stored(row.title)])[0],
        "severity": row.severity_code,
        **{name: getattr(row, name) or None for name in ("team", "person", "about", "account")},
        "monthly_saving_usd": row.monthly_saving,
        "decided_by": row.decided_by.user_name if row.decided_by else None,
    }


def _one(actor: Actor, row: Finding) -> dict[str, Any]:
    proposals = [
        {
            "routine": offer.routine.name,
            "title": offer.title,
            "form": dict(triage.proposed(actor, row.pk, offer.routine.name)),
        }
        for offer in offered(actor, row)
    ]
    return {**_finding(row), "proposals": proposals}
