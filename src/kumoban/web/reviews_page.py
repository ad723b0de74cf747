"""権限の棚卸し and other campaigns: what waits for this person's answer, progress, evidence, and opening one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from kumoban.core.reason import Reason, Refused
from kumoban.core.spreadsheet import csv_lines
from kumoban.desk import clock
from kumoban.desk.people import Actor
from kumoban.desk.requests import refused_attempt
from kumoban.desk.routine import routines_for
from kumoban.desk.speech import said
from kumoban.estate.models import Person, Team
from kumoban.reviews import answering
from kumoban.reviews.kind import all_kinds, kind_of
from kumoban.reviews.models import Campaign, Line, LineState
from kumoban.reviews.opening import open_campaign
from kumoban.reviews.visible import answerable, campaigns, lines, open_lines_of, progress
from kumoban.web.downloads import sent_as
from kumoban.web.gate import page
from kumoban.web.numbers import whole

__all__ = ["answer", "campaign_page", "export", "reviews_page"]

_PAGE = 100


@page
def reviews_page(request: Any) -> HttpResponse:
    """All campaigns this person has to do with; operations open one here."""
    problems: dict[str, list[str]] = {}
    if request.method == "POST":
        if not request.actor.ops:
            raise Refused(Reason("ops_only"), attempt=True)
        try:
            made = _open(request)
            messages.success(request, _("The review is open; its owners are told."))
            return redirect(f"/reviews/{made.pk}")
        except Refused as refused:
            refused_attempt(request.actor, "open-review", "reviews", refused)
            problems = {refused.field or "": [said(reason) for reason in refused.reasons]}
    found = list(campaigns(request.actor)[:50])
    counted = progress(request.actor, (campaign.pk for campaign in found))
    context = {
        "here": "reviews",
        "rows": [_row(campaign, counted[campaign.pk]) for campaign in found],
        "mine": open_lines_of(request.actor).count(),
        "kinds": [(kind, [(name, _(text)) for name, text in kind.groups.items()]) for kind in all_kinds()],
        "may_open": request.actor.ops,
        "problems": problems,
        "typed": request.POST,
        "now": clock.now(),
    }
    return render(request, "web/reviews/list.html", context, status=422 if problems else 200)


def _open(request: Any) -> Campaign:
    due_on = parse_date(request.POST.get("due_on", "")[:10])
    if due_on is None:
        raise Refused(Reason("extra_not_date"), field="due_on")
    return open_campaign(
        request.actor,
        request.POST.get("kind", "")[:40],
        title=request.POST.get("title", ""),
        due_on=due_on,
        groups=request.POST.getlist("groups")[:20],
        said=request.POST.get("said", ""),
    )


def _row(campaign: Campaign, counted: dict[str, int]) -> dict[str, Any]:
    total = sum(counted.values())
    unanswered = counted.get("open", 0)
    return {
        "campaign": campaign,
        "total": total,
        "answered": total - unanswered,
        "counts": [(LineState(state).label, n) for state, n in counted.items()],
    }


@page
@require_GET
def campaign_page(request: Any, pk: int) -> HttpResponse:
    return _campaign(request, pk)


def _campaign(request: Any, pk: int, problems: Iterable[str] = (), status: int = 200) -> HttpResponse:
    actor, campaign = request.actor, _seen(request.actor, pk)
    kind = kind_of(campaign.kind)
    groups = {name: _(text) for name, text in kind.groups.items()} if kind else {}
    asked = {name: request.GET.get(name, "")[:40] for name in ("state", "group", "whose")}
    every = _narrowed(actor, campaign, asked)
    after = whole(request.GET.get("after")) or 0
    rows = list(every.filter(pk__gt=after).select_related("answered_by")[: _PAGE + 1])
    shown, mine = rows[:_PAGE], set(answerable(actor).filter(campaign=campaign).values_list("pk", flat=True))
    given = {name: value for name, value in asked.items() if value}
    context = {
        "here": "reviews",
        **_row(campaign, progress(actor, [campaign.pk])[campaign.pk]),
        "lines": _line_rows(actor, shown, mine, groups),
        "answering": not campaign.closed_at and any(line.pk in mine or actor.ops for line in shown),
        "next": urlencode({**given, "after": shown[-1].pk}) if len(rows) > _PAGE else "",
        "asked": asked,
        "states": LineState.choices,
        "groups": list(groups.items()),
        "everything": actor.ops or actor.auditor,
        "problems": list(problems),
        "typed": request.POST,
    }
    return render(request, "web/reviews/campaign.html", context, status=status)


def _seen(actor: Actor, pk: int) -> Campaign:
    found = campaigns(actor).filter(pk=pk).first()
    if found is None:
        raise Refused(Reason("no_such_line"))
    return found


def _narrowed(actor: Actor, campaign: Campaign, asked: dict[str, str]) -> QuerySet[Line]:
    found = lines(actor).filter(campaign=campaign)
    if asked["whose"] == "mine":
        found = answerable(actor).filter(campaign=campaign)
    if asked["state"] in LineState.values:
        found = found.filter(state=asked["state"])
    return (found.filter(group=asked["group"]) if asked["group"] else found).order_by("pk")


def _line_rows(actor: Actor, found: list[Line], mine: set[int], groups: dict[str, str]) -> list[dict[str, Any]]:
    owners, routines = _owners(found), {routine.name for routine in routines_for(actor.ops)}
    return [
        {
            "line": line,
            "group": groups.get(line.group, line.group),
            "owner": owners(line),
            "may": (line.pk in mine or actor.ops) and line.about not in actor.accounts and not line.settled_at,
            "offers": [
                (said(one["title"]), f"/ask/{one['routine']}?review={line.pk}")
                for one in line.proposals
                if one["routine"] in routines and line.settled_at is None
            ],
        }
        for line in found
    ]


def _owners(found: list[Line]) -> Any:
    teams = dict(Team.objects.filter(slug__in={line.team for line in found}).values_list("slug", "name"))
    people = dict(Person.objects.filter(pk__in={line.person for line in found}).values_list("pk", "display_name"))
    return lambda line: people.get(line.person) or teams.get(line.team) or _("operations team")


@page
@require_POST
def answer(request: Any, pk: int) -> HttpResponse:
    """One answer for the lines that were ticked; what was refused comes back on the same page."""
    chosen = [number for number in map(whole, request.POST.getlist("line")[:500]) if number is not None]
    word = request.POST.get("answer", "")
    try:
        if word not in ("keep", "change", "drop"):
            raise Refused(Reason("unknown_outcome", {"outcome": word[:20]}))
        done = answering.answer(request.actor, chosen, word, request.POST.get("comment", ""))
    except Refused as refused:
        refused_attempt(request.actor, "answer-review", f"campaign:{pk}", refused)
        return _campaign(request, pk, [said(reason) for reason in refused.reasons], 409)
    messages.success(request, _("%(n)s answers are recorded.") % {"n": len(done)})
    return redirect(f"/reviews/{pk}?whose=mine&state=open" if not request.actor.ops else f"/reviews/{pk}?state=open")


@page
@require_GET
def export(request: Any, pk: int) -> HttpResponseBase:
    """Every line with its answer: the evidence of the campaign."""
    campaign = _seen(request.actor, pk)
    found = lines(request.actor).filter(campaign=campaign).select_related("answered_by").order_by("pk")
    head = ("line", "group", "what", "owner", "state", "answered_by", "answered_at", "comment", "settled_at")
    return sent_as(f"review-{campaign.pk}.csv", "text/csv", csv_lines(head, _cells(found)))


def _cells(found: QuerySet[Line]) -> Iterator[tuple[Any, ...]]:
    for line in found.iterator(chunk_size=500):
        yield (
            line.pk,
            line.group,
            said(line.title),
            line.person or line.team or "ops",
            line.state,
            line.answered_by.user_name if line.answered_by else "",
            line.answered_at.isoformat() if line.answered_at else "",
            line.said,
            line.settled_at.isoformat() if line.settled_at else "",
        )
