"""監査: samples, what is handed over, and the guests of the audit firm."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_GET, require_POST

from kumoban.core.reason import Reason, Refused
from kumoban.core.spreadsheet import csv_lines
from kumoban.desk.guests.entering import remember_download
from kumoban.desk.guests.letting_in import GuestForm, end_guest, guests, let_in
from kumoban.desk.planning import ShapeError
from kumoban.desk.requests import refused_attempt
from kumoban.desk.shapes import read
from kumoban.desk.speech import said
from kumoban.evidence.audit.exporting import TABLES, table_of
from kumoban.evidence.audit.models import Pack, Sample
from kumoban.evidence.audit.pack.ordering import PackForm, content_of, order, pack_of, packs
from kumoban.evidence.audit.paper.binder import binder
from kumoban.evidence.audit.paper.sheet import pdf
from kumoban.evidence.audit.population import KINDS, Proof
from kumoban.evidence.audit.room import Period, auditing, looking
from kumoban.evidence.audit.sampling import (
    METHOD,
    SampleForm,
    draw,
    draws_before,
    population_of,
    ranked,
    sample_of,
    samples,
)
from kumoban.web.downloads import sent_as
from kumoban.web.gate import guests_too, page

__all__ = [
    "audit_page",
    "binder_page",
    "end_stay",
    "let_guest_in",
    "order_pack",
    "pack_file",
    "period_asked",
    "population_csv",
    "sample_page",
    "table_export",
]

_MOST = 30
_TABLES = {
    "requests": gettext_noop("Requests that were asked"),
    "approvals": gettext_noop("Approvals"),
    "grants": gettext_noop("Grants that became active"),
    "evidence": gettext_noop("Session evidence"),
    "rule_changes": gettext_noop("Changes of rules"),
}


@page
@guests_too
def audit_page(request: Any) -> HttpResponse:
    """The room's door. A sample is drawn here, before its result is seen anywhere."""
    looking(request.actor)
    problems: dict[str, list[str]] = {}
    if request.method == "POST":
        try:
            made = draw(request.actor, read(SampleForm, _asked(request)))
            return redirect(f"/audit/samples/{made.pk}")
        except ShapeError as shape:
            problems = _by_field(shape.errors)
        except Refused as refused:
            refused_attempt(request.actor, "draw-sample", "audit", refused)
            problems = _by_field([(refused.field or "", reason) for reason in refused.reasons])
    return _room(request, problems)


def _room(request: Any, problems: dict[str, list[str]] | None = None, form: str = "sample") -> HttpResponse:
    actor, found = request.actor, problems or {}
    audits = bool(actor.auditor or actor.guest)
    context = {
        "here": "audit",
        "audits": audits,
        "kinds": [(name, _(kind.title)) for name, kind in KINDS.items()],
        "samples": [_row(sample) for sample in samples(actor)[:_MOST]] if audits else [],
        "packs": [_pack(pack) for pack in packs(actor)[:_MOST]] if audits else [],
        "guests": [] if actor.guest else [_stay(guest, actor.now) for guest in guests(actor)[:_MOST]],
        "guest": actor.guest,
        "tables": [(name, _(title)) for name, title in _TABLES.items()],
        "zone": settings.KUMOBAN_TIME_ZONE,
        "problems": {form: [text for texts in found.values() for text in texts]} if found else {},
        "typed": request.POST,
    }
    return render(request, "web/audit/room.html", context, status=422 if found else 200)


def _asked(request: Any) -> dict[str, Any]:
    given = {name: request.POST.get(name, "").strip()[:80] for name in ("kind", "size", "seed")}
    return {**{name: value for name, value in given.items() if value}, **_period(request)}


def _period(request: Any) -> dict[str, Any]:
    period = period_asked(request.POST)
    return {"since": period.since.isoformat(), "until": period.until.isoformat()}


def period_asked(given: Mapping[str, Any]) -> Period:
    """From the first day to the last that counts, in the organisation's zone. Raises ShapeError."""
    since, until = _day(given.get("since", "")), _day(given.get("until", ""))
    wrong = [(name, Reason("extra_not_date")) for name, day in (("since", since), ("until", until)) if day is None]
    if wrong or since is None or until is None:
        raise ShapeError(wrong)
    return Period(since, until + timedelta(days=1))


def _day(text: str) -> datetime | None:
    try:
        day = parse_date(text.strip()[:10])
    except ValueError:
        return None
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(settings.KUMOBAN_TIME_ZONE)) if day else None


def _by_field(wrong: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for field, reason in wrong:
        found.setdefault(field, []).append(said(reason))
    return found


def _row(sample: Sample) -> dict[str, Any]:
    return {
        "sample": sample,
        "title": _(KINDS[sample.kind].title),
        "complete": Proof.from_stored(sample.proof).complete,
        **days_of(sample.since, sample.until),
    }


def days_of(since: datetime, until: datetime) -> dict[str, Any]:
    """A period as people say it: its first and its last day."""
    zone = ZoneInfo(settings.KUMOBAN_TIME_ZONE)
    return {"first": since.astimezone(zone).date(), "last": (until - timedelta(microseconds=1)).astimezone(zone).date()}


# --- one sample


@page
@guests_too
@require_GET
def sample_page(request: Any, pk: int) -> HttpResponse:
    """What was drawn, from what, and how anybody draws it again; the population is read afresh and compared."""
    sample = sample_of(request.actor, pk)
    now = population_of(sample)
    context = {
        "here": "audit",
        **_row(sample),
        "proof": Proof.from_stored(sample.proof),
        "again": now,
        "same": now.digest == sample.digest and len(now.items) == sample.count,
        "chosen": list(enumerate(sample.chosen, 1)),
        "draw": draws_before(sample) + 1,
        "method": METHOD,
    }
    return render(request, "web/audit/sample.html", context)


@page
@guests_too
@require_GET
def population_csv(request: Any, pk: int) -> HttpResponseBase:
    """Everything it was drawn from, in the order of the ledger, with the score of each."""
    sample = sample_of(request.actor, pk)
    if request.actor.auditor:
        remember_download(request.actor, request.path)
    head = ("key", "seq", "at", "subject", "actor", "score", "rank")
    return sent_as(f"population-{sample.pk}.csv", "text/csv", csv_lines(head, _population(sample)))


def _population(sample: Sample) -> Iterator[tuple[Any, ...]]:
    found = population_of(sample)
    ranks = {item.key: (score, rank) for rank, (score, item) in enumerate(ranked(sample.seed, found.items), 1)}
    for item in found.items:
        yield (item.key, item.seq, item.at.isoformat(), item.subject, item.actor, *ranks[item.key])


@page
@guests_too
@require_GET
def binder_page(request: Any, pk: int, rank: int) -> HttpResponse:
    """One item of the sample on paper, in the reader's language."""
    sample = sample_of(request.actor, pk)
    if not 1 <= rank <= len(sample.chosen):
        raise Refused(Reason("no_such_sample"))
    if request.actor.auditor:
        remember_download(request.actor, request.path)
    response = HttpResponse(pdf(binder(sample, rank)), content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="sample-{sample.pk}-{rank:03}.pdf"'
    return response


# --- packs


@page
@guests_too
@require_POST
def order_pack(request: Any) -> HttpResponse:
    try:
        language = request.POST.get("language", "")[:5]
        order(request.actor, read(PackForm, {"language": language, **_period(request)}))
    except ShapeError as shape:
        return _room(request, _by_field(shape.errors), "pack")
    except Refused as refused:
        if refused.attempt:
            raise
        return _room(request, _by_field([(refused.field or "", reason) for reason in refused.reasons]), "pack")
    messages.success(request, _("The audit pack is being made; it will stand below."))
    return redirect("/audit#packs")


@page
@guests_too
@require_GET
def pack_file(request: Any, pk: int) -> HttpResponseBase:
    pack = pack_of(request.actor, pk)
    response = StreamingHttpResponse(content_of(pack), content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="audit-pack-{pack.pk}.zip"'
    if request.actor.auditor:
        remember_download(request.actor, request.path)
    return response


def _pack(pack: Pack) -> dict[str, Any]:
    return {"pack": pack, "label": Pack.State(pack.state).label, **days_of(pack.since, pack.until)}


@page
@guests_too
@require_GET
def table_export(request: Any) -> HttpResponseBase:
    """One table of a period as CSV or JSON, as an audit pack would hold it."""
    name, kind = request.GET.get("table", ""), request.GET.get("format", "csv")
    auditing(request.actor)
    if name not in TABLES or kind not in ("csv", "json"):
        raise Refused(Reason("no_such_table"))
    try:
        rows = table_of(request.actor, name, period_asked(request.GET))
    except ShapeError as shape:
        raise Refused(*(reason for _field, reason in shape.errors)) from shape
    if request.actor.auditor:
        remember_download(request.actor, request.get_full_path())
    if kind == "json":
        return sent_as(f"{name}.json", "application/json", [json.dumps(rows, ensure_ascii=False, indent=1)])
    head = list(rows[0]) if rows else ["key"]
    return sent_as(f"{name}.csv", "text/csv", csv_lines(head, ([row[column] for column in head] for row in rows)))


# --- guests


@page
@require_POST
def let_guest_in(request: Any) -> HttpResponse:
    try:
        ends = _day(request.POST.get("ends_at", ""))
        if ends is None:
            raise ShapeError([("ends_at", Reason("extra_not_date"))])
        given = {name: request.POST.get(name, "").strip()[:200] for name in ("person", "firm")}
        asked = {**given, **_period(request), "ends_at": (ends + timedelta(days=1)).isoformat()}
        made = let_in(request.actor, read(GuestForm, asked))
    except ShapeError as shape:
        return _room(request, _by_field(shape.errors), "guest")
    except Refused as refused:
        if refused.attempt:
            raise
        return _room(request, _by_field([(refused.field or "", reason) for reason in refused.reasons]), "guest")
    messages.success(request, _("%(person)s may read now.") % {"person": made.person.display_name})
    return redirect("/audit")


@page
@require_POST
def end_stay(request: Any, pk: int) -> HttpResponse:
    end_guest(request.actor, pk)
    messages.success(request, _("The stay is over: nothing they call is answered any more."))
    return redirect("/audit")


def _stay(guest: Any, now: datetime) -> dict[str, Any]:
    return {"guest": guest, "over": guest.over(now), **days_of(guest.since, guest.until)}
