"""移譲: the last six months by routine, and who of the operations team can do what."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from kumoban.desk import handover
from kumoban.web.gate import page
from kumoban.web.rule_view import title_of


@page
@require_GET
def handover_page(request: Any) -> HttpResponse:
    months, performed = handover.handed_over(request.actor), handover.performed(request.actor)
    context = {
        "here": "today",
        "months": [{"row": one, "title": title_of(one.routine)} for one in months],
        "performed": [{"row": one, "title": title_of(one.routine)} for one in performed],
        "now": request.actor.now,
    }
    return render(request, "web/handover.html", context)
