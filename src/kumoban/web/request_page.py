"""One request's page, its moving part, and what people do there."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_GET

from kumoban.core.normalise import RefusedCharacters
from kumoban.core.office_time import NotUnderstood, parse_time
from kumoban.core.reason import Reason, Refused
from kumoban.desk import clock, requests, rules
from kumoban.desk.freezes import freezes_over
from kumoban.desk.models import Approval, CompletionReport, EmergencyReview, Hold, Request, Step, WorkEntry
from kumoban.desk.office_calendar import business_calendar
from kumoban.desk.people import Actor, accounts_of_the_same, ops_members
from kumoban.desk.records import of_their_period
from kumoban.desk.routine import routine_of
from kumoban.desk.speech import said
from kumoban.desk.states import HoldState, Phase, StepKind
from kumoban.desk.unusual import Noticed, noticed
from kumoban.estate.models import Person
from kumoban.evidence.reading import sheet_of
from kumoban.ledger.search import search
from kumoban.web.addresses import own_address
from kumoban.web.context import forget_counts
from kumoban.web.form_view import facts_of
from kumoban.web.gate import MOST_RECORDED, guests_too, page
from kumoban.web.numbers import whole
from kumoban.web.request_view import (
    history,
    keys,
    nothing_ends,
    plan_rows,
    powers_of,
    sentence,
    slot_views,
    step_views,
    track,
    when_of,
    worked_by_hand,
)

#: how the page says each outcome of a completion report
OUTCOMES = {
    "complete": gettext_noop("Complete"),
    "partial": gettext_noop("Partly done"),
    "not_done": gettext_noop("Not done"),
    "abnormal": gettext_noop("Something went wrong"),
}
_ENDABLE = (HoldState.APPLYING, HoldState.ACTIVE, HoldState.FAILED)
#: so many extensions are named on a request's page
_EXTENSIONS = 5
_MOVING = ("approved", "scheduled", "applying", "active", "ending")
_FORMS = ("decidable", "may_review", "own", "manual", "may_report", "may_confirm", "assignable", "thread")
_CSRF = re.compile(r'name="csrfmiddlewaretoken" value="[^"]*"')


@page
@guests_too
@require_GET
def request_page(request: Any, number: str) -> HttpResponse:
    context = request_context(request, number)
    context["live"] = _live(request, context)
    return render(request, "web/request.html", context)


@page
@guests_too
@require_GET
def request_live(request: Any, number: str) -> HttpResponse:
    """The moving part, asked for again every two seconds; 204 while nothing has changed."""
    context = request_context(request, number)
    live = _live(request, context)
    if live["seen"] == request.GET.get("seen"):
        return HttpResponse(status=204)
    context["live"] = live
    context["forms_changed"] = live["forms"] != request.GET.get("forms")
    return render(request, "web/parts/live_answer.html", context)


def _live(request: Any, context: dict[str, Any]) -> dict[str, str]:
    """The moving parts rendered, a digest of what they say, and which forms go with them."""
    top = render_to_string("web/parts/live_top.html", context, request=request)
    body = render_to_string("web/parts/live.html", context, request=request)
    shown = _CSRF.sub("", top + body).encode()
    forms = "-".join(name for name in _FORMS if context[name])
    state = context["found"].state
    return {"top": top, "body": body, "seen": hashlib.sha256(shown).hexdigest()[:16], "forms": f"{state}-{forms}"}


def request_context(request: Any, number: str) -> dict[str, Any]:
    """Everything the page shows to this actor. Raises Refused where there is no such request for them."""
    actor, now = request.actor, request.actor.now
    seen = (
        rules.visible(actor)
        .select_related("requester", "plan", "assignee", "extends", "machine")
        .prefetch_related("workers")
    )
    found = seen.filter(number=number).first()
    if found is None:
        raise Refused(Reason("no_such_request", {"request": number[:40]}))
    rows = _Rows.of(found, actor)
    return {
        "here": "mine" if found.requester_id == actor.person.id else "inbox",
        "actor": actor,
        "found": found,
        "now": now,
        **_plan_context(found, rows, now),
        **_work_context(request.actor, found, rows),
        **_may(found, rows, actor),
        **_conversion(found),
        **_review(found, actor),
        "extensions": list(rules.visible(actor).filter(extends=found).order_by("-id")[:_EXTENSIONS]),
    }


@dataclass(frozen=True)
class _Rows:
    """What several parts of the page are about, read once."""

    holds: Sequence[Hold]
    steps: Sequence[Step]
    report: CompletionReport | None
    #: this person asked, or is to work
    asking: bool

    @classmethod
    def of(cls, found: Request, actor: Actor) -> _Rows:
        return cls(
            list(found.holds.exclude(state=HoldState.CANCELLED).select_related("person").order_by("id")),
            list(found.steps.select_related("hold")),
            CompletionReport.objects.filter(request=found).select_related("person", "confirmed_by").first(),
            actor.person.id in requests.asking_people(found),
        )

    def held(self, *states: HoldState) -> list[Hold]:
        return [hold for hold in self.holds if hold.state in states]

    @property
    def by_hand(self) -> list[Step]:
        return [step for step in self.steps if step.kind == StepKind.MANUAL]

    @property
    def stuck(self) -> bool:
        return any(step.needs_a_person and step.phase not in (Phase.DONE, Phase.CANCELLED) for step in self.steps)


def _plan_context(found: Request, rows: _Rows, now: datetime) -> dict[str, Any]:
    plan = found.plan
    value = plan.value if plan else None
    workers = list(found.workers.all())
    slots = requests.in_force(plan) if plan else []
    seals = (
        list(plan.approvals.filter(void_at=None).order_by("id").select_related("person", "on_behalf_of"))
        if plan
        else []
    )
    when = when_of(value, found, rows.holds) if value else None
    needed = sum(slot.count for slot in slots)
    # whoever asks needs no evidence about themselves
    seen = Noticed() if rows.asking else noticed([found], now).get(found.pk, Noticed())
    return {
        "routine": routine_of(found.routine),
        "plan": plan,
        "plans": found.plans.count(),
        "workers": workers,
        "when": when,
        "sentence": sentence(value, workers, when) if value and value.steps else "",
        "powers": [text for text in powers_of([value]).values() if text] if value else [],
        "rows": plan_rows(value) if value else [],
        "warnings": value.warnings if value else (),
        "slots": slot_views(slots, now, _not_deciding(found, workers)),
        "seals": seals,
        "needed": needed,
        "missing": range(max(needed - len(seals), 0)) if rules.awaits_decision(found) else (),
        "holds": rows.holds,
        "track": track(found, rows.holds, seals, needed),
        "notes": freezes_over([found], now).get(found.pk, ()) if found.state == "waiting" else (),
        "unusual": seen.unusual,
        "before": seen.before,
        "facts": facts_of(found),
    }


def _not_deciding(found: Request, workers: Sequence[Person]) -> set[str]:
    """Who asks, who works, and who of the operations team made it of another request."""
    by = {found.asked_by.person_id or ""} if found.converted_from_id else set()
    return {found.requester_id, *(worker.id for worker in workers)} | by


def _work_context(actor: Actor, found: Request, rows: _Rows) -> dict[str, Any]:
    entries = search(subjects=[found.number], within=of_their_period(actor), limit=200)
    steps = step_views(
        (step for step in rows.steps if step.kind != StepKind.SECOND_LOOK), found.plan.value if found.plan else None
    )
    worked = WorkEntry.objects.filter(step__in=rows.by_hand).select_related("person").order_by("id")
    report = rows.report
    return {
        "steps": steps,
        "steps_done": sum(step["look"] == "done" for step in steps),
        "entries": entries,
        "history": history(entries, by_hand=worked_by_hand(found)),
        "changes": nothing_ends(found),
        "sheet": sheet_of(found) if settings.KUMOBAN_TRAIL_BUCKET and rows.held(HoldState.ENDED) else None,
        "thread": list(found.remarks.filter(kind__in=("question", "answer")).select_related("person").order_by("id")),
        "worked": worked if rows.by_hand else (),
        "report": report,
        "outcome": _(OUTCOMES[report.outcome]) if report else "",
        "outcomes": [(code, _(text)) for code, text in OUTCOMES.items()],
    }


def _review(found: Request, actor: Actor) -> dict[str, Any]:
    review = EmergencyReview.objects.filter(request=found).select_related("closed_by").first()
    outcomes = [(one.value, one.label) for one in EmergencyReview.Outcome if one != EmergencyReview.Outcome.NOT_USED]
    may = review is not None and requests.may_review(actor, review)
    return {"review": review, "may_review": may, "review_outcomes": outcomes}


def _conversion(found: Request) -> dict[str, Any]:
    """What it was made of, or into what, where the operations team has converted it."""
    before = found.converted_from
    by = found.asked_by.person if before else None
    into = Request.objects.filter(converted_from=found).values_list("number", flat=True).first()
    return {"converted_from": before, "converted_by": by.display_name if by else "", "converted_into": into}


def _may(found: Request, rows: _Rows, actor: Actor) -> dict[str, Any]:
    """What this actor can do here now; the desk decides again when it is done."""
    asking, report = rows.asking, rows.report
    manual = any(step.phase == Phase.OPEN for step in rows.by_hand)
    changes = [step for step in rows.steps if step.kind == StepKind.CHANGE]
    failed = bool(rows.held(HoldState.FAILED)) or any(step.phase == Phase.FAILED for step in changes)
    open_work = manual or failed or found.state == "failed" or rows.stuck
    return {
        "own": found.requester_id == actor.person.id,
        "asking": asking,
        "decidable": rules.awaits_decision(found) and rules.inbox(actor).filter(pk=found.pk).exists(),
        "may_end": bool(rows.held(*_ENDABLE)) and requests.may_end(actor, found),
        "may_confirm_plan": found.requester_id == actor.person.id and rules.awaits_requester(found),
        "may_extend": requests.extendable(actor, found),
        "may_convert": requests.convertible(actor, found),
        "may_withdraw": found.requester_id == actor.person.id
        and found.state in ("waiting", "returned", "approved", "scheduled"),
        "may_stop": bool(changes) and found.state == "applying" and requests.may_end(actor, found),
        "may_mend": actor.ops and failed,
        "mends_changes": bool(changes),
        "may_report": report is None
        and found.state in ("ended", "undone", "ending")
        and actor.person.id in accounts_of_the_same(found.people),
        "may_confirm": bool(report and report.confirmed_at is None and not asking)
        and (actor.ops or Approval.objects.filter(plan__request=found, person=actor.person).exists()),
        "sees_before": not asking,
        "manual": manual,
        "open_work": open_work,
        "assignable": ops_members() if actor.ops and open_work else [],
        "moving": found.state in _MOVING,
        "watched": found.state in (*_MOVING, "waiting"),
        "keys": keys(rows.held(HoldState.ACTIVE), actor.person),
    }


# --- doing


def _assign(request: Any, number: str) -> Any:
    wanted = request.POST.get("target", "").strip()
    assignee = request.POST.get("assignee") or request.actor.person.id
    return requests.assign(
        request.actor, number, assignee=assignee, target_at=_typed_time(request.actor, wanted) if wanted else None
    )


def _typed_time(actor: Actor, text: str) -> datetime:
    try:
        return parse_time(text, now=clock.now(), zone=actor.zone, calendar=business_calendar())
    except (NotUnderstood, RefusedCharacters) as not_understood:
        raise Refused(Reason("shape.time_not_understood", {"text": text[:60]}), field="target") from not_understood


_ACTS: dict[str, Callable[[Any, str], Any]] = {
    "approve": lambda r, n: requests.approve(
        r.actor, n, plan_digest=r.POST.get("digest", ""), comment=r.POST.get("comment", "")
    ),
    "confirm-plan": lambda r, n: requests.confirm_plan(r.actor, n, plan_digest=r.POST.get("digest", "")),
    "deny": lambda r, n: requests.deny(r.actor, n, comment=r.POST.get("comment", "")),
    "return": lambda r, n: requests.return_for_correction(r.actor, n, comment=r.POST.get("comment", "")),
    "question": lambda r, n: requests.ask_question(r.actor, n, text=r.POST.get("comment", "")),
    "answer": lambda r, n: requests.answer_question(r.actor, n, text=r.POST.get("comment", "")),
    "withdraw": lambda r, n: requests.withdraw(r.actor, n),
    "end": lambda r, n: requests.end_early(r.actor, n),
    "resume": lambda r, n: requests.resume(r.actor, n),
    "give-up": lambda r, n: requests.give_up(r.actor, n),
    "report": lambda r, n: requests.report(
        r.actor, n, outcome=r.POST.get("outcome", ""), text=r.POST.get("comment", "")
    ),
    "confirm": lambda r, n: requests.confirm_report(r.actor, n),
    "take": lambda r, n: requests.assign(r.actor, n, assignee=r.actor.person.id),
    "assign": _assign,
    "review": lambda r, n: requests.close_review(
        r.actor, n, outcome=r.POST.get("outcome", ""), comment=r.POST.get("comment", "")
    ),
    "work": lambda r, n: requests.work(
        r.actor,
        n,
        text=r.POST.get("comment", ""),
        evidence=r.POST.get("evidence", ""),
        minutes=whole(r.POST.get("minutes", "")) or 0,
    ),
    "close": lambda r, n: requests.close_manual(r.actor, n),
}
_DONE = {
    "approve": gettext_noop("Your approval is recorded."),
    "confirm-plan": gettext_noop("The plan is confirmed; it is checked on AWS now."),
    "deny": gettext_noop("The request is denied."),
    "return": gettext_noop("The request is returned for correction."),
    "question": gettext_noop("The question is asked."),
    "answer": gettext_noop("The answer is sent."),
    "withdraw": gettext_noop("The request is withdrawn."),
    "end": gettext_noop("Ending has begun; the end is proven in a moment."),
    "give-up": gettext_noop("Ending has begun; the end is proven in a moment."),
    "review": gettext_noop("The review is closed."),
    "report": gettext_noop("The completion report is made."),
    "confirm": gettext_noop("The completion report is confirmed."),
}


@page
def act(request: Any, number: str, act: str) -> HttpResponse:
    """Do one thing. What was refused comes back on the same page with everything that was typed."""
    if act not in _ACTS:
        raise Refused(Reason("no_such_request", {"request": number[:40]}))
    if request.method != "POST":
        return redirect(f"/requests/{number}")
    try:
        _ACTS[act](request, number)
    except Refused as refused:
        return _refused(request, number, act, refused)
    forget_counts(request.actor)
    messages.success(request, _(_DONE.get(act, gettext_noop("Done."))))
    return redirect(own_address(request, request.POST.get("next") or f"/requests/{number}"))


def _refused(request: Any, number: str, act: str, refused: Refused) -> HttpResponse:
    requests.refused_attempt(request.actor, request.path[:MOST_RECORDED], number, refused)
    context = request_context(request, number)
    context |= {
        "problems": [said(reason) for reason in refused.reasons],
        "typed": {**{name: request.POST.get(name, "") for name in request.POST}, "act": act},
    }
    context["live"] = _live(request, context)
    return render(request, "web/request.html", context, status=409)
