"""All plans a request had, and what differs between two of them."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from kumoban.core.reason import Reason, Refused
from kumoban.desk import rules
from kumoban.desk.comparing import Comparison, compare, plan_of, plans_of
from kumoban.desk.models import Plan, Request
from kumoban.web.gate import guests_too, page
from kumoban.web.numbers import whole

__all__ = ["plans_page"]


@page
@guests_too
@require_GET
def plans_page(request: Any, number: str) -> HttpResponse:
    """With ``?from=1&to=2`` the comparison; without, that of the last two where there are two."""
    found = rules.visible(request.actor).filter(number=number).select_related("requester").first()
    if found is None:
        raise Refused(Reason("no_such_request", {"request": number[:40]}))
    plans = plans_of(found)
    told = _compared(request, found, plans)
    context = {"here": "mine", "found": found, "plans": plans, "told": told, "ordinals": [p.ordinal for p in plans]}
    return render(request, "web/plans.html", context)


def _compared(request: Any, found: Request, plans: list[Plan]) -> Comparison | None:
    if len(plans) < 2:
        return None
    before = _ordinal(request.GET.get("from"), plans[1].ordinal)
    after = _ordinal(request.GET.get("to"), plans[0].ordinal)
    return compare(plan_of(found, before), plan_of(found, after))


def _ordinal(given: str | None, otherwise: int) -> int:
    return otherwise if (found := whole(given)) is None else found
