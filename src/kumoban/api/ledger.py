"""The record, as this person may read it."""

from __future__ import annotations

from typing import Any, Literal

from django.http import HttpRequest, StreamingHttpResponse
from ninja import Router

from kumoban.api.callers import actor_of
from kumoban.core.instant import Instant
from kumoban.desk.records import Wanted, as_csv, as_json_lines, entries, every_entry

__all__ = ["router"]

router = Router(tags=["ledger"])


@router.get("/ledger")
def ledger(
    request: HttpRequest,
    subject: str = "",
    kind: str = "",
    actor: str = "",
    since: Instant | None = None,
    until: Instant | None = None,
    before: int | None = None,
) -> list[dict[str, Any]]:
    """Newest first, 100 at a time; ``before`` pages on from a ``seq``. Outside ops and audit: what one may see.

    ``kind`` matches by its beginning; ``actor`` is an id, a user name or ``desk``.
    """
    wanted = Wanted(subject, kind, actor, since, until)
    return [entry.__dict__ for entry in entries(actor_of(request), wanted, before=before)]


@router.get("/ledger/export")
def export(
    request: HttpRequest,
    format: Literal["jsonl", "csv"] = "jsonl",
    subject: str = "",
    kind: str = "",
    actor: str = "",
    since: Instant | None = None,
    until: Instant | None = None,
) -> StreamingHttpResponse:
    """Everything that matches, as JSON Lines or CSV, newest first, sent in parts."""
    found = every_entry(actor_of(request), Wanted(subject, kind, actor, since, until))
    if format == "csv":
        return StreamingHttpResponse(as_csv(found), content_type="text/csv; charset=utf-8")
    return StreamingHttpResponse(as_json_lines(found), content_type="application/jsonl; charset=utf-8")
