"""移譲: the last six months by routine, and who of the operations team can do what."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from kumoban.desk import handover
from kumoban.desk.routine import all_routines
from kumoban.web.gate import page
from kumoban.web.rule_view import title_of


@page
@require_GET
def handover_page(request: Any) -> HttpResponse:
    months = handover.handed_over(request.actor)
    context = {
        "here": "today",
        "months": [{"row": one, "title": title_of(one.routine)} for one in months],
        "performed": _by_routine(handover.performed(request.actor)),
        "now": request.actor.now,
    }
    return render(request, "web/handover.html", context)


def _by_routine(performed: list[handover.Performed]) -> list[dict[str, Any]]:
    """Every routine there is or was, also one that nobody of the team knows yet: that is what one looks for."""
    rows: dict[str, list[handover.Performed]] = {routine.name: [] for routine in all_routines()}
    for one in performed:
        rows.setdefault(one.routine, []).append(one)
    return [{"title": title_of(name), "name": name, "rows": found} for name, found in sorted(rows.items())]
