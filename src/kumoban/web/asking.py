"""Asking: the form of a routine, what would happen while it is being filled, and what is offered."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from kumoban.core.form import Choices
from kumoban.core.reason import Reason, Refused
from kumoban.desk import clock, requests, rules
from kumoban.desk.favourites import favourite, favourites, remove, save
from kumoban.desk.models import Request
from kumoban.desk.planning import Draft, ShapeError, draft
from kumoban.desk.recurring import RecurringForm, add_recurring, recurs
from kumoban.desk.routine import Routine, routine_of, routines_for
from kumoban.desk.speech import said
from kumoban.estate.models import Person
from kumoban.findings.triage import proposed
from kumoban.reviews.answering import proposed as proposed_by_answer
from kumoban.web.form_view import bundles_of, chosen_at_once, fields_of, most_of, narrowed, options_of, typed
from kumoban.web.from_text import Told, read
from kumoban.web.gate import page
from kumoban.web.numbers import whole
from kumoban.web.recurring_pages import recurring_fields, when_typed, without_times
from kumoban.web.request_view import plan_rows, slot_views, when_of
from kumoban.web.runbook_page import beside_the_form


@page
def ask_index(request: Any) -> HttpResponse:
    routines = routines_for(request.actor.ops)
    kept = favourites(request.actor).filter(routine__in=[routine.name for routine in routines])
    return render(request, "web/ask_index.html", {"here": "ask", "routines": routines, "favourites": kept})


@page
@require_POST
def remove_favourite(request: Any, pk: int) -> HttpResponse:
    remove(request.actor, pk)
    messages.success(request, gettext("Removed."))
    return redirect("/ask")


@page
def ask(request: Any, name: str) -> HttpResponse:
    """The form. ``?number=`` corrects a returned request, ``?like=`` asks the same again, ``?extend=`` for longer."""
    routine = routine_named(name)
    number, extends = request.GET.get("number", ""), request.GET.get("extend", "")
    posted = request.method == "POST"
    data, extra = typed(routine, request.POST) if posted else _prefilled(request, routine)
    errors: dict[str, list[str]] = {}
    data = _with_bundles(request, routine, data) if posted else data
    told = None
    if posted and "understand" in request.POST:
        try:
            data, extra, told = read(request.actor, routine, request.POST.get("text", ""), data, extra)
        except Refused as refused:
            errors = {"": [said(reason) for reason in refused.reasons]}
    elif posted and "narrow" not in request.POST:
        try:
            if "keep" in request.POST:
                save(request.actor, request.POST.get("favourite", ""), routine.name, data, extra)
                messages.success(request, gettext("Kept as a favourite."))
                return _form(request, routine, data, extra, errors)
            if "recur" in request.POST:
                return _recur(request, routine, data, extra)
            made = _submit(request, routine, data, extra, number, extends)
            return redirect(f"/requests/{made.number}")
        except ShapeError as shape:
            errors = errors_by_field(shape)
        except Refused as refused:
            requests.refused_attempt(request.actor, "ask", routine.name, refused)
            errors = {"": [said(reason) for reason in refused.reasons]}
    return _form(request, routine, data, extra, errors, told)


def _with_bundles(request: Any, routine: Routine, data: dict[str, Any]) -> dict[str, Any]:
    """Without script, what was chosen at once comes with the form (``bundle.<field>``)."""
    chosen = dict(data)
    for name in routine.form.model_fields:
        if key := request.POST.get(f"bundle.{name}", ""):
            chosen[name], _about = chosen_at_once(routine, name, request.actor.person, key, data.get(name, []))
    return chosen


def _form(
    request: Any,
    routine: Routine,
    data: dict[str, Any],
    extra: dict[str, str],
    errors: dict[str, list[str]],
    told: Told | None = None,
) -> HttpResponse:
    number, extends = request.GET.get("number", ""), request.GET.get("extend", "")
    fields = fields_of(routine, request.actor.person, data, extra, errors, narrowed(request.POST))
    unnamed = errors.get("favourite", [])
    unnamed += [text for name, texts in errors.items() if name.startswith("recur.") for text in texts]
    context = {
        "here": "ask",
        "routine": routine,
        "base": f"/ask/{routine.name}",
        "number": number,
        "extends": extends,
        "fields": fields,
        "problems": [*errors.get("", []), *unnamed],
        "reads_text": routine.from_text is not None,
        "text": request.POST.get("text", "")[:20_000],
        "told": told,
        "recur": recurring_fields(request) if recurs(routine) and not number and not extends else None,
        "may_keep": not number and not extends,
        "keeping": request.POST.get("favourite", ""),
        "wrong": [field for field in fields if field.errors],
        "emergencies": not number and rules.emergencies(routine, request.actor.person),
        "emergency": "emergency" in request.POST or "emergency" in request.GET,
        "runbook": beside_the_form(request.actor, routine),
        "ticket": request.POST.get("once") or secrets.token_hex(12),
    }
    if request.htmx and "understand" in request.POST:
        return render(request, "web/parts/asking.html", context)
    return render(request, "web/ask.html", context, status=422 if errors else 200)


def _submit(
    request: Any, routine: Routine, data: dict[str, Any], extra: dict[str, str], number: str, extends: str
) -> Request:
    if number:
        return requests.resubmit(request.actor, number, data, extra)
    once, emergency = request.POST.get("once", "")[:40], "emergency" in request.POST
    return requests.ask(
        request.actor, routine.name, data, extra=extra, emergency=emergency, idempotency=once, extends=extends
    )


def _recur(request: Any, routine: Routine, data: dict[str, Any], extra: dict[str, str]) -> HttpResponse:
    """Saved as recurring; its times are those of the dates, not of the form."""
    try:
        add_recurring(request.actor, routine.name, without_times(routine, data), when_typed(request.POST), extra)
    except ShapeError as shape:  # what is wrong about the dates stands at them, not at a field of the form
        own = [(f"recur.{name}" if name in RecurringForm.model_fields else name, why) for name, why in shape.errors]
        raise ShapeError(own) from shape
    messages.success(request, gettext("Saved as recurring."))
    return redirect("/recurring")


def _prefilled(request: Any, routine: Routine) -> tuple[dict[str, Any], dict[str, str]]:
    """The form of an earlier request: whole where it is corrected, without its times where it is asked again.

    Or a favourite, or the form that a finding, or the answer to a review, proposes.
    """
    number, like = request.GET.get("number", ""), request.GET.get("like", "")
    if extends := request.GET.get("extend", ""):
        return requests.extended_form(requests.to_extend(request.actor, extends))
    if (kept := request.GET.get("favourite", "")) and not number:
        found = favourite(request.actor, whole(kept), routine.name)
        return dict(found.form), dict(found.extra)
    if finding := whole(request.GET.get("finding")):
        return dict(proposed(request.actor, finding, routine.name)), {}
    if line := whole(request.GET.get("review")):
        return proposed_by_answer(request.actor, line, routine.name), {}
    if not number and not like:
        return {}, {}
    before = rules.visible(request.actor).filter(number=number or like, routine=routine.name).first()
    if before is None:
        return {}, {}
    form = dict(before.form)
    if not number:
        form.pop("start", None)
        if not str(form.get("until", "")).startswith("PT"):
            form.pop("until", None)
    return {name: _typed_again(value) for name, value in form.items()}, dict(before.extra)


def _typed_again(value: Any) -> Any:
    """A stored length as somebody would type it: PT1800S is 30m."""
    match = re.fullmatch(r"PT(\d+)S", value) if isinstance(value, str) else None
    if match is None or int(match[1]) % 60:
        return value
    minutes = int(match[1]) // 60
    return f"{minutes // 60}h" if minutes % 60 == 0 else f"{minutes}m"


@page
@require_POST
def preview(request: Any, name: str) -> HttpResponse:
    """What would happen, beside the form while it is being filled; what is wrong so far goes to its field."""
    return previewed(
        request,
        routine_named(name),
        request.actor.person,
        partial(draft, request.actor, emergency="emergency" in request.POST),
    )


def previewed(request: Any, routine: Routine, requester: Person, drafted: Callable[..., Draft]) -> HttpResponse:
    """The same for whoever will be the requester; ``drafted`` plans what was typed."""
    data, extra = typed(routine, request.POST)
    known = [*routine.form.model_fields, *(f"extra.{key}" for key in extra)]
    try:
        made = drafted(routine, data, extra)
    except Refused as refused:
        return render(request, "web/parts/preview.html", {"refused": refused.reasons, "fields": _errors(known, {})})
    except ShapeError as shape:
        wrong = {
            name: text for name, text in errors_by_field(shape).items() if name in data or name.startswith("extra.")
        }
        wrong = {name: text for name, text in wrong.items() if name in data or name.removeprefix("extra.") in extra}
        missing = [name for name, _reason in shape.errors if name not in data]
        context = {"incomplete": True, "fields": _errors(known, wrong), "missing": _titles(routine, missing)}
        return render(request, "web/parts/preview.html", context)
    context = {
        "draft": made,
        "notes": made.decision.notes,
        "rows": plan_rows(made.plan),
        "when": when_of(made.plan),
        "slots": slot_views(made.decision.slots, clock.now(), {requester.id, *(one.id for one in made.workers)}),
        "needed": sum(slot.count for slot in made.decision.slots),
        "fields": _errors(known, {}),
    }
    return render(request, "web/parts/preview.html", context)


def _errors(known: list[str], wrong: dict[str, list[str]]) -> list[dict[str, Any]]:
    return [{"name": name, "errors": wrong.get(name, [])} for name in known]


def _titles(routine: Routine, names: list[str]) -> list[str]:
    fields = routine.form.model_fields
    return [gettext(fields[name].title or name) for name in dict.fromkeys(names) if name in fields]


@page
@require_GET
def offers(request: Any, name: str, field: str) -> HttpResponse:
    """The options of one field narrowed down; what is ticked stays."""
    return offered(request, routine_named(name), field, request.actor.person)


def offered(request: Any, routine: Routine, field: str, person: Person) -> HttpResponse:
    query, kept = request.GET.get(f"narrow.{field}", "")[:100], request.GET.getlist(field)[:50]
    info = routine.form.model_fields.get(field)
    many = any(isinstance(meta, Choices) and meta.multiple for meta in info.metadata) if info else False
    at_once = ("", 0, 0)
    if many and (key := request.GET.get(f"bundle.{field}", "")[:100]):
        kept, at_once = chosen_at_once(routine, field, person, key, kept)
    options = options_of(routine, field, person, query, kept)
    view = {"name": field, "kind": "many" if many else "pick", "options": options, "values": kept}
    if many:
        view |= {"bundles": bundles_of(routine, field, person), "most": most_of(routine, field)}
    base = request.path.partition("/offers/")[0]
    answer = render(
        request, "web/parts/options.html", {"field": view, "query": query, "base": base, "at_once": at_once}
    )
    if at_once[0]:
        answer["HX-Trigger-After-Settle"] = "chosen"
    return answer


def routine_named(name: str) -> Routine:
    routine = routine_of(name)
    if routine is None:
        raise Refused(Reason("no_such_routine", {"routine": name[:60]}))
    return routine


def errors_by_field(shape: ShapeError) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, reason in shape.errors:
        found.setdefault(name, []).append(said(reason))
    return found
