"""Who may see and answer which lines: operations and auditors see all, others those that are theirs to answer."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Count, Q, QuerySet

from kumoban.core.reason import Reason
from kumoban.desk.people import Actor, members_of, ops_members
from kumoban.estate.models import Person, Team
from kumoban.reviews.models import Campaign, Line, LineState

__all__ = ["answerable", "answerers", "campaigns", "lines", "open_lines_of", "progress", "why_not"]


def _teams_answering(actor: Actor) -> set[str]:
    """Teams whose leads this person is one of; where a team has no leads, its members answer."""
    leads = Q(leads_group_id__in=actor.groups)
    members = Q(leads_group_id="", group_id__in=actor.groups)
    return set(Team.objects.filter(leads | members, absent_since=None).values_list("slug", flat=True))


def answerable(actor: Actor) -> QuerySet[Line]:
    """The lines that are this person's to answer, in whatever state."""
    own = Q(person__in=actor.accounts) | Q(person="", team__in=_teams_answering(actor) or {""}) & ~Q(team="")
    if actor.ops:
        own |= Q(person="", team="")
    return Line.objects.filter(own).exclude(about__in=actor.accounts)


def lines(actor: Actor) -> QuerySet[Line]:
    return Line.objects.all() if actor.ops or actor.auditor else answerable(actor)


def campaigns(actor: Actor) -> QuerySet[Campaign]:
    """Newest first."""
    found = Campaign.objects.order_by("-id").select_related("opened_by")
    return found if actor.ops or actor.auditor else found.filter(pk__in=answerable(actor).values("campaign_id"))


def open_lines_of(actor: Actor) -> QuerySet[Line]:
    """What this person is asked just now."""
    return answerable(actor).filter(state=LineState.OPEN, campaign__closed_at=None)


def why_not(actor: Actor, line: Line) -> Reason | None:
    """Why this person does not answer this line; None where they do. Operations answer what nobody else can."""
    if line.about and line.about in actor.accounts:
        return Reason("line_about_you")
    if actor.ops or answerable(actor).filter(pk=line.pk).exists():
        return None
    return Reason("line_not_yours")


def answerers(found: Iterable[Line]) -> dict[int, set[str]]:
    """By line, the ids of the people whose answer it is; the operations team where nobody else is left."""
    rows = list(found)
    teams = {team.slug: team for team in Team.objects.filter(slug__in={row.team for row in rows}, absent_since=None)}
    groups = {team.leads_group_id or team.group_id for team in teams.values()}
    members = members_of(groups)
    people = {row.person for row in rows if row.person}
    present = set(Person.objects.filter(pk__in=people, absent_since=None, enabled=True).values_list("pk", flat=True))
    ops = {member.id for member in ops_members()}
    answering: dict[int, set[str]] = {}
    for row in rows:
        team = teams.get(row.team)
        of_team = set(members.get(team.leads_group_id or team.group_id, ())) if team else set()
        wanted = {row.person} & present or of_team
        answering[row.pk] = (wanted - {row.about}) or (ops - {row.about})
    return answering


def progress(actor: Actor, campaign_ids: Iterable[int]) -> dict[int, dict[str, int]]:
    """By campaign, how many of the lines this person sees are in which state."""
    counted: dict[int, dict[str, int]] = {pk: {} for pk in campaign_ids}
    rows = lines(actor).filter(campaign_id__in=counted).values_list("campaign_id", "state").annotate(n=Count("id"))
    for campaign, state, n in rows.order_by("campaign_id", "state"):
        counted[campaign][state] = n
    return counted
