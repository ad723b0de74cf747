"""The operations team's day: today, the work calendar, notes for the next shift, converting another request."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language
from ninja import Field, Router, Schema, Status

from kumoban.api.answers import GrantOut, RequestOut, grant_out, reasons_out, request_out, requests_out
from kumoban.api.callers import actor_of
from kumoban.core.reason import Reason, Refused
from kumoban.desk import clock, requests, shift_notes
from kumoban.desk.calendar_feed import make_feed
from kumoban.desk.models import Request, ShiftNote
from kumoban.desk.office_calendar import organisation_zone
from kumoban.desk.today import today_of
from kumoban.desk.work_calendar import Day, Piece, week_of
from kumoban.findings.visible import counts

__all__ = ["router"]

router = Router(tags=["operations"])


class PieceOut(Schema):
    """One request's work in one account. ``meets``: other requests at work there at the same time."""

    request: str
    account: str
    account_name: str
    people: list[str]
    what: str
    starts_at: datetime
    ends_at: datetime | None
    state: str
    meets: list[str]


class NoteOut(Schema):
    id: int
    person: str
    text: str
    at: datetime


class FiguresOut(Schema):
    overdue_ends: int
    trouble: int
    unclaimed: int
    past_target: int
    unconfirmed: int
    no_owner: int


class FindingCountsOut(Schema):
    """Of the findings that should be looked at; ``new``: nobody has acknowledged them yet."""

    standing: int
    high: int
    new: int


class TodayOut(Schema):
    """``until``: the next business day's opening. Lists are cut at eight; ``…_more`` says how many are left out."""

    now: datetime
    business: bool
    previous: date
    until: datetime
    figures: FiguresOut
    findings: FindingCountsOut
    tonight: list[PieceOut]
    tonight_more: int
    ends: list[GrantOut]
    ends_more: int
    work: list[RequestOut]
    work_more: int
    notes: list[NoteOut]


class DayOut(Schema):
    day: date
    business: bool
    holiday: str
    freezes: list[str]


class WeekOut(Schema):
    """Monday first; every piece of work of the week, the earliest first. ``collisions``: pieces that meet others."""

    days: list[DayOut]
    pieces: list[PieceOut]
    collisions: int


class NoteIn(Schema):
    text: str


class FeedOut(Schema):
    """``address`` is shown this once; whoever has it reads this person's calendar."""

    address: str


class Conversion(Schema):
    """A filled form of a routine, for the requester of the other request."""

    routine: str
    form: dict[str, Any]
    extra: dict[str, str] = Field(default_factory=dict)


@router.get("/today", response=TodayOut)
def today(request: HttpRequest) -> dict[str, Any]:
    """What the operations team looks at in the morning; nobody else has it."""
    actor = actor_of(request)
    found = today_of(actor)
    same = ("now", "business", "previous", "until", "tonight_more", "ends_more", "work_more")
    return {
        **{name: getattr(found, name) for name in same},
        "figures": found.figures.__dict__,
        "findings": counts(actor).__dict__,
        "tonight": [_piece(piece) for piece in found.tonight],
        "ends": [grant_out(hold, hold.request.number) for hold in found.ends],
        "work": _in_order(found.work),
        "notes": [_note(note) for note in found.notes],
    }


def _in_order(work: Sequence[Request]) -> list[dict[str, Any]]:
    """As they are listed: the most urgent first."""
    found = {one["number"]: one for one in requests_out(Request.objects.filter(pk__in=[row.pk for row in work]))}
    return [found[row.number] for row in work]


@router.get("/calendar", response=WeekOut)
def calendar(request: HttpRequest, week: date | None = None, q: str = "") -> dict[str, Any]:
    """The week of this day (default: now); only requests this person may see."""
    actor = actor_of(request)
    day = week or clock.now().astimezone(organisation_zone()).date()
    if not 2000 <= day.year < 2200:
        raise Refused(Reason("extra_not_date"), field="week")
    found = week_of(actor, day, matching=q[:100], language=get_language() or "ja")
    seen = {(p.request.pk, p.account): p for _account, _name, cells in found.rows for cell in cells for p in cell}
    return {
        "days": [_day(one) for one in found.days],
        "pieces": [_piece(one) for one in sorted(seen.values(), key=lambda p: (p.starts_at, p.request.pk, p.account))],
        "collisions": found.collisions,
    }


def _day(one: Day) -> dict[str, Any]:
    freezes = [freeze.reason for freeze in one.freezes]
    return {"day": one.day, "business": one.business, "holiday": one.holiday, "freezes": freezes}


def _piece(piece: Piece) -> dict[str, Any]:
    same = ("account", "account_name", "people", "what", "starts_at", "ends_at", "state", "meets")
    return {**{name: getattr(piece, name) for name in same}, "request": piece.request.number}


@router.post("/calendar/feed", response={201: FeedOut})
def feed(request: HttpRequest) -> Status[dict[str, str]]:
    """An address for other calendars (iCal, RFC 5545); it works for a year, or until its token is revoked."""
    secret = make_feed(actor_of(request))
    return Status(201, {"address": f"{settings.KUMOBAN_BASE_URL}/calendar/{secret}.ics"})


@router.get("/shift-notes", response=list[NoteOut])
def list_notes(request: HttpRequest) -> list[dict[str, Any]]:
    """Not taken off yet, the newest first, at most 100; the operations team's only."""
    return [_note(note) for note in shift_notes.standing(actor_of(request))[:100]]


@router.post("/shift-notes", response={201: NoteOut})
def leave_note(request: HttpRequest, body: NoteIn) -> Status[dict[str, Any]]:
    return Status(201, _note(shift_notes.leave(actor_of(request, "approve"), body.text)))


@router.delete("/shift-notes/{int:note_id}", response={204: None})
def take_off(request: HttpRequest, note_id: int) -> Status[None]:
    """It is shown no more; the record keeps it."""
    shift_notes.take_off(actor_of(request, "approve"), note_id)
    return Status(204, None)


def _note(note: ShiftNote) -> dict[str, Any]:
    return {"id": note.pk, "person": note.person.user_name, "text": note.text, "at": note.at}


@router.post("/requests/{number}/convert/preview")
def preview_conversion(request: HttpRequest, number: str, body: Conversion) -> dict[str, Any]:
    """The plan in the requester's name, and who would have to approve it; nothing is stored."""
    actor = actor_of(request, "approve")
    made = requests.draft_of(actor, number, body.routine, body.form, body.extra)
    return {
        "plan": made.plan.stored(),
        "refusals": reasons_out(made.refusals),
        "approvals": [slot.stored() for slot in made.decision.slots],
        "normalised": reasons_out(made.changes),
    }


@router.post("/requests/{number}/convert", response={201: RequestOut})
def convert(request: HttpRequest, number: str, body: Conversion) -> Status[dict[str, Any]]:
    """Another request becomes a routine's, within its requester's rights; who converts it does not approve it."""
    actor = actor_of(request, "approve")
    return Status(201, request_out(requests.convert(actor, number, body.routine, body.form, body.extra)))
