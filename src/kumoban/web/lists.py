"""The lists: home, one's own requests, what waits for a decision, what is granted."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render

from kumoban.desk import clock, rules
from kumoban.desk.models import Hold, Request
from kumoban.desk.routine import all_routines
from kumoban.desk.states import HoldState
from kumoban.estate.models import searchable
from kumoban.web.gate import page
from kumoban.web.request_view import plan_rows, unusual


@page
def home(request: Any) -> HttpResponse:
    actor, now = request.actor, clock.now()
    mine = Request.objects.filter(requester=actor.person).order_by("-id")
    live = Hold.objects.filter(person=actor.person, state__in=[HoldState.ACTIVE, HoldState.APPLYING, HoldState.ENDING])
    context = {
        "here": "home",
        "waiting": rules.inbox(actor, now).select_related("requester")[:5],
        "holds": live.select_related("request").order_by("ends_at")[:20],
        "mine": mine[:8],
        "mine_count": mine.count(),
        "routines": all_routines(),
        "now": now,
    }
    return render(request, "web/home.html", context)


@page
def mine(request: Any) -> HttpResponse:
    rows = (
        rules.visible(request.actor, clock.now())
        if request.GET.get("all")
        else Request.objects.filter(requester=request.actor.person)
    )
    wanted = request.GET.get("q", "").strip()
    if wanted:
        rows = rules.visible(request.actor, clock.now()).filter(search__contains=searchable(wanted))
    found = rows.select_related("requester").order_by("-id")[:50]
    return render(request, "web/mine.html", {"here": "mine", "found": found, "q": wanted})


@page
def inbox(request: Any) -> HttpResponse:
    now = clock.now()
    waiting = rules.inbox(request.actor, now).select_related("requester", "plan").prefetch_related("workers")[:30]
    cards = [
        {
            "request": found,
            "rows": plan_rows(found.plan.value) if found.plan else [],
            "unusual": unusual(found),
            "workers": list(found.workers.all()),
        }
        for found in waiting
    ]
    return render(request, "web/inbox.html", {"here": "inbox", "cards": cards, "now": now})


@page
def grants(request: Any) -> HttpResponse:
    """Grants in force that this person may see, the nearest end first."""
    now = clock.now()
    live = [HoldState.APPLYING, HoldState.ACTIVE, HoldState.ENDING, HoldState.FAILED]
    seen = Hold.objects.filter(state__in=live, request__in=rules.visible(request.actor, now))
    rows = seen.select_related("person", "request").order_by("ends_at", "id")[:200]
    context = {
        "here": "grants",
        "holds": rows,
        "count": seen.count(),
        "overdue": seen.filter(ends_at__lt=now).count(),
        "now": now,
    }
    return render(request, "web/grants.html", context)
