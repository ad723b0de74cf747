"""One's own settings: language and zone, notices, absences with a delegate, API tokens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kumoban.core.reason import Refused
from kumoban.desk import clock, office
from kumoban.desk.calendar_feed import FEED_SCOPE
from kumoban.desk.people import SCOPES
from kumoban.desk.planning import ShapeError
from kumoban.desk.preferences import Preferences, prefer, zones
from kumoban.desk.requests import refused_attempt
from kumoban.desk.shapes import read
from kumoban.desk.sign_in import TokenForm, create_token, revoke_token, tokens_of
from kumoban.estate.models import Person
from kumoban.web.gate import page
from kumoban.web.language import COOKIE
from kumoban.web.moments import aware
from kumoban.web.notices_page import make_code, wish, wishes_context
from kumoban.web.problems import by_field

__all__ = ["cancel_absence", "my_page", "revoke"]

#: people suggested while typing; anybody else is typed whole
SUGGESTED = 500


@page
def my_page(request: Any) -> HttpResponse:
    """One page of several parts. A new secret (token, code) is in the answer to its making, and nowhere else."""
    form = request.POST.get("form", "") if request.method == "POST" else ""
    errors: dict[str, list[str]] = {}
    secret = ""
    if form in _FORMS:
        try:
            secret = _FORMS[form](request)
            if not secret:
                return _saved(request, form)
        except ShapeError as shape:
            errors = by_field(shape)
        except Refused as refused:
            refused_attempt(request.actor, f"my {form}", "me", refused)
            errors = by_field(refused)
    context = {
        **_known(request),
        "form": form,
        "errors": errors,
        "problems": errors.get("", []),
        "secret": secret,
        "typed": request.POST,
    }
    response = render(request, "web/me.html", context, status=422 if errors else 200)
    if secret:
        response["Cache-Control"] = "no-store"
    return response


def _saved(request: Any, form: str) -> HttpResponse:
    messages.success(request, _("Saved."))
    response = redirect(f"/me#{form}")
    if form == "settings" and request.POST.get("language"):
        response.delete_cookie(COOKIE, samesite="Lax")  # the settings speak now
    return response


def _known(request: Any) -> dict[str, Any]:
    actor = request.actor
    return {
        "here": "me",
        **wishes_context(request),
        "now": clock.now(),
        "zones": zones(),
        "absences": office.absences_of(actor).select_related("delegate"),
        "people": Person.objects.filter(absent_since=None, enabled=True).exclude(pk=actor.person.pk)[:SUGGESTED],
        "tokens": tokens_of(actor),
        "scopes": [(scope, _scope(scope)) for scope in SCOPES if scope != FEED_SCOPE],
        "chosen_scopes": request.POST.getlist("scopes") or ["read"],
    }


def _scope(scope: str) -> str:
    return {
        "read": _("see what you may see"),
        "ask": _("ask, withdraw, end, answer, report"),
        "approve": _("approve, deny, return; work of the operations team"),
        "rules": _("change rules and company settings (operations team)"),
    }[scope]


def _choose(request: Any) -> str:
    data = {"language": request.POST.get("language", ""), "zone": request.POST.get("zone", "")}
    prefer(request.actor, read(Preferences, data))
    return ""


def _be_absent(request: Any) -> str:
    given = request.POST
    data = {
        "delegate": given.get("delegate", ""),
        "starts_at": aware(given.get("starts_at", "")),
        "ends_at": aware(given.get("ends_at", "")),
    }
    office.be_absent(request.actor, **read(office.AbsenceForm, data).model_dump())
    return ""


def _make_token(request: Any) -> str:
    given = request.POST
    data = {
        "name": given.get("name", ""),
        "scopes": given.getlist("scopes"),
        "days": given.get("days", "").strip() or 90,
    }
    _token, secret = create_token(request.actor, read(TokenForm, data))
    return secret


_FORMS: dict[str, Callable[[Any], str]] = {
    "settings": _choose,
    "notices": wish,
    "slack": make_code,
    "absences": _be_absent,
    "tokens": _make_token,
}


@page
@require_POST
def cancel_absence(request: Any, pk: int) -> HttpResponse:
    office.cancel_absence(request.actor, pk)
    messages.success(request, _("Done."))
    return redirect("/me#absences")


@page
@require_POST
def revoke(request: Any, pk: int) -> HttpResponse:
    revoke_token(request.actor, pk)
    messages.success(request, _("The token works no more."))
    return redirect("/me#tokens")
