"""申請外アクセス突合: the months, one month with what is to be explained, its signature, and the exclusions."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from kumoban.core.reason import Reason, Refused
from kumoban.desk import clock
from kumoban.desk.people import ops_members
from kumoban.desk.requests import refused_attempt
from kumoban.desk.speech import said
from kumoban.estate.models import Account
from kumoban.evidence.matching.exclusions import LONGEST, end_exclusion, exclude
from kumoban.evidence.matching.models import Outcome, PrincipalKind
from kumoban.evidence.matching.signing import explain, sign
from kumoban.evidence.matching.telling import Sheet, as_csv, as_xlsx, sheet_of
from kumoban.evidence.matching.visible import ASKED, PAGE, Wanted, exclusions, gaps, listed, months
from kumoban.web.downloads import sent_as
from kumoban.web.gate import page
from kumoban.web.numbers import whole

__all__ = ["end", "explain_some", "export", "matching_page", "month_page", "sign_month"]

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@page
def matching_page(request: Any) -> HttpResponse:
    """The months, the newest first, and what is excluded by whom until when."""
    problems: list[str] = []
    if request.method == "POST":
        try:
            _exclude(request)
            messages.success(request, _("It is excluded from now on, for its days."))
            return redirect("/matching#exclusions")
        except Refused as refused:
            refused_attempt(request.actor, "exclude", "matching", refused)
            problems = [said(reason) for reason in refused.reasons]
    context = {
        "here": "matching",
        "sheets": [sheet_of(request.actor, row.month) for row in months(request.actor)[:24]],
        "exclusions": exclusions(request.actor)[:200],
        "may_exclude": request.actor.ops_lead,
        "owners": ops_members() if request.actor.ops_lead else (),
        "days": LONGEST,
        "problems": problems,
        "typed": request.POST,
        "today": clock.now().astimezone(request.actor.zone).date(),
    }
    return render(request, "web/matching/list.html", context, status=409 if problems else 200)


def _exclude(request: Any) -> None:
    first, last = _day(request, "valid_from"), _day(request, "valid_until")
    given = {name: request.POST.get(name, "")[:4001] for name in ("pattern", "reason", "owner")}
    exclude(request.actor, given["pattern"], given["reason"], given["owner"], first, last)


def _day(request: Any, name: str) -> date:
    try:
        found = parse_date(request.POST.get(name, "")[:10])
    except ValueError:
        found = None
    if found is None:
        raise Refused(Reason("extra_not_date"), field=name)
    return found


@page
@require_POST
def end(request: Any, pk: int) -> HttpResponse:
    end_exclusion(request.actor, pk)
    messages.success(request, _("The exclusion has ended."))
    return redirect("/matching#exclusions")


@page
@require_GET
def month_page(request: Any, month: str) -> HttpResponse:
    return _month(request, month)


def _month(request: Any, month: str, problems: tuple[str, ...] = (), status: int = 200) -> HttpResponse:
    actor, sheet = request.actor, _seen(request, month)
    asked = {name: request.GET.get(name, "")[:40] for name in ("outcome", "kind", "account", "late")}
    after = whole(request.GET.get("after")) or 0
    found = listed(actor, month, _wanted(asked))
    rows = list(found[after : after + PAGE + 1])
    given = {name: value for name, value in asked.items() if value}
    shown = rows[:PAGE]
    names = dict(Account.objects.values_list("id", "name"))
    context = {
        "here": "matching",
        "sheet": sheet,
        "month": month,
        "rows": [_row(actor, one, names, signed=sheet.signed) for one in shown],
        "count": found.count(),
        "next": urlencode({**given, "after": after + PAGE}) if len(rows) > PAGE else "",
        "gaps": [(gap, names.get(gap.account, ""), gap.days[0] if gap.days else "", gap.days[-1] if gap.days else "")
                 for gap in gaps(actor, month)],
        "asked": asked,
        "query": urlencode(given),
        "outcomes": [("asked", _("To be explained")), *Outcome.choices],
        "kinds": PrincipalKind.choices,
        "explains": actor.ops,
        "lead": actor.ops_lead,
        "problems": problems,
        "typed": request.POST,
    }  # fmt: skip
    return render(request, "web/matching/month.html", context, status=status)


def _row(actor: Any, one: Any, names: dict[str, str], *, signed: bool) -> dict[str, Any]:
    asked = one.outcome in ASKED and (one.after_signature or not signed)
    return {
        "session": one,
        "account": names.get(one.account, ""),
        "asked": one.outcome in ASKED,
        "may": actor.ops and asked and not (one.person and one.person in actor.accounts),
    }


def _seen(request: Any, month: str) -> Sheet:
    sheet = sheet_of(request.actor, month[:7]) if len(month) == 7 else None
    if sheet is None:
        raise Refused(Reason("no_such_month", {"month": month[:10]}))
    return sheet


def _wanted(asked: dict[str, str]) -> Wanted:
    return Wanted(asked["outcome"], asked["kind"], asked["account"], late=bool(asked["late"]))


@page
@require_POST
def explain_some(request: Any, month: str) -> HttpResponse:
    """One explanation for the sessions and gaps that were ticked."""
    _seen(request, month)
    sessions = [pk for pk in map(whole, request.POST.getlist("session")[:500]) if pk is not None]
    blank = [pk for pk in map(whole, request.POST.getlist("gap")[:500]) if pk is not None]
    try:
        done = explain(request.actor, sessions, blank, request.POST.get("comment", ""))
    except Refused as refused:
        refused_attempt(request.actor, "explain", f"matching:{month}", refused)
        return _month(request, month, tuple(said(reason) for reason in refused.reasons), 409)
    messages.success(request, _("%(n)s are explained.") % {"n": done})
    return redirect(f"/matching/{month}?outcome=asked")


@page
@require_POST
def sign_month(request: Any, month: str) -> HttpResponse:
    _seen(request, month)
    try:
        sign(request.actor, month, request.POST.get("digest", "")[:64], request.POST.get("comment", ""))
    except Refused as refused:
        refused_attempt(request.actor, "sign", f"matching:{month}", refused)
        return _month(request, month, tuple(said(reason) for reason in refused.reasons), 409)
    messages.success(request, _("%(month)s is signed.") % {"month": month})
    return redirect(f"/matching/{month}")


@page
@require_GET
def export(request: Any, month: str, kind: str) -> HttpResponseBase:
    """What the address narrows down to, in the reader's language."""
    _seen(request, month)
    asked = {name: request.GET.get(name, "")[:40] for name in ("outcome", "kind", "account", "late")}
    found = listed(request.actor, month, _wanted(asked))
    if kind == "csv":
        return sent_as(f"matching-{month}.csv", "text/csv", as_csv(found))
    response = HttpResponse(as_xlsx(month, found), content_type=_XLSX)
    response["Content-Disposition"] = f'attachment; filename="matching-{month}.xlsx"'
    return response
