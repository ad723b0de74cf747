"""Systems outside in which people decide, and the tokens with which they read what waits there."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kumoban.desk.machines import (
    MachineTokenForm,
    machine_tokens,
    make_machine_token,
    revoke_machine_token,
    systems,
)
from kumoban.desk.planning import ShapeError
from kumoban.desk.shapes import read
from kumoban.web.gate import page
from kumoban.web.problems import by_field

__all__ = ["revoke", "systems_page"]


@page
def systems_page(request: Any) -> HttpResponse:
    """For the operations team. A token that was just made is shown on this answer only."""
    secret, errors = "", dict[str, list[str]]()
    tokens = machine_tokens(request.actor)
    if request.method == "POST":
        data = {"system": request.POST.get("system", ""), "days": request.POST.get("days", "").strip() or 90}
        try:
            _made, secret = make_machine_token(request.actor, read(MachineTokenForm, data))
        except ShapeError as shape:
            errors = by_field(shape)
    context = {
        "here": "office",
        "systems": systems(),
        "tokens": list(tokens),
        "secret": secret,
        "errors": errors,
        "typed": request.POST,
    }
    return render(request, "web/systems.html", context, status=422 if errors else 200)


@page
@require_POST
def revoke(request: Any, pk: int) -> HttpResponse:
    revoke_machine_token(request.actor, pk)
    messages.success(request, _("The token works no more."))
    return redirect("/office/systems")
