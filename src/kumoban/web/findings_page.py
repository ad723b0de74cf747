"""検出結果: what the desk noticed; one finding with its evidence, what people make of it, what it proposes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from kumoban.core.reason import Reason, Refused
from kumoban.desk import clock
from kumoban.desk.people import Actor
from kumoban.desk.requests import refused_attempt
from kumoban.desk.speech import said
from kumoban.estate.models import Person, Team
from kumoban.findings import triage
from kumoban.findings.models import Finding, FindingState, Severity
from kumoban.findings.telling import evidence_of, offered, watch_title
from kumoban.findings.visible import Wanted, listed, page_of
from kumoban.findings.watch import all_watches
from kumoban.web.gate import page

__all__ = ["decide", "finding_page", "findings_page"]


@page
@require_GET
def findings_page(request: Any) -> HttpResponse:
    actor, wanted = request.actor, _wanted(request)
    rows, after = page_of(actor, wanted, request.GET.get("after", ""))
    given = {name: value for name, value in asdict(wanted).items() if value and (name, value) != ("state", "standing")}
    owners = _owners(rows)
    context = {
        "here": "findings",
        "rows": [{"finding": row, "owner": owners(row), "watch": watch_title(row.watch)} for row in rows],
        "next": urlencode({**given, "after": after}) if after else "",
        "first": not request.GET.get("after"),
        "count": listed(actor, wanted).count(),
        "wanted": wanted,
        "query": urlencode(given),
        "everything": actor.ops or actor.auditor,
        "states": [("standing", _("To be looked at")), *FindingState.choices, ("all", _("All of them"))],
        "severities": [(one.name.lower(), one.label) for one in reversed(Severity)],
        "watches": [(watch.name, _(watch.title)) for watch in all_watches()],
        "now": clock.now(),
    }
    return render(request, "web/findings/list.html", context)


def _wanted(request: Any) -> Wanted:
    asked = {name: request.GET.get(name, "").strip()[:60] for name in ("state", "severity", "watch", "team", "account")}
    return Wanted(**{**asked, "state": asked["state"] or "standing"})


def _owners(rows: Iterable[Finding]) -> Callable[[Finding], str]:
    """The names of those whose the findings are: two queries for all of them."""
    rows = list(rows)
    teams = dict(Team.objects.filter(slug__in={row.team for row in rows}).values_list("slug", "name"))
    people = dict(Person.objects.filter(pk__in={row.person for row in rows}).values_list("pk", "display_name"))

    def owner(row: Finding) -> str:
        names = [teams.get(row.team, row.team), people.get(row.person, row.person)]
        return ", ".join(name for name in names if name) or _("Operations team")

    return owner


@page
@require_GET
def finding_page(request: Any, pk: int) -> HttpResponse:
    return _page(request, triage.found(request.actor, pk))


def _page(request: Any, finding: Finding, problems: Iterable[str] = ()) -> HttpResponse:
    problems, why_not = tuple(problems), triage.may_decide(request.actor, finding)
    context = {
        "here": "findings",
        "finding": finding,
        "owner": _owners([finding])(finding),
        "watch": watch_title(finding.watch),
        "evidence": evidence_of(finding),
        "offers": list(offered(request.actor, finding)),
        "decides": why_not is None and finding.resolved_at is None,
        "why_not": why_not if finding.resolved_at is None else None,
        "problems": problems,
        "typed": request.POST,
    }
    return render(request, "web/findings/one.html", context, status=422 if problems else 200)


@page
@require_POST
def decide(request: Any, pk: int, verb: str) -> HttpResponse:
    """What was wrong is said on the finding's own page, with what was typed."""
    actor, finding = request.actor, triage.found(request.actor, pk)
    if verb not in _VERBS:
        raise Refused(Reason("no_such_finding"))
    try:
        _VERBS[verb](actor, pk, request.POST)
    except Refused as refused:
        refused_attempt(actor, f"finding {verb}", finding.subject, refused)
        return _page(request, finding, (said(reason) for reason in refused.reasons))
    messages.success(request, _("Saved."))
    return redirect(f"/findings/{pk}")


def _day(given: Any) -> date:
    """Today, which is refused, where no day was typed."""
    try:
        return parse_date(given.get("until", "")) or date.min
    except ValueError:
        return date.min


_VERBS: dict[str, Callable[[Actor, int, Any], Finding]] = {
    "acknowledge": lambda actor, pk, given: triage.acknowledge(actor, pk, given.get("comment", "")),
    "reopen": lambda actor, pk, given: triage.reopen(actor, pk, given.get("comment", "")),
    "snooze": lambda actor, pk, given: triage.snooze(actor, pk, _day(given), given.get("comment", "")),
    "suppress": lambda actor, pk, given: triage.suppress(actor, pk, _day(given), given.get("comment", "")),
}
