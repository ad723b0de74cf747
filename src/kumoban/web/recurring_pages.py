"""定期申請 on pages: what comes again and when, saved from a form, paused, resumed, ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext, gettext_noop
from django.views.decorators.http import require_POST

from kumoban.core.form import OfficeTime, Until
from kumoban.core.reason import Reason, Refused
from kumoban.core.recurrence import EVERY, ON_CLOSED_DAYS
from kumoban.desk import requests
from kumoban.desk.models import RecurringRequest
from kumoban.desk.planning import ShapeError
from kumoban.desk.recurring import RecurringForm, change_recurring, first_dates, next_dates, recurring
from kumoban.desk.routine import Routine, routine_of
from kumoban.desk.shapes import read
from kumoban.desk.speech import said
from kumoban.web.gate import page

__all__ = ["recurring_fields", "recurring_page", "when_typed", "without_times"]

_EVERY = {
    "business_day": gettext_noop("Every business day"),
    "week": gettext_noop("Every week, on these days"),
    "month_day": gettext_noop("Every month, on day n"),
    "business_day_of_month": gettext_noop("Every month, on the n-th business day"),
    "last_business_day": gettext_noop("Every month, on the last business day"),
    "weekday_of_month": gettext_noop("Every month, on the n-th such weekday (-1: the last)"),
}
_CLOSED = {
    "same": gettext_noop("all the same"),
    "skip": gettext_noop("left out"),
    "before": gettext_noop("the business day before"),
    "after": gettext_noop("the business day after"),
}
_DAYS = (
    gettext_noop("Monday"),
    gettext_noop("Tuesday"),
    gettext_noop("Wednesday"),
    gettext_noop("Thursday"),
    gettext_noop("Friday"),
    gettext_noop("Saturday"),
    gettext_noop("Sunday"),
)
_FIELDS = ("name", "every", "at", "length", "until", "nth", "closed")


def recurring_fields(request: Any) -> dict[str, Any]:
    """What was typed of the dates, and what there is to choose from."""
    post = request.POST
    return {
        "typed": {name: post.get(f"recur.{name}", "") for name in _FIELDS},
        "weekdays": post.getlist("recur.weekdays"),
        "every": [(code, gettext(_EVERY[code])) for code in EVERY],
        "closed": [(code, gettext(_CLOSED[code])) for code in ON_CLOSED_DAYS],
        "days": [(str(number), gettext(day)) for number, day in enumerate(_DAYS)],
        "open": "recur" in post,
    }


def when_typed(post: QueryDict) -> dict[str, Any]:
    """The dates as ``RecurringForm`` takes them; blank is absent."""
    said = {name: post.get(f"recur.{name}", "").strip() for name in _FIELDS}
    days = post.getlist("recur.weekdays")
    return {name: value for name, value in said.items() if value} | ({"weekdays": days} if days else {})


def without_times(routine: Routine, data: Mapping[str, Any]) -> dict[str, Any]:
    """Its times are those of its dates."""
    times = {
        name
        for name, info in routine.form.model_fields.items()
        if any(isinstance(meta, OfficeTime | Until) for meta in info.metadata)
    }
    return {name: value for name, value in data.items() if name not in times}


@page
@require_POST
def preview(request: Any) -> HttpResponse:
    """The next six dates, while they are being chosen."""
    try:
        named = {"name": "-", **when_typed(request.POST)}
        context: dict[str, Any] = {"dates": first_dates(read(RecurringForm, named))}
    except ShapeError as shape:
        typed = when_typed(request.POST)
        context = {"wrong": [said(why) for name, why in shape.errors if name in typed]}
    return render(request, "web/parts/recurring_dates.html", context)


@page
def recurring_page(request: Any) -> HttpResponse:
    rows = [_row(one, request.actor.person.id) for one in recurring(request.actor)[:100]]
    return render(request, "web/recurring.html", {"here": "recurring", "rows": rows})


def _row(one: RecurringRequest, person: str) -> dict[str, Any]:
    routine = routine_of(one.routine)
    latest = one.occurrences.select_related("request").order_by("-day")[:5]
    return {
        "it": one,
        "own": one.person_id == person,
        "title": routine.title if routine else one.routine,
        "every": gettext(_EVERY.get(one.when["every"], one.when["every"])),
        "days": [gettext(_DAYS[day]) for day in one.when.get("weekdays", ())],
        "why": [Reason.from_stored(why) for why in one.why],
        "dates": next_dates(one),
        "past": [(found, [Reason.from_stored(why) for why in found.why]) for found in latest],
    }


@page
@require_POST
def change(request: Any, pk: int, act: str) -> HttpResponse:
    try:
        change_recurring(request.actor, pk, act)
        messages.success(request, gettext("Done."))
    except Refused as refused:
        requests.refused_attempt(request.actor, "recurring", "recurring", refused)
        for reason in refused.reasons:
            messages.error(request, said(reason))
    return redirect("/recurring")
