"""Machine identities: who answers for each, its tokens, and what the operations team does about them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kumoban.core.reason import Refused
from kumoban.desk.machine_identities.keeping import (
    HandOverForm,
    MachineForm,
    RotateForm,
    hand_over,
    machines,
    make_machine,
    rotate,
    stop,
)
from kumoban.desk.machine_identities.models import Machine
from kumoban.desk.planning import ShapeError
from kumoban.desk.shapes import read
from kumoban.desk.words import say
from kumoban.ledger.clock import database_now
from kumoban.web.gate import page
from kumoban.web.problems import by_field

__all__ = ["give", "machines_page", "new_token", "stop_machine"]


@page
def machines_page(request: Any) -> HttpResponse:
    """For the operations team. A token that was just made is shown on this answer only."""
    machines(request.actor)  # who may not see it does nothing on it
    if request.method != "POST":
        return _shown(request)
    data = {name: request.POST.get(name, "").strip() for name in ("name", "owner")}
    return _with_secret(request, lambda: make_machine(request.actor, read(MachineForm, {**data, **_token(request)})))


@page
@require_POST
def new_token(request: Any, machine: str) -> HttpResponse:
    return _with_secret(request, lambda: rotate(request.actor, machine, read(RotateForm, {})))


@page
@require_POST
def give(request: Any, machine: str) -> HttpResponse:
    try:
        hand_over(request.actor, machine, read(HandOverForm, {"owner": request.POST.get("owner", "").strip()}))
    except ShapeError as shape:
        return _shown(request, about=machine, errors=by_field(shape))
    except Refused as refused:
        if refused.field != "owner":
            raise
        return _shown(request, about=machine, errors={"owner": [say(reason) for reason in refused.reasons]})
    messages.success(request, _("It has another owner. What it asked for before and is not applied is asked anew."))
    return redirect("/office/machines")


@page
@require_POST
def stop_machine(request: Any, machine: str) -> HttpResponse:
    stop(request.actor, machine)
    messages.success(request, _("The machine is stopped, and its tokens work no more."))
    return redirect("/office/machines")


def _token(request: Any) -> dict[str, Any]:
    scopes = ["read"] if request.POST.get("scopes") == "read" else ["read", "ask"]
    return {"scopes": scopes, "days": request.POST.get("days", "").strip() or 90}


def _with_secret(request: Any, make: Callable[[], tuple[Machine, str]]) -> HttpResponse:
    try:
        made, secret = make()
    except ShapeError as shape:
        return _shown(request, errors=by_field(shape))
    except Refused as refused:
        if not refused.field:
            raise
        return _shown(request, errors={refused.field: [say(reason) for reason in refused.reasons]})
    return _shown(request, about=made.name, secret=secret)


def _shown(
    request: Any, *, about: str = "", secret: str = "", errors: Mapping[str, list[str]] | None = None
) -> HttpResponse:
    now = database_now()
    rows = [(one, one.why_not(now)) for one in machines(request.actor)]
    context = {
        "here": "office",
        "machines": [{"machine": one, "why_not": say(why) if why else ""} for one, why in rows],
        "about": about,
        "secret": secret,
        "errors": errors or {},
        "typed": request.POST if errors else {},
    }
    return render(request, "web/machines.html", context, status=422 if errors else 200)
