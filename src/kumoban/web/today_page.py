"""本日の運用: the operations team's morning on one page, which prints on one; and what one shift leaves to the next."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from kumoban.core.reason import Refused
from kumoban.desk import shift_notes
from kumoban.desk.requests import refused_attempt
from kumoban.desk.speech import said
from kumoban.desk.today import today_of
from kumoban.findings.visible import counts
from kumoban.web.gate import page

__all__ = ["leave_note", "take_off_note", "today_page"]

#: the parts of the page, in their order: a template each, which shows one answer of ``today_of``
_MAIN = ("tonight", "ends", "work")
_BESIDE = ("findings", "notes", "register")


@page
@require_GET
def today_page(request: Any) -> HttpResponse:
    return _page(request)


def _page(request: Any, problems: tuple[str, ...] = (), typed: str = "") -> HttpResponse:
    today = today_of(request.actor)
    context = {
        "here": "today",
        "today": today,
        "now": today.now,
        "findings": counts(request.actor),
        "main_parts": [f"web/today/{name}.html" for name in _MAIN],
        "beside_parts": [f"web/today/{name}.html" for name in _BESIDE],
        "problems": problems,
        "typed": typed,
    }
    return render(request, "web/today.html", context, status=422 if problems else 200)


@page
@require_POST
def leave_note(request: Any) -> HttpResponse:
    text = request.POST.get("text", "")
    try:
        shift_notes.leave(request.actor, text)
    except Refused as refused:
        refused_attempt(request.actor, "shift note", "web", refused)
        return _page(request, tuple(said(reason) for reason in refused.reasons), text)
    messages.success(request, _("Saved."))
    return redirect("/today#notes")


@page
@require_POST
def take_off_note(request: Any, pk: int) -> HttpResponse:
    shift_notes.take_off(request.actor, pk)
    messages.success(request, _("Done."))
    return redirect("/today#notes")
