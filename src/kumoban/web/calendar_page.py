"""作業カレンダー: a week by account, and the address from which other calendars read it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.dateparse import parse_date
from django.utils.translation import get_language
from django.views.decorators.http import require_GET, require_POST, require_safe

from kumoban.desk import clock
from kumoban.desk.calendar_feed import feed_of, make_feed, reader_of
from kumoban.desk.office_calendar import organisation_zone
from kumoban.desk.work_calendar import week_of
from kumoban.web.gate import page

__all__ = ["calendar_page", "feed", "new_feed"]


@page
@require_GET
def calendar_page(request: Any) -> HttpResponse:
    return _page(request)


@page
@require_POST
def new_feed(request: Any) -> HttpResponse:
    """The address is in this answer, and nowhere else."""
    secret = make_feed(request.actor)
    response = _page(request, f"{settings.KUMOBAN_BASE_URL}/calendar/{secret}.ics")
    response["Cache-Control"] = "no-store"
    return response


def _page(request: Any, address: str = "") -> HttpResponse:
    today = clock.now().astimezone(organisation_zone()).date()
    day = _day(request.GET.get("week", "")) or today
    q = request.GET.get("q", "").strip()[:100]
    week = week_of(request.actor, day, matching=q, language=get_language() or "ja")
    context = {
        "here": "calendar",
        "week": week,
        "today": today,
        "before": week.monday - timedelta(days=7),
        "after": week.monday + timedelta(days=7),
        "sunday": week.monday + timedelta(days=6),
        "wanted": q,
        "address": address,
        "now": clock.now(),
    }
    return render(request, "web/calendar.html", context)


def _day(text: str) -> date | None:
    """Of this century and the next: what every calendar can count from."""
    try:
        found = parse_date(text)
    except ValueError:
        return None
    return found if found and 2000 <= found.year < 2200 else None


@require_safe
def feed(request: HttpRequest, secret: str) -> HttpResponse:
    """Without a session: the address itself is the proof. Anything wrong with it is nothing there."""
    actor = reader_of(secret)
    if actor is None:
        raise Http404
    response = HttpResponse(feed_of(actor), content_type="text/calendar; charset=utf-8")
    response["Cache-Control"] = "private, no-store"
    response["Content-Disposition"] = 'inline; filename="kumoban.ics"'
    return response
