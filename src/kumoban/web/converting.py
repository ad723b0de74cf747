"""Making a routine's request of another request: its form, filled by the operations team for the requester."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from kumoban.core.form import Choices
from kumoban.core.reason import Reason, Refused
from kumoban.desk import requests, rules
from kumoban.desk.models import Request
from kumoban.desk.planning import ShapeError
from kumoban.desk.routine import Routine, all_routines
from kumoban.desk.speech import said
from kumoban.web.asking import errors_by_field, offered, previewed, routine_named
from kumoban.web.context import forget_counts
from kumoban.web.form_view import fields_of, narrowed, typed
from kumoban.web.gate import page

__all__ = ["convert", "index", "offers", "preview"]


@page
@require_GET
def index(request: Any, number: str) -> HttpResponse:
    """Into which routine."""
    found = _convertible(request, number)
    routines = [one for one in all_routines() if not one.open_to_all and one.handover == "delegated"]
    return render(request, "web/convert.html", {"here": "work", "found": found, "routines": routines})


@page
def convert(request: Any, number: str, name: str) -> HttpResponse:
    """The routine's form with what the other request says; what was refused is shown again as it was typed."""
    found, routine = _convertible(request, number), routine_named(name)
    posted = request.method == "POST"
    data, extra = typed(routine, request.POST) if posted else (_prefilled(found, routine), {})
    errors: dict[str, list[str]] = {}
    if posted and "narrow" not in request.POST:
        try:
            made = requests.convert(request.actor, number, routine.name, data, extra)
            forget_counts(request.actor)
            return redirect(f"/requests/{made.number}")
        except ShapeError as shape:
            errors = errors_by_field(shape)
        except Refused as refused:
            requests.refused_attempt(request.actor, "convert", number, refused)
            errors = {"": [said(reason) for reason in refused.reasons]}
    fields = fields_of(routine, found.requester, data, extra, errors, narrowed(request.POST))
    context = {
        "here": "work",
        "routine": routine,
        "base": f"/requests/{number}/convert/{routine.name}",
        "converted": found,
        "number": "",
        "fields": fields,
        "problems": errors.get("", []),
        "wrong": [field for field in fields if field.errors],
    }
    return render(request, "web/ask.html", context, status=422 if errors else 200)


@page
@require_POST
def preview(request: Any, number: str, name: str) -> HttpResponse:
    found, routine = _convertible(request, number), routine_named(name)
    return previewed(request, routine, found.requester, partial(_drafted, request.actor, number))


def _drafted(actor: Any, number: str, routine: Routine, data: dict[str, Any], extra: dict[str, str]) -> Any:
    return requests.draft_of(actor, number, routine.name, data, extra)


@page
@require_GET
def offers(request: Any, number: str, name: str, field: str) -> HttpResponse:
    """What the requester would be offered."""
    return offered(request, routine_named(name), field, _convertible(request, number).requester)


def _convertible(request: Any, number: str) -> Request:
    found = rules.visible(request.actor).filter(number=number).select_related("requester").first()
    if found is None:
        raise Refused(Reason("no_such_request", {"request": number[:40]}))
    if not requests.convertible(request.actor, found):
        raise Refused(Reason("not_convertible"))
    return found


def _prefilled(found: Request, routine: Routine) -> dict[str, Any]:
    """The reason as it was asked, and the requester as the worker, where the form has such fields."""
    fields = routine.form.model_fields
    data: dict[str, Any] = {}
    if "reason" in fields:
        longest = next((one.max_length for one in fields["reason"].metadata if hasattr(one, "max_length")), 4000)
        data["reason"] = f"{found.form.get('subject', '')}\n{found.reason}".strip()[:longest]
    workers = fields.get("workers")
    if workers is not None and any(isinstance(one, Choices) for one in workers.metadata):
        data["workers"] = [found.requester_id]
    return data
