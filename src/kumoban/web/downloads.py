"""Files a page offers: sent in parts, never held whole."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import StreamingHttpResponse

from kumoban.core.spreadsheet import csv_lines
from kumoban.desk.models import Hold, Request

__all__ = ["grants_table", "requests_table", "sent_as"]

#: rows read at a time while a table is being sent
CHUNK = 500


def requests_table(found: QuerySet[Request]) -> StreamingHttpResponse:
    """Requests, the newest first."""
    head = ("number", "routine", "state", "requester", "user_name", "workers", "reason")
    times = ("created_at", "starts_at", "ends_at", "closed_at")
    rows = found.select_related("requester").prefetch_related("workers").order_by("-id").iterator(CHUNK)
    return _table("requests", (*head, *times), (_request(one) for one in rows))


def _request(one: Request) -> tuple[Any, ...]:
    return (
        one.number,
        one.routine,
        one.state,
        one.requester.display_name,
        one.requester.user_name,
        " ".join(sorted(worker.user_name for worker in one.workers.all())),
        one.reason,
        *(_iso(at) for at in (one.created_at, one.starts_at, one.ends_at, one.closed_at)),
    )


def grants_table(found: QuerySet[Hold]) -> StreamingHttpResponse:
    """Grants in the order in which they are listed."""
    head = (
        "request",
        "person",
        "user_name",
        "account",
        "account_id",
        "permission_set",
        "state",
        "starts_at",
        "ends_at",
    )
    return _table("grants", head, (_grant(one) for one in found.iterator(CHUNK)))


def _grant(one: Hold) -> tuple[Any, ...]:
    return (
        one.request.number,
        one.shown.get("person", ""),
        one.person.user_name if one.person else "",
        one.shown.get("account", ""),
        one.account_id,
        one.shown.get("permission_set", ""),
        one.state,
        _iso(one.starts_at),
        _iso(one.ends_at),
    )


def _iso(at: datetime | None) -> str:
    return at.isoformat() if at else ""


def _table(name: str, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> StreamingHttpResponse:
    """A CSV that a spreadsheet opens as it is."""
    return sent_as(f"{name}.csv", "text/csv", csv_lines(head, rows))


def sent_as(name: str, kind: str, lines: Iterable[str]) -> StreamingHttpResponse:
    response = StreamingHttpResponse(lines, content_type=f"{kind}; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
