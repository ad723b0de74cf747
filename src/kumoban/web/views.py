"""Thin pages: read the actor from the session, ask the desk, render."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from kumoban.core.reason import Reason, Refused
from kumoban.desk import clock, requests, rules
from kumoban.desk.models import Approval, CompletionReport, Hold, Request, Rule, WorkEntry
from kumoban.desk.planning import ShapeError, draft
from kumoban.desk.routine import Routine, all_routines, routine_of
from kumoban.desk.sign_in import demo_people, demo_user
from kumoban.desk.states import HoldState
from kumoban.desk.words import say
from kumoban.estate.models import Group, Person, searchable
from kumoban.ledger.search import search
from kumoban.web.form_view import fields_of, options_of, typed
from kumoban.web.gate import page
from kumoban.web.language import COOKIE
from kumoban.web.request_view import history, in_order, plan_rows, slot_views, track, unusual


def sign_in(request: HttpRequest) -> HttpResponse:
    """Demo people, one click each. Outside demo mode there are no local users."""
    if request.method == "POST" and settings.KUMOBAN_DEMO:
        login(request, demo_user(request.POST.get("user_name", "")))
        target = request.POST.get("next", "/")
        safe = url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()})
        return redirect(target if safe else "/")
    people = demo_people() if settings.KUMOBAN_DEMO else []
    return render(request, "web/sign_in.html", {"people": people, "next": request.GET.get("next", "/")})


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect("/sign-in")


@require_GET
def language(request: HttpRequest, code: str) -> HttpResponse:
    target = request.GET.get("next", "/")
    safe = url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()})
    response = redirect(target if safe else "/")
    response.set_cookie(COOKIE, "en" if code == "en" else "ja", max_age=365 * 86400, httponly=True, samesite="Lax")
    return response


@page
def home(request: Any) -> HttpResponse:
    actor, now = request.actor, clock.now()
    mine = Request.objects.filter(requester=actor.person).order_by("-id")
    live = Hold.objects.filter(person=actor.person, state__in=[HoldState.ACTIVE, HoldState.APPLYING, HoldState.ENDING])
    context = {
        "here": "home",
        "waiting": rules.inbox(actor, now).select_related("requester")[:5],
        "holds": live.select_related("request").order_by("ends_at")[:20],
        "mine": mine[:8],
        "mine_count": mine.count(),
        "routines": all_routines(),
        "now": now,
    }
    return render(request, "web/home.html", context)


@page
def ask_index(request: Any) -> HttpResponse:
    return render(request, "web/ask_index.html", {"here": "ask", "routines": all_routines()})


@page
def ask(request: Any, name: str) -> HttpResponse:
    """The form; a returned request is corrected with ``?number=``."""
    routine = _routine(name)
    number = request.GET.get("number", "")
    data, extra = (
        typed(routine, request.POST) if request.method == "POST" else _prefilled(request.actor, routine, number)
    )
    errors: dict[str, list[str]] = {}
    if request.method == "POST":
        try:
            made = _submit(request, routine, data, extra, number)
            return redirect(f"/requests/{made.number}")
        except ShapeError as shape:
            errors = _by_field(shape)
        except Refused as refused:
            requests.refused_attempt(request.actor, "ask", routine.name, refused)
            errors = {"": [say(reason) for reason in refused.reasons]}
    context = {
        "here": "ask",
        "routine": routine,
        "number": number,
        "fields": fields_of(routine, request.actor.person, data, extra, errors),
        "problems": errors.get("", []),
        "ticket": request.POST.get("once") or _once(),
    }
    return render(request, "web/ask.html", context, status=422 if errors else 200)


def _submit(request: Any, routine: Routine, data: dict[str, Any], extra: dict[str, str], number: str) -> Request:
    if number:
        return requests.resubmit(request.actor, number, data, extra)
    return requests.ask(request.actor, routine.name, data, extra=extra, idempotency=request.POST.get("once", "")[:40])


def _once() -> str:
    import secrets

    return secrets.token_hex(12)


def _prefilled(actor: Any, routine: Routine, number: str) -> tuple[dict[str, Any], dict[str, str]]:
    if not number:
        return {}, {}
    before = rules.visible(actor, clock.now()).filter(number=number, routine=routine.name).first()
    return (dict(before.form), dict(before.extra)) if before else ({}, {})


@page
@require_POST
def preview(request: Any, name: str) -> HttpResponse:
    """What would happen, beside the form while it is being filled."""
    routine = _routine(name)
    data, extra = typed(routine, request.POST)
    try:
        made = draft(request.actor, routine, data, extra)
    except ShapeError as shape:
        touched = {key: text for key, text in _by_field(shape).items() if key in data}
        return render(request, "web/parts/preview.html", {"incomplete": True, "touched": touched})
    context = {"draft": made, "rows": plan_rows(made.plan), "slots": slot_views(made.decision.slots, [])}
    return render(request, "web/parts/preview.html", context)


@page
@require_GET
def offers(request: Any, name: str, field: str) -> HttpResponse:
    """The options of one field narrowed down; what is ticked stays."""
    routine = _routine(name)
    query, kept = request.GET.get("narrow", "")[:100], request.GET.getlist(field)[:20]
    view = {"name": field, "options": options_of(routine, field, request.actor.person, query, kept), "values": kept}
    return render(request, "web/parts/options.html", {"field": view})


@page
def mine(request: Any) -> HttpResponse:
    rows = (
        rules.visible(request.actor, clock.now())
        if request.GET.get("all")
        else Request.objects.filter(requester=request.actor.person)
    )
    wanted = request.GET.get("q", "").strip()
    if wanted:
        rows = rules.visible(request.actor, clock.now()).filter(search__contains=searchable(wanted))
    found = rows.select_related("requester").order_by("-id")[:50]
    return render(request, "web/mine.html", {"here": "mine", "found": found, "q": wanted})


@page
def inbox(request: Any) -> HttpResponse:
    now = clock.now()
    waiting = rules.inbox(request.actor, now).select_related("requester", "plan").prefetch_related("workers")[:30]
    cards = [
        {
            "request": found,
            "rows": plan_rows(found.plan.value) if found.plan else [],
            "unusual": unusual(found),
            "workers": list(found.workers.all()),
        }
        for found in waiting
    ]
    return render(request, "web/inbox.html", {"here": "inbox", "cards": cards, "now": now})


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


@page
def grants(request: Any) -> HttpResponse:
    """Grants in force that this person may see, the nearest end first."""
    now = clock.now()
    live = [HoldState.APPLYING, HoldState.ACTIVE, HoldState.ENDING, HoldState.FAILED]
    seen = Hold.objects.filter(state__in=live, request__in=rules.visible(request.actor, now))
    rows = seen.select_related("person", "request").order_by("ends_at", "id")[:200]
    context = {
        "here": "grants",
        "holds": rows,
        "count": seen.count(),
        "overdue": seen.filter(ends_at__lt=now).count(),
        "now": now,
    }
    return render(request, "web/grants.html", context)


@page
def rules_page(request: Any) -> HttpResponse:
    """The rules, with the names of the groups they speak of."""
    found = list(Rule.objects.order_by("routine", "effect", "name"))
    names = dict(Group.objects.values_list("id", "name"))
    rows = [
        {
            "rule": rule,
            "who": [_("everyone")]
            if rule.who.get("everyone")
            else [names.get(g, g) for g in rule.who.get("groups", ())],
            "approvers": [
                _("the requester's manager") if wanted.get("manager") else names.get(wanted.get("group", ""), "?")
                for wanted in rule.approvers
            ],
        }
        for rule in found
    ]
    return render(request, "web/rules.html", {"here": "rules", "rows": rows})


@page
def ledger_page(request: Any) -> HttpResponse:
    """The record of what this person may see; ops and auditors see all and export it."""
    actor = request.actor
    everything = actor.ops or actor.auditor
    subjects = (
        None if everything else list(Request.objects.filter(requester=actor.person).values_list("number", flat=True))
    )
    wanted = request.GET.get("subject", "").strip()
    if wanted:
        subjects = [wanted] if subjects is None or wanted in subjects else []
    before = request.GET.get("before", "")
    found = search(
        subjects=subjects,
        kind=request.GET.get("kind", ""),
        before=int(before) if before.isdigit() else None,
        limit=2000 if request.GET.get("format") else 100,
    )
    if request.GET.get("format") == "json":
        rows = [{**entry.__dict__, "at": entry.at.isoformat()} for entry in found]
        return HttpResponse(json.dumps(rows, ensure_ascii=False), content_type="application/json")
    if request.GET.get("format") == "csv":
        return _csv(found)
    people = dict(Person.objects.filter(id__in={entry.actor for entry in found}).values_list("id", "display_name"))
    context = {
        "here": "ledger",
        "found": found,
        "people": people,
        "subject": wanted,
        "kind": request.GET.get("kind", ""),
    }
    return render(request, "web/ledger.html", context)


class _Echo:
    def write(self, value: str) -> str:
        return value


def _csv(found: list[Any]) -> HttpResponse:
    writer = csv.writer(_Echo())
    rows = [["seq", "at", "kind", "actor", "subject", "facts", "digest"]]
    rows += [
        [
            str(e.seq),
            e.at.isoformat(),
            e.kind,
            e.actor,
            e.subject,
            json.dumps(e.facts, ensure_ascii=False),
            e.digest,
        ]
        for e in found
    ]
    lines = ("\ufeff" if index == 0 else "" for index in range(len(rows)))
    body = (mark + writer.writerow([_harmless(cell) for cell in row]) for mark, row in zip(lines, rows, strict=True))
    response = StreamingHttpResponse(body, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="ledger.csv"'
    return response  # type: ignore[return-value]


def _harmless(cell: str) -> str:
    """A spreadsheet must not run what somebody typed."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@") else cell


@page
@require_POST
def demo_clock(request: Any) -> HttpResponse:
    minutes = request.POST.get("minutes", "")
    clock.advance(timedelta(minutes=int(minutes) if minutes.isdigit() else 0), actor=request.actor.id)
    return redirect(
        request.headers.get("Referer", "/")
        if request.headers.get("Referer", "").startswith(settings.KUMOBAN_BASE_URL)
        else "/"
    )


def _routine(name: str) -> Routine:
    routine = routine_of(name)
    if routine is None:
        raise Refused(Reason("no_such_routine", {"routine": name[:60]}))
    return routine


def _by_field(shape: ShapeError) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, reason in shape.errors:
        found.setdefault(name, []).append(say(reason))
    return found
