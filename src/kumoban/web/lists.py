"""The lists: home, one's own requests, what waits for a decision, what is granted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import Count, F, Min, Q, QuerySet
from django.db.models.expressions import Combinable
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from kumoban.core.reason import Reason, Refused
from kumoban.desk import register, requests, rules
from kumoban.desk.alike import alike
from kumoban.desk.alone import alone
from kumoban.desk.freezes import freezes_over
from kumoban.desk.models import Approval, FreezePeriod, Hold, Request
from kumoban.desk.office_calendar import business_calendar, organisation_zone
from kumoban.desk.people import Actor
from kumoban.desk.routine import Routine, routine_of, routines_for
from kumoban.desk.speech import said
from kumoban.desk.states import HoldState, RequestState
from kumoban.desk.unusual import Noticed, noticed
from kumoban.estate.models import Account, searchable
from kumoban.findings.visible import counts
from kumoban.web.context import forget_counts, remember_inbox
from kumoban.web.downloads import grants_table, requests_table
from kumoban.web.gate import guests_too, page
from kumoban.web.notices_page import lost_rows
from kumoban.web.numbers import whole
from kumoban.web.request_view import honorific, keys, plan_rows, powers_of, sentence, when_of

#: those without an end last
_SOONEST = F("ends_at").asc(nulls_last=True)
_IN_FORCE = (HoldState.APPLYING, HoldState.ACTIVE, HoldState.ENDING, HoldState.FAILED)
_CARDS = 30
#: requests of the operations team's list on one page
_WORK = 100


@page
@guests_too
def home(request: Any) -> HttpResponse:
    actor, now = request.actor, request.actor.now
    if actor.guest is not None:
        return redirect("/audit")
    mine = Request.objects.filter(requester=actor.person).order_by("-id")
    waiting, waiting_count = _first(_waiting(rules.inbox(actor)), 5)
    live = Hold.objects.filter(person=actor.person, state__in=_IN_FORCE)
    holds = list(live.select_related("request").order_by(_SOONEST)[:20])
    may_alone, locked_by = alone(actor.person)
    context = {
        "here": "home",
        "alone": may_alone,
        "locked_by": locked_by,
        "greeting": _greeting(now, actor),
        "today": _today(now),
        "waiting": waiting,
        "waiting_count": waiting_count,
        "to_confirm": rules.to_confirm(actor)[:5],
        "holds": holds,
        "work": rules.work(actor, now).select_related("requester", "assignee", "machine")[:5],
        "consoles": {key.hold.pk: key.console for key in keys(holds, actor.person) if key.console},
        "mine": listed(mine)[:8],
        "mine_count": mine.count(),
        **_register_tasks(actor),
        "findings": counts(actor),
        "often": _often(mine),
        "routines": routines_for(actor.ops),
        "now": now,
    }
    return render(request, "web/home.html", context)


def _register_tasks(actor: Actor) -> dict[str, Any]:
    """What this person is asked to confirm in the account register."""
    tasks, count = _first(register.to_confirm(actor), 5)
    return {"register_tasks": tasks, "register_count": count}


def _waiting(found: QuerySet[Request]) -> QuerySet[Request]:
    """What home shows of a request that waits, and no more: forms and plans are long."""
    shown = (
        "number",
        "state",
        "shown",
        "reason",
        "lapses_at",
        "ratification",
        "requester__display_name",
        "machine__name",
    )
    return found.select_related("requester", "machine").only(*shown)


def _first(found: QuerySet[Any], most: int) -> tuple[list[Any], int]:
    """The first rows, and how many there are in all: asked only where there are more."""
    rows = list(found[:most])
    return rows, len(rows) if len(rows) < most else found.count()


def listed(found: QuerySet[Request]) -> QuerySet[Request, Any]:
    """What the rows of a list of requests show (``request_rows``), and no more: forms and plans are long."""
    return found.values(
        "id", "number", "state", "ratification", "shown", "reason", "created_at", "requester__display_name"
    )


def _greeting(now: datetime, actor: Actor) -> str:
    hour = now.astimezone(organisation_zone()).hour
    name = honorific(actor.person.short_name) if honorific("") else actor.person.display_name
    if 4 <= hour < 11:
        return _("Good morning, %(name)s") % {"name": name}
    if 11 <= hour < 17:
        return _("Hello, %(name)s") % {"name": name}
    return _("Good evening, %(name)s") % {"name": name}


def _today(now: datetime) -> dict[str, Any]:
    """What the day is to the office: a business day, a freeze, or how many days until the next one."""
    today = now.astimezone(organisation_zone()).date()
    freeze = FreezePeriod.objects.filter(ends_at__gt=now).order_by("starts_at").first()
    until = (freeze.starts_at.astimezone(organisation_zone()).date() - today).days if freeze else None
    return {
        "business": business_calendar().is_business_day(today),
        "freeze": freeze,
        "frozen": bool(freeze and freeze.starts_at <= now),
        "days": until if until is not None and 0 < until <= 60 else None,
    }


@dataclass(frozen=True)
class Often:
    """What this person asks for again and again, to be asked for again with one click."""

    request: Request
    routine: Routine
    times: int


def _often(mine: QuerySet[Request]) -> list[Often]:
    last: dict[str, Request] = {}
    counted: Counter[str] = Counter()
    for found in mine.exclude(routine="other-request").only("number", "routine", "form", "shown")[:40]:
        key = f"{found.routine} {found.form.get('accounts')} {found.form.get('permission_set')}"
        counted[key] += 1
        last.setdefault(key, found)
    often = [(last[key], routine_of(last[key].routine), times) for key, times in counted.most_common(3)]
    return [Often(found, routine, times) for found, routine, times in often if routine]


@page
def mine(request: Any) -> HttpResponseBase:
    """One's own requests; with a search, everything this person may see that fits."""
    now = request.actor.now
    wanted = request.GET.get("q", "").strip()[:100]
    state = request.GET.get("state", "")
    everything = bool(wanted or request.GET.get("all"))
    rows = rules.visible(request.actor) if everything else Request.objects.filter(requester=request.actor.person)
    if wanted:
        rows = rows.filter(search__contains=searchable(wanted))
    if state in RequestState.values:
        rows = rows.filter(state=state)
    if request.GET.get("format") == "csv":
        return requests_table(rows)
    before = request.GET.get("before", "")
    if (last := whole(before)) is not None:
        rows = rows.filter(id__lt=last)
    found = list(listed(rows.order_by("-id"))[:51])
    context = {
        "here": "mine",
        "found": found[:50],
        "older": found[49]["id"] if len(found) > 50 else None,
        "q": wanted,
        "state": state,
        "states": RequestState.choices,
        "all": request.GET.get("all", ""),
        "query": urlencode({"q": wanted, "state": state, "all": request.GET.get("all", ""), "format": "csv"}),
        "now": now,
    }
    return render(request, "web/mine.html", context)


_WHOSE = ("mine", "nobody")


@page
def work(request: Any) -> HttpResponse:
    """運用チームの作業: what is to be done by hand, and what failed. The operations team's own list."""
    if not request.actor.ops:
        raise Refused(Reason("ops_only"))
    forget_counts(request.actor)
    now = request.actor.now
    every = rules.work(request.actor, now)
    whose = request.GET.get("whose", "")
    rows = every.filter(assignee=request.actor.person) if whose == "mine" else every
    rows = rows.filter(assignee=None) if whose == "nobody" else rows
    found = list(rows.select_related("requester", "assignee", "machine")[: _WORK + 1])
    context = {
        "here": "work",
        "found": found[:_WORK],
        "more": len(found) > _WORK,
        "whose": whose if whose in _WHOSE else "",
        "now": now,
        "lost": lost_rows(request),
    }
    return render(request, "web/work.html", context)


@page
def inbox(request: Any) -> HttpResponse:
    forget_counts(request.actor)  # here the number must be that of the cards
    now = request.actor.now
    found = list(
        rules.inbox(request.actor).select_related("requester", "plan", "machine").prefetch_related("workers")[:_CARDS]
    )
    if len(found) < _CARDS:
        remember_inbox(request.actor, len(found))
    own = Request.objects.filter(requester=request.actor.person, state=RequestState.WAITING).order_by("lapses_at")
    cards = _cards(found, now)
    context = {
        "here": "inbox",
        "cards": cards,
        "together": _together(cards),
        "own_waiting": own[:5],
        "now": now,
    }
    return render(request, "web/inbox.html", context)


def _together(cards: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Like requests with nothing unusual about them, to be approved at once; what differs is read alone."""
    ordinary = {card["request"].pk: card for card in cards if not card["unusual"] and not card["notes"]}
    groups = alike(card["request"] for card in ordinary.values())
    return [[ordinary[one.pk] for one in group] for group in groups]


@page
@require_POST
def approve_together(request: Any) -> HttpResponse:
    """Each chosen plan is sealed by the digest its row was shown with."""
    plans = dict(seal.split(":", 1) for seal in request.POST.getlist("seal") if ":" in seal)
    done = requests.approve_together(request.actor, plans, comment=request.POST.get("comment", ""))
    sealed = sum(refused is None for refused in done.values())
    for number, refused in done.items():
        for reason in refused.reasons if refused else ():
            messages.error(request, f"{number}: {said(reason)}")
    if sealed:
        messages.success(
            request, ngettext("%(n)d plan is approved.", "%(n)d plans are approved.", sealed) % {"n": sealed}
        )
    forget_counts(request.actor)
    return redirect("/inbox")


def _cards(found: list[Request], now: datetime) -> list[dict[str, Any]]:
    """Everything one card shows, read for all cards at once."""
    plans = {one.pk: one.plan.value for one in found if one.plan}
    powers, seen, frozen = powers_of(plans.values()), noticed(found, now), freezes_over(found, now)
    return [
        {**_card(one, plans[one.pk], powers, seen.get(one.pk, Noticed())), "notes": frozen.get(one.pk, ())}
        for one in found
        if one.pk in plans
    ]


def _card(found: Request, plan: Any, powers: dict[str, str], seen: Noticed) -> dict[str, Any]:
    workers, when = list(found.workers.all()), when_of(plan, found)
    arns = dict.fromkeys(step.params.get("permission_set", "") for step in plan.steps)
    return {
        "request": found,
        "sentence": sentence(plan, workers, when) if plan.steps else "",
        "powers": [powers[arn] for arn in arns if powers.get(arn)],
        "when": when,
        "rows": plan_rows(plan),
        "unusual": seen.unusual,
        "before": seen.before,
    }


@page
def grants(request: Any) -> HttpResponseBase:
    """Grants in force that this person may see, the nearest end first."""
    now = request.actor.now
    seen = Hold.objects.filter(state__in=_IN_FORCE, request__in=rules.visible(request.actor))
    asked = {name: request.GET.get(name, "").strip()[:100] for name in ("q", "state", "environment", "order")}
    rows = _narrowed(seen, asked)
    if request.GET.get("format") == "csv":
        return grants_table(rows)
    shown, count = _first(rows, 200)
    context = {
        "here": "grants",
        "rows": _grant_rows(request.actor, shown),
        "count": count,
        **seen.aggregate(
            all=Count("id"),
            overdue=Count("id", filter=Q(ends_at__lt=now)),
            first=Min("ends_at", filter=Q(ends_at__gt=now)),
        ),
        "asked": asked,
        "query": request.GET.urlencode(),
        "states": [(state.value, state.label) for state in _IN_FORCE],
        "environments": Account.objects.exclude(environment="").order_by("environment")
        .values_list("environment", flat=True).distinct(),
        "now": now,
    }  # fmt: skip
    return render(request, "web/grants.html", context)


_ORDERS: dict[str, tuple[str | Combinable, ...]] = {
    "": (_SOONEST, "id"),
    "newest": ("-starts_at", "-id"),
    "person": ("person__display_name", _SOONEST, "id"),
}


def _narrowed(seen: QuerySet[Hold], asked: dict[str, str]) -> QuerySet[Hold]:
    if asked["q"]:
        seen = seen.filter(request__search__contains=searchable(asked["q"]))
    if asked["state"] in HoldState.values:
        seen = seen.filter(state=asked["state"])
    if asked["environment"]:
        seen = seen.filter(account_id__in=Account.objects.filter(environment=asked["environment"]).values("id"))
    return seen.select_related("person", "request").order_by(*_ORDERS.get(asked["order"], _ORDERS[""]))


def _grant_rows(actor: Actor, holds: list[Hold]) -> list[dict[str, Any]]:
    plans = {hold.request.plan_id for hold in holds if hold.request.plan_id}
    approvers: dict[int, list[str]] = {}
    signed: set[int] = set()
    seals = Approval.objects.filter(plan_id__in=plans, void_at=None).order_by("id").select_related("person")
    for seal in seals:
        approvers.setdefault(seal.plan_id, []).append(seal.person.short_name)
        if seal.person_id == actor.person.id:
            signed.add(seal.plan_id)
    return [
        {
            "hold": hold,
            "approvers": approvers.get(hold.request.plan_id or 0, []),
            "may_end": hold.state in ("applying", "active", "failed")
            and (
                actor.ops
                or actor.person.id in (hold.person_id, hold.request.requester_id)
                or hold.request.plan_id in signed
            ),
        }
        for hold in holds
    ]
