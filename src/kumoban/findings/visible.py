"""Who may see which findings: operations and auditors all of them, others those of their teams and about themselves."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from kumoban.desk.people import Actor
from kumoban.estate.models import Team
from kumoban.findings.models import Finding, FindingState, Severity

__all__ = [
    "PAGE",
    "STANDING",
    "Counts",
    "Wanted",
    "counts",
    "listed",
    "page_of",
    "standing_by_severity",
    "teams_of",
    "visible",
]

#: findings on one page
PAGE = 50

#: the states in which somebody should look at it
STANDING = (FindingState.OPEN, FindingState.ACKNOWLEDGED)


def teams_of(actor: Actor) -> set[str]:
    """The teams this person works in or leads, by slug."""
    teams = Team.objects.filter(Q(group_id__in=actor.groups) | Q(leads_group_id__in=actor.groups), absent_since=None)
    return set(teams.values_list("slug", flat=True))


def visible(actor: Actor) -> QuerySet[Finding]:
    if actor.ops or actor.auditor:
        return Finding.objects.all()
    own = Q(team__in=teams_of(actor)) | Q(person__in=actor.accounts) | Q(about__in=actor.accounts)
    return Finding.objects.filter(own)


@dataclass(frozen=True)
class Wanted:
    """``state`` is one of the states, ``standing`` (new or acknowledged), or ``all``; the others exactly, or empty."""

    state: str = "standing"
    severity: str = ""
    watch: str = ""
    team: str = ""
    account: str = ""


def listed(actor: Actor, wanted: Wanted) -> QuerySet[Finding]:
    """The gravest first, then the newest."""
    found = visible(actor)
    if wanted.state == "standing":
        found = found.filter(state__in=STANDING)
    elif wanted.state != "all":
        found = found.filter(state=wanted.state)
    if wanted.severity:
        found = found.filter(severity=Severity[wanted.severity.upper()] if _known(wanted.severity) else 0)
    for name in ("watch", "team", "account"):
        if value := getattr(wanted, name):
            found = found.filter(**{name: value})
    return found.order_by("-severity", "-id")


def page_of(actor: Actor, wanted: Wanted, after: str = "", limit: int = PAGE) -> tuple[list[Finding], str]:
    """A page, and where the next begins: ``severity-id`` of its last row, empty on the last page."""
    severity, _dash, pk = after.partition("-")
    found = listed(actor, wanted)
    if severity.isdecimal() and pk.isdecimal() and len(after) <= 18:
        found = found.filter(Q(severity__lt=int(severity)) | Q(severity=int(severity), id__lt=int(pk)))
    rows = list(found[: limit + 1])
    last = rows[limit - 1] if len(rows) > limit else None
    return rows[:limit], f"{last.severity}-{last.pk}" if last else ""


def _known(severity: str) -> bool:
    return severity.upper() in Severity.names


@dataclass(frozen=True)
class Counts:
    """Of what should be looked at; ``new``: nobody has acknowledged it yet."""

    standing: int
    high: int
    new: int


def standing_by_severity() -> dict[str, int]:
    """For whoever watches the installation: a number for every severity."""
    counted = Finding.objects.filter(state__in=STANDING).values_list("severity").annotate(Count("id")).order_by()
    found = dict(counted)
    return {severity.name.lower(): found.get(severity, 0) for severity in Severity}


def counts(actor: Actor) -> Counts:
    standing = visible(actor).filter(state__in=STANDING)
    counted = standing.aggregate(
        standing=Count("id"),
        high=Count("id", filter=Q(severity=Severity.HIGH)),
        new=Count("id", filter=Q(state=FindingState.OPEN)),
    )
    return Counts(**counted)
