"""定期申請: filled forms that the desk asks again by itself, ahead of each of their dates."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.http import HttpRequest
from ninja import Field, Router, Schema, Status

from kumoban.api.answers import ReasonOut, reasons_out
from kumoban.api.callers import actor_of
from kumoban.core.reason import Reason
from kumoban.desk.models import RecurringRequest
from kumoban.desk.recurring import RecurringForm, add_recurring, change_recurring, first_dates, next_dates, recurring

__all__ = ["router"]

router = Router(tags=["recurring"])


class RecurringIn(Schema):
    """``form`` without its times; ``when``: name, every, at, length, until, and what ``every`` needs beside."""

    routine: str
    form: dict[str, Any]
    extra: dict[str, str] = Field(default_factory=dict)
    when: dict[str, Any]


class DateOut(Schema):
    starts_at: datetime
    ends_at: datetime


class OccurrenceOut(Schema):
    """``request`` empty where it was refused, and ``why``."""

    day: date
    request: str
    state: str
    why: list[ReasonOut]


class RecurringOut(Schema):
    id: int
    name: str
    person: str
    routine: str
    form: dict[str, Any]
    when: dict[str, Any]
    until: date
    state: str
    #: why it ended by itself
    why: list[ReasonOut]
    next: list[DateOut]
    #: the latest ten
    occurrences: list[OccurrenceOut]


@router.get("/recurring", response=list[RecurringOut])
def list_recurring(request: HttpRequest) -> list[dict[str, Any]]:
    """One's own, the newest first; the operations team sees everybody's."""
    return [_out(one) for one in recurring(actor_of(request))[:200]]


@router.post("/recurring/preview", response=list[DateOut])
def preview_recurring(request: HttpRequest, body: RecurringForm) -> list[dict[str, Any]]:
    """The next six dates of a ``when``; nothing is stored."""
    actor_of(request, "ask")
    return [_date(*window) for window in first_dates(body)]


@router.post("/recurring", response={201: RecurringOut})
def add(request: HttpRequest, body: RecurringIn) -> Status[dict[str, Any]]:
    """Saved once its first occurrence, planned and judged as if asked now, is not refused."""
    actor = actor_of(request, "ask")
    return Status(201, _out(add_recurring(actor, body.routine, body.form, body.when, body.extra)))


@router.post("/recurring/{int:pk}/{act}", response=RecurringOut)
def change(request: HttpRequest, pk: int, act: str) -> dict[str, Any]:
    """``act``: pause, resume or end."""
    return _out(change_recurring(actor_of(request, "ask"), pk, act))


def _out(one: RecurringRequest) -> dict[str, Any]:
    same = ("name", "routine", "form", "when", "until", "state")
    latest = one.occurrences.select_related("request").order_by("-day")[:10]
    return {
        **{name: getattr(one, name) for name in same},
        "id": one.pk,
        "person": one.person.display_name,
        "why": _reasons(one.why),
        "next": [_date(*window) for window in next_dates(one)],
        "occurrences": [
            {
                "day": found.day,
                "request": found.request.number if found.request else "",
                "state": found.request.state if found.request else "",
                "why": _reasons(found.why),
            }
            for found in latest
        ],
    }


def _reasons(stored: list[dict[str, Any]]) -> list[Any]:
    return list(reasons_out(tuple(Reason.from_stored(one) for one in stored)))


def _date(starts_at: datetime, ends_at: datetime) -> dict[str, Any]:
    return {"starts_at": starts_at, "ends_at": ends_at}
