"""Who sees the matching: operations and auditors. Others see findings about what is theirs."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import F, QuerySet

from kumoban.core.reason import Reason, Refused
from kumoban.desk.people import Actor
from kumoban.evidence.matching.models import Exclusion, Gap, Month, Outcome, PrincipalKind, Session

__all__ = [
    "ASKED",
    "Wanted",
    "exclusions",
    "gaps",
    "listed",
    "may_see",
    "months",
    "unexplained_gaps",
    "unexplained_sessions",
]

#: what somebody has to explain
ASKED = (Outcome.NO_REQUEST, Outcome.OUT_OF_TIME)
PAGE = 100


def may_see(actor: Actor) -> None:
    """Raises Refused."""
    if not (actor.ops or actor.ops_lead or actor.auditor):
        raise Refused(Reason("ops_or_auditors_only"), attempt=True)


@dataclass(frozen=True)
class Wanted:
    """``outcome`` is one of the outcomes, ``asked`` (to be explained), or empty; ``late``: after the signature only."""

    outcome: str = ""
    kind: str = ""
    account: str = ""
    late: bool = False


def months(actor: Actor) -> QuerySet[Month]:
    may_see(actor)
    return Month.objects.order_by("-month").select_related("signed_by")


def listed(actor: Actor, month: str, wanted: Wanted) -> QuerySet[Session]:
    """What is to be explained first, then in the order of time."""
    may_see(actor)
    found = Session.objects.filter(month=month).select_related("explained_by")
    if wanted.outcome == "asked":
        found = found.filter(outcome__in=ASKED).exclude(explained_digest=F("digest"))
    elif wanted.outcome in Outcome.values:
        found = found.filter(outcome=wanted.outcome)
    if wanted.kind in PrincipalKind.values:
        found = found.filter(kind=wanted.kind)
    if wanted.account:
        found = found.filter(account=wanted.account)
    return (found.filter(after_signature=True) if wanted.late else found).order_by("first", "id")


def gaps(actor: Actor, month: str) -> QuerySet[Gap]:
    may_see(actor)
    return Gap.objects.filter(month=month).select_related("explained_by").order_by("account")


def exclusions(actor: Actor) -> QuerySet[Exclusion]:
    may_see(actor)
    return Exclusion.objects.select_related("owner", "made_by", "ended_by").order_by("-id")


def unexplained_sessions(month: str) -> QuerySet[Session]:
    """Nobody wrote about them what they are now."""
    return Session.objects.filter(month=month, outcome__in=ASKED).exclude(explained_digest=F("digest"))


def unexplained_gaps(month: str) -> QuerySet[Gap]:
    return Gap.objects.filter(month=month).exclude(explained_digest=F("digest"))
