"""Asking: the form of a routine, what would happen while it is being filled, and what is offered."""

from __future__ import annotations

import secrets
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from kumoban.core.reason import Reason, Refused
from kumoban.desk import clock, requests, rules
from kumoban.desk.models import Request
from kumoban.desk.planning import ShapeError, draft
from kumoban.desk.routine import Routine, all_routines, routine_of
from kumoban.desk.words import say
from kumoban.web.form_view import fields_of, options_of, typed
from kumoban.web.gate import page
from kumoban.web.request_view import plan_rows, slot_views


@page
def ask_index(request: Any) -> HttpResponse:
    return render(request, "web/ask_index.html", {"here": "ask", "routines": all_routines()})


@page
def ask(request: Any, name: str) -> HttpResponse:
    """The form; a returned request is corrected with ``?number=``."""
    routine = _routine(name)
    number = request.GET.get("number", "")
    data, extra = (
        typed(routine, request.POST) if request.method == "POST" else _prefilled(request.actor, routine, number)
    )
    errors: dict[str, list[str]] = {}
    if request.method == "POST":
        try:
            made = _submit(request, routine, data, extra, number)
            return redirect(f"/requests/{made.number}")
        except ShapeError as shape:
            errors = _by_field(shape)
        except Refused as refused:
            requests.refused_attempt(request.actor, "ask", routine.name, refused)
            errors = {"": [say(reason) for reason in refused.reasons]}
    context = {
        "here": "ask",
        "routine": routine,
        "number": number,
        "fields": fields_of(routine, request.actor.person, data, extra, errors),
        "problems": errors.get("", []),
        "ticket": request.POST.get("once") or _once(),
    }
    return render(request, "web/ask.html", context, status=422 if errors else 200)


def _submit(request: Any, routine: Routine, data: dict[str, Any], extra: dict[str, str], number: str) -> Request:
    if number:
        return requests.resubmit(request.actor, number, data, extra)
    return requests.ask(request.actor, routine.name, data, extra=extra, idempotency=request.POST.get("once", "")[:40])


def _once() -> str:
    return secrets.token_hex(12)


def _prefilled(actor: Any, routine: Routine, number: str) -> tuple[dict[str, Any], dict[str, str]]:
    if not number:
        return {}, {}
    before = rules.visible(actor, clock.now()).filter(number=number, routine=routine.name).first()
    return (dict(before.form), dict(before.extra)) if before else ({}, {})


@page
@require_POST
def preview(request: Any, name: str) -> HttpResponse:
    """What would happen, beside the form while it is being filled."""
    routine = _routine(name)
    data, extra = typed(routine, request.POST)
    try:
        made = draft(request.actor, routine, data, extra)
    except ShapeError as shape:
        touched = {key: text for key, text in _by_field(shape).items() if key in data}
        return render(request, "web/parts/preview.html", {"incomplete": True, "touched": touched})
    context = {"draft": made, "rows": plan_rows(made.plan), "slots": slot_views(made.decision.slots, [])}
    return render(request, "web/parts/preview.html", context)


@page
@require_GET
def offers(request: Any, name: str, field: str) -> HttpResponse:
    """The options of one field narrowed down; what is ticked stays."""
    routine = _routine(name)
    query, kept = request.GET.get("narrow", "")[:100], request.GET.getlist(field)[:20]
    view = {"name": field, "options": options_of(routine, field, request.actor.person, query, kept), "values": kept}
    return render(request, "web/parts/options.html", {"field": view})


def _routine(name: str) -> Routine:
    routine = routine_of(name)
    if routine is None:
        raise Refused(Reason("no_such_routine", {"routine": name[:60]}))
    return routine


def _by_field(shape: ShapeError) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, reason in shape.errors:
        found.setdefault(name, []).append(say(reason))
    return found
