"""統制一覧 and 職務分掌: each control with its last run and exceptions; where roles and people meet that should not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from kumoban.core.reason import Refused
from kumoban.desk.planning import ShapeError
from kumoban.desk.speech import said
from kumoban.estate.models import Person
from kumoban.evidence.audit import conflicts as found_conflicts
from kumoban.evidence.audit.controls.listed import CONTROLS, FRAMEWORKS, OWNERS
from kumoban.evidence.audit.controls.running import last_runs, run
from kumoban.evidence.audit.retention import standing
from kumoban.evidence.audit.room import Period, looking, within
from kumoban.ledger.clock import database_now
from kumoban.web.audit_pages import days_of, period_asked
from kumoban.web.gate import guests_too, page

__all__ = ["conflicts_page", "controls_page", "retention_page"]

_HALF_A_YEAR = timedelta(days=183)


@page
@guests_too
def controls_page(request: Any) -> HttpResponse:
    """The list; who audits runs all its queries over a period of theirs."""
    problems: list[str] = []
    if request.method == "POST":
        try:
            run(request.actor, period_asked(request.POST))
            messages.success(request, _("The queries were run; exceptions stand beside each control."))
            return redirect("/audit/controls")
        except ShapeError as shape:
            problems = [said(reason) for _field, reason in shape.errors]
        except Refused as refused:
            if refused.attempt:
                raise
            problems = [said(reason) for reason in refused.reasons]
    runs = last_runs(request.actor)
    rows: list[dict[str, Any]] = [
        {"control": one, "run": runs.get(one.query), "owner": _(OWNERS[one.owner])} for one in CONTROLS
    ]
    context = {
        "here": "audit",
        "audits": bool(request.actor.auditor or request.actor.guest),
        "frameworks": [
            (_(title), [row for row in rows if row["control"].framework == name]) for name, title in FRAMEWORKS.items()
        ],
        "exceptions": [one for one in runs.values() if one.exceptions],
        "problems": problems,
        "typed": request.POST,
    }
    return render(request, "web/audit/controls.html", context, status=422 if problems else 200)


@page
@guests_too
@require_GET
def conflicts_page(request: Any) -> HttpResponse:
    """Of the last half year, or of the period asked for."""
    looking(request.actor)
    problems: list[str] = []
    now = database_now()
    guest = request.actor.guest
    period = Period(guest.since, guest.until) if guest else Period(now - _HALF_A_YEAR, now)
    if request.GET.get("since") or request.GET.get("until"):
        try:
            period = within(request.actor, period_asked(request.GET))
        except ShapeError as shape:
            problems = [said(reason) for _field, reason in shape.errors]
        except Refused as refused:
            problems = [said(reason) for reason in refused.reasons]
    found = found_conflicts.conflicts(period)
    ids = {person for one in found for person in (one.first, one.second)}
    names = dict(Person.objects.filter(pk__in=ids).values_list("pk", "display_name"))
    context = {
        "here": "audit",
        "rows": [
            {
                "conflict": one,
                "text": _(found_conflicts.KINDS[one.kind]),
                "first": names.get(one.first, one.first),
                "second": names.get(one.second, one.second) if one.second != one.first else "",
                "requests": one.requests[:20],
                "more": max(len(one.requests) - 20, 0),
            }
            for one in found
        ],
        "problems": problems,
        "asked": request.GET,
        **days_of(period.since, period.until),
    }
    return render(request, "web/audit/conflicts.html", context, status=422 if problems else 200)


@page
@guests_too
@require_GET
def retention_page(request: Any) -> HttpResponse:
    return render(request, "web/audit/retention.html", {"here": "audit", "rows": standing(request.actor)})
