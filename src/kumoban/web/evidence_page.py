"""作業ログ: what was done with the grants of one request, and all of it as a table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_GET

from kumoban.core.reason import Reason, Refused
from kumoban.core.spreadsheet import csv_lines
from kumoban.desk import rules
from kumoban.desk.models import Request
from kumoban.desk.people import Actor
from kumoban.evidence.reading import events_of, sheet_of
from kumoban.web.downloads import sent_as
from kumoban.web.gate import guests_too, page

__all__ = ["evidence_export", "evidence_page"]

_SHOWN = 200


@page
@guests_too
@require_GET
def evidence_page(request: Any, number: str) -> HttpResponse:
    found = _seen(request.actor, number)
    sheet, events = sheet_of(found), events_of(found)
    context = {
        "here": "mine",
        "found": found,
        "sheet": sheet,
        "events": events[:_SHOWN],
        "more": max(events.count() - _SHOWN, 0),
    }
    return render(request, "web/evidence.html", context)


@page
@guests_too
@require_GET
def evidence_export(request: Any, number: str) -> HttpResponseBase:
    found = _seen(request.actor, number)
    head = ("at", "person", "account", "service", "event", "changing", "error", "region", "address", "resources", "id")
    return sent_as(f"{found.number}-log.csv", "text/csv", csv_lines(head, _rows(found)))


def _rows(found: Request) -> Iterator[tuple[Any, ...]]:
    for event in events_of(found).iterator(chunk_size=500):
        hold = event.log.hold
        yield (
            event.at.isoformat(),
            hold.shown.get("person", ""),
            hold.account_id,
            event.source,
            event.name,
            "yes" if event.changing else "no",
            event.error,
            event.region,
            event.address,
            event.resources,
            event.event_id,
        )


def _seen(actor: Actor, number: str) -> Request:
    found = rules.visible(actor).filter(number=number).first()
    if found is None:
        raise Refused(Reason("no_such_request", {"request": number[:40]}))
    return found
