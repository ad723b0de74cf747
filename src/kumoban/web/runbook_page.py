"""手順書: a routine's runbook, that one has read it, and who finished its exercise."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from kumoban.aws.mode import practising
from kumoban.desk.exercises import confirm_exercise, exercises
from kumoban.desk.people import Actor
from kumoban.desk.qualified import Qualification, qualification
from kumoban.desk.routine import Routine
from kumoban.desk.runbooks import Runbook, read_runbook, runbook_named, runbook_of
from kumoban.web.gate import page
from kumoban.web.markdown import rendered

__all__ = ["beside_the_form", "confirm", "read", "runbook_page"]


@page
@require_GET
def runbook_page(request: Any, name: str) -> HttpResponse:
    runbook = runbook_named(name)
    language = get_language() or "ja"
    context = {
        "here": "ask",
        "runbook": runbook,
        "title": runbook.title(language),
        "body": rendered(runbook.text(language).partition("\n")[2]),
        "own": qualification(request.actor.person.id, name),
        "exercises": exercises(request.actor, name),
        "practising": practising(),
        "may_confirm": request.actor.ops and not practising(),
        "may_ask": request.actor.ops or runbook.routine.handover != "ops_only",
    }
    return render(request, "web/runbook.html", context)


def beside_the_form(actor: Actor, routine: Routine) -> dict[str, Runbook | Qualification] | None:
    """What the form of a routine says about its runbook; None where it has none."""
    runbook = runbook_of(routine)
    return {"runbook": runbook, "own": qualification(actor.person.id, routine.name)} if runbook else None


@page
@require_POST
def read(request: Any, name: str) -> HttpResponse:
    read_runbook(request.actor, name, digest=request.POST.get("digest", "")[:64])
    messages.success(request, _("It is recorded that you have read this version."))
    return redirect(f"/runbooks/{name}")


@page
@require_POST
def confirm(request: Any, name: str) -> HttpResponse:
    person, reference = request.POST.get("person", "").strip(), request.POST.get("reference", "")
    made = confirm_exercise(request.actor, name, person=person, reference=reference)
    messages.success(request, _("%(name)s has finished the exercise.") % {"name": made.person.display_name})
    return redirect(f"/runbooks/{name}")
