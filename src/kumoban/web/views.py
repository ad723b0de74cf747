"""Signing in and out, the language, the rules, the ledger, the demo's clock."""

from __future__ import annotations

import csv
import json
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from kumoban.desk import clock
from kumoban.desk.models import Request, Rule
from kumoban.desk.sign_in import demo_people, demo_user
from kumoban.estate.models import Group, Person
from kumoban.ledger.search import search
from kumoban.web.gate import page
from kumoban.web.language import COOKIE


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
