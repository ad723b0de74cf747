"""The record of what this person may see: narrowed down, paged, and given out whole."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from kumoban.desk.records import Wanted, as_csv, as_json_lines, entries, every_entry
from kumoban.estate.models import Person
from kumoban.ledger.search import Recorded
from kumoban.web.downloads import sent_as
from kumoban.web.gate import guests_too, page
from kumoban.web.numbers import whole

__all__ = ["ledger_export", "ledger_page"]

#: entries on one page
PAGE = 100


@page
@guests_too
@require_GET
def ledger_page(request: Any) -> HttpResponse:
    """Newest first; the exports give everything that matches."""
    asked, wrong = _asked(request)
    before = request.GET.get("before", "")
    found = entries(request.actor, _wanted(asked), before=whole(before), limit=PAGE + 1)
    shown, query = found[:PAGE], urlencode({name: value for name, value in asked.items() if value})
    context = {
        "here": "ledger",
        "rows": _rows(shown),
        "asked": asked,
        "wrong": wrong,
        "query": query,
        "before": before,
        "older": shown[-1].seq if len(found) > PAGE else None,
        "everything": request.actor.ops or request.actor.auditor,
    }
    return render(request, "web/ledger.html", context, status=422 if wrong else 200)


@page
@guests_too
@require_GET
def ledger_export(request: Any, kind: str) -> StreamingHttpResponse:
    """Everything that matches, sent in parts as it is read."""
    asked, _wrong = _asked(request)
    found = every_entry(request.actor, _wanted(asked))
    if kind == "csv":
        return sent_as("ledger.csv", "text/csv", as_csv(found))
    return sent_as("ledger.jsonl", "application/jsonl", as_json_lines(found))


def _asked(request: Any) -> tuple[dict[str, str], dict[str, str]]:
    """What was typed, and what of it is not understood."""
    names = ("subject", "kind", "actor", "since", "until")
    asked = {name: request.GET.get(name, "").strip()[:80] for name in names}
    wrong = {
        name: _("Write a date such as 2026-11-24.")
        for name in ("since", "until")
        if asked[name] and not _day(asked[name])
    }
    return asked, wrong


def _wanted(asked: dict[str, str]) -> Wanted:
    """``until`` is the last day that counts."""
    until = _day(asked["until"])
    return Wanted(
        asked["subject"],
        asked["kind"],
        asked["actor"],
        _day(asked["since"]),
        until + timedelta(days=1) if until else None,
    )


def _day(text: str) -> datetime | None:
    """The beginning of that day in the reader's zone."""
    try:
        day = parse_date(text)
    except ValueError:
        return None
    return datetime(day.year, day.month, day.day, tzinfo=timezone.get_current_timezone()) if day else None


def _rows(found: list[Recorded]) -> list[dict[str, Any]]:
    names = dict(Person.objects.filter(id__in={entry.actor for entry in found}).values_list("id", "display_name"))
    return [
        {
            "entry": entry,
            "who": names.get(entry.actor, _("Kumoban") if entry.actor == "desk" else entry.actor),
            "facts": [(name, value) for name, value in entry.facts.items() if value not in ("", [], {}, None)],
            "link": _link(entry.subject),
        }
        for entry in found
    ]


def _link(subject: str) -> str:
    """The page of what an entry is about, where there is one."""
    kind, _sign, number = subject.partition(":")
    if kind == "rule" and number.isdigit():
        return f"/rules/{number}/history"
    if kind == "account":
        return f"/accounts/{number}"
    return f"/requests/{subject}" if subject.startswith("R-") else ""
