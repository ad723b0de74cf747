"""One request's page, its moving part, and what people do there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kumoban.core.reason import Reason, Refused
from kumoban.desk import clock, requests, rules
from kumoban.desk.models import Approval, CompletionReport, WorkEntry
from kumoban.desk.routine import routine_of
from kumoban.desk.states import HoldState
from kumoban.ledger.search import search
from kumoban.web.gate import page
from kumoban.web.request_view import history, in_order, plan_rows, slot_views, track


@page
def request_page(request: Any, number: str) -> HttpResponse:
    return render(request, "web/request.html", _request_context(request, number))


@page
def request_live(request: Any, number: str) -> HttpResponse:
    """The moving part of a request's page, asked for again every two seconds."""
    return render(request, "web/parts/live.html", _request_context(request, number))


def _request_context(request: Any, number: str) -> dict[str, Any]:
    actor, now = request.actor, clock.now()
    found = rules.visible(actor, now).filter(number=number).select_related("requester", "plan", "assignee").first()
    if found is None:
        raise Refused(Reason("no_such_request", {"request": number[:40]}))
    routine = routine_of(found.routine)
    plan = found.plan
    seals = (
        list(Approval.objects.filter(plan=plan, void_at=None).select_related("person", "on_behalf_of")) if plan else []
    )
    slots = [rules.Slot.from_stored(slot) for slot in plan.authority.get("slots", ())] if plan else []
    decidable = rules.inbox(actor, now).filter(pk=found.pk).exists()
    holds = list(found.holds.exclude(state=HoldState.CANCELLED).select_related("person").order_by("id"))
    entries = search(subjects=[found.number], limit=200)
    return {
        "here": "mine",
        "found": found,
        "routine": routine,
        "plan": plan,
        "rows": plan_rows(plan.value) if plan else [],
        "warnings": plan.value.warnings if plan else (),
        "seals": seals,
        "needed": sum(slot.count for slot in slots),
        "slots": slot_views(slots, seals),
        "workers": list(found.workers.all()),
        "holds": holds,
        "steps": in_order(found.steps.exclude(kind="second_look").select_related("hold")),
        "entries": entries,
        "history": history(entries),
        "remarks": found.remarks.select_related("person").order_by("id"),
        "worked": WorkEntry.objects.filter(step__request=found).select_related("person").order_by("id"),
        "report": CompletionReport.objects.filter(request=found).select_related("person", "confirmed_by").first(),
        "track": track(found, holds),
        "decidable": decidable,
        "may_end": found.state in ("applying", "active", "failed") and requests.may_end(actor, found),
        "own": found.requester_id == actor.person.id,
        "asking": actor.person.id in requests.asking_people(found),
        "manual": found.steps.filter(kind="manual", phase="open").exists(),
        "moving": found.state in ("approved", "scheduled", "applying", "active", "ending"),
        "portal": settings.KUMOBAN_ACCESS_PORTAL_URL,
        "outcomes": CompletionReport.Outcome.choices,
        "now": now,
    }


_ACTS: dict[str, Callable[[Any, str], Any]] = {
    "approve": lambda r, n: requests.approve(
        r.actor, n, plan_digest=r.POST.get("digest", ""), comment=r.POST.get("comment", "")
    ),
    "deny": lambda r, n: requests.deny(r.actor, n, comment=r.POST.get("comment", "")),
    "return": lambda r, n: requests.return_for_correction(r.actor, n, comment=r.POST.get("comment", "")),
    "question": lambda r, n: requests.ask_question(r.actor, n, text=r.POST.get("comment", "")),
    "answer": lambda r, n: requests.answer_question(r.actor, n, text=r.POST.get("comment", "")),
    "withdraw": lambda r, n: requests.withdraw(r.actor, n),
    "end": lambda r, n: requests.end_early(r.actor, n),
    "resume": lambda r, n: requests.resume(r.actor, n),
    "report": lambda r, n: requests.report(
        r.actor, n, outcome=r.POST.get("outcome", ""), text=r.POST.get("comment", "")
    ),
    "confirm": lambda r, n: requests.confirm_report(r.actor, n),
    "take": lambda r, n: requests.assign(r.actor, n, assignee=r.actor.person.id),
    "work": lambda r, n: requests.work(
        r.actor,
        n,
        text=r.POST.get("comment", ""),
        evidence=r.POST.get("evidence", ""),
        minutes=int(r.POST["minutes"]) if r.POST.get("minutes", "").isdigit() else 0,
    ),
    "close": lambda r, n: requests.close_manual(r.actor, n),
}


@page
@require_POST
def act(request: Any, number: str, act: str) -> HttpResponse:
    if act not in _ACTS:
        raise Refused(Reason("no_such_request", {"request": number[:40]}))
    _ACTS[act](request, number)
    messages.success(request, _("Done."))
    return redirect(f"/requests/{number}")
