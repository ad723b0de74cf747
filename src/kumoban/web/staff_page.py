"""人事: the HR department's table, previewed and then taken; everything of one person, and their leaving."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from kumoban.core.reason import Reason, Refused
from kumoban.desk import clock, staff
from kumoban.desk.requests import refused_attempt
from kumoban.desk.staff.person import leave, sheet_of
from kumoban.estate.models import Team
from kumoban.web.gate import page
from kumoban.web.problems import by_field

#: rows of each list that a page shows; the others are counted
_SHOWN = 200
#: the table that was previewed is kept with the session until it is written or another one is shown
_KEPT = "staff_table"


@page
def staff_page(request: Any) -> HttpResponse:
    """A file; then what it would do; then exactly that written."""
    if not request.actor.ops:
        raise Refused(Reason("ops_only"), attempt=True)
    context: dict[str, Any] = {"here": "office", "problems": []}
    if request.method != "POST":
        request.session.pop(_KEPT, None)
        return render(request, "web/staff.html", context)
    try:
        if digest := request.POST.get("digest", ""):
            return _written(request, staff.take(request.actor, request.session.get(_KEPT, ""), digest=digest))
        text = _given(request)
        context |= _previewed(staff.preview(request.actor, text))
        request.session[_KEPT] = text
    except Refused as refused:
        refused_attempt(request.actor, "take staff table", "staff", refused)
        context["problems"] = [text for texts in by_field(refused).values() for text in texts]
    return render(request, "web/staff.html", context, status=422 if context["problems"] else 200)


def _given(request: Any) -> str:
    uploaded = request.FILES.get("file")
    return str(request.POST.get("text", "")) if uploaded is None else staff.text_of(uploaded)


def _previewed(seen: staff.Preview) -> dict[str, Any]:
    table, effects = seen.table, seen.effects
    slugs = {team for loss in effects.losses for team, _count in loss.teams}
    names = dict(Team.objects.filter(slug__in=slugs).values_list("slug", "name"))
    return {
        "preview": table,
        "unchanged": sum(line.change == "same" for line in table.lines),
        "refused": table.refused[:_SHOWN],
        "more_refused": max(len(table.refused) - _SHOWN, 0),
        "losses": [
            {"loss": loss, "teams": [(names.get(team, team), count) for team, count in loss.teams]}
            for loss in effects.losses[:_SHOWN]
        ],
        "more_losses": max(len(effects.losses) - _SHOWN, 0),
        "unanswerable": effects.unanswerable[:_SHOWN],
        "days": sorted({line.valid_from for line in table.taken})[:10],
    }


def _written(request: Any, rows: int) -> HttpResponse:
    request.session.pop(_KEPT, None)
    messages.success(request, ngettext("%(n)d row is taken.", "%(n)d rows are taken.", rows) % {"n": rows})
    return redirect("/staff")


@page
@require_GET
def person_page(request: Any, person_id: str) -> HttpResponse:
    """Everything of one person: one's own, or anybody's for the operations team and auditors."""
    sheet = sheet_of(request.actor, person_id)
    context = {
        "here": "me" if sheet.person.id in request.actor.accounts else "access",
        "sheet": sheet,
        "may_take_leave": request.actor.ops and sheet.person.id not in request.actor.accounts,
        "now": clock.now(),
    }
    return render(request, "web/person.html", context)


@page
@require_POST
def person_leaves(request: Any, person_id: str) -> HttpResponse:
    made = leave(request.actor, person_id)
    messages.success(request, _("What the desk could take back is taken back. The rest is this request."))
    return redirect(f"/requests/{made.number}")
