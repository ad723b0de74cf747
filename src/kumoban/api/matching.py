"""Access without a request: the months, their sessions and gaps, explanations, the signature, and the exclusions."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Field, Query, Router, Schema, Status

from kumoban.api.answers import ReasonOut, reasons_out
from kumoban.api.callers import actor_of
from kumoban.core.reason import Reason, Refused
from kumoban.evidence.matching.exclusions import end_exclusion, exclude
from kumoban.evidence.matching.models import Exclusion, Gap, Session
from kumoban.evidence.matching.signing import MOST_TOGETHER, explain, sign
from kumoban.evidence.matching.telling import Sheet, as_csv, as_xlsx, sheet_of
from kumoban.evidence.matching.visible import PAGE, Wanted, exclusions, gaps, listed, months

__all__ = ["router"]

router = Router(tags=["matching"])

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class MonthOut(Schema):
    """``figures``: what it rests on, and sessions by outcome and kind. ``digest`` is that of the rows as they are now.

    ``not_yet``: why it cannot be signed now. ``after_signature``: sessions that came later.
    """

    month: str
    figures: dict[str, Any]
    computed_at: datetime | None
    digest: str
    to_explain: int
    gaps_to_explain: int
    not_yet: list[ReasonOut]
    signed_at: datetime | None
    signed_by: str | None
    signed_digest: str | None
    comment: str
    after_signature: int


class Asked(Schema):
    """``outcome``: matched, no_request, out_of_time, excluded, or ``asked`` (to be explained)."""

    outcome: Literal["", "asked", "matched", "no_request", "out_of_time", "excluded"] = ""
    kind: str = ""
    account: str = ""
    late: bool = False

    def wanted(self) -> Wanted:
        return Wanted(self.outcome, self.kind[:20], self.account[:12], late=self.late)


class SessionOut(Schema):
    """``person`` is a user id of the identity store. An explanation stands for what the session was then."""

    id: int
    kind: str
    who: str
    principal: str
    person: str | None
    origin: str | None
    account: str
    role: str | None
    first: datetime
    last: datetime
    changing: int
    reading: int
    refused: int
    addresses: list[str]
    outcome: str
    why: ReasonOut
    request: str | None
    explained: bool
    said: str
    explained_by: str | None
    explained_at: datetime | None
    after_signature: bool


class SessionsOut(Schema):
    """``next`` is what ``after`` takes for the following page; null on the last."""

    sessions: list[SessionOut]
    count: int
    next: int | None


class GapOut(Schema):
    """``days`` (UTC) without a log file; ``unreadable``: [Region, file, code]."""

    id: int
    account: str
    days: list[str]
    unreadable: list[list[str]]
    explained: bool
    said: str
    explained_by: str | None


class Explanation(Schema):
    sessions: list[int] = Field(default_factory=list, max_length=MOST_TOGETHER)
    gaps: list[int] = Field(default_factory=list, max_length=MOST_TOGETHER)
    comment: str


class Explained(Schema):
    explained: int


class Signature(Schema):
    """``digest``: that of the month as it was looked at."""

    digest: str = Field(max_length=64)
    comment: str = ""


class ExclusionIn(Schema):
    """``pattern``: the ARN of an IAM user or role (* for any account), an account, or an identity provider outside."""

    pattern: str
    reason: str
    owner: str
    valid_from: date
    valid_until: date


class ExclusionOut(Schema):
    id: int
    pattern: str
    reason: str
    owner: str
    valid_from: date
    valid_until: date
    made_by: str
    made_at: datetime
    ended_at: datetime | None


@router.get("/matching", response=list[MonthOut])
def list_months(request: HttpRequest) -> list[dict[str, Any]]:
    """Newest first, 24 at most; for operations and auditors."""
    actor = actor_of(request)
    sheets = [sheet_of(actor, row.month) for row in months(actor)[:24]]
    return [_month(sheet) for sheet in sheets if sheet is not None]


@router.get("/matching/exclusions", response=list[ExclusionOut])
def list_exclusions(request: HttpRequest) -> list[dict[str, Any]]:
    return [_exclusion(one) for one in exclusions(actor_of(request))[:500]]


@router.post("/matching/exclusions", response={201: ExclusionOut})
def make_exclusion(request: HttpRequest, body: ExclusionIn) -> Status[dict[str, Any]]:
    """For the lead of operations; not by a token where a recent proof is asked for."""
    actor = actor_of(request, "rules")
    made = exclude(actor, body.pattern, body.reason, body.owner, body.valid_from, body.valid_until)
    return Status(201, _exclusion(made))


@router.post("/matching/exclusions/{int:exclusion_id}/end", response=ExclusionOut)
def end_one(request: HttpRequest, exclusion_id: int) -> dict[str, Any]:
    return _exclusion(end_exclusion(actor_of(request, "rules"), min(exclusion_id, 10**18)))


@router.get("/matching/{month}", response=MonthOut)
def month(request: HttpRequest, month: str) -> dict[str, Any]:
    return _month(_seen(request, month))


@router.get("/matching/{month}/sessions", response=SessionsOut)
def sessions(
    request: HttpRequest, month: str, asked: Query[Asked], after: Annotated[int, Field(ge=0, le=10**9)] = 0
) -> dict[str, Any]:
    """100 at a time, in the order of their beginnings."""
    _seen(request, month)
    found = listed(actor_of(request), month, asked.wanted())
    rows = list(found[after : after + PAGE + 1])
    more = after + PAGE if len(rows) > PAGE else None
    return {"sessions": [_session(row) for row in rows[:PAGE]], "count": found.count(), "next": more}


@router.get("/matching/{month}/gaps", response=list[GapOut])
def list_gaps(request: HttpRequest, month: str) -> list[dict[str, Any]]:
    _seen(request, month)
    return [_gap(row) for row in gaps(actor_of(request), month)]


@router.get("/matching/{month}/export.csv")
def export_csv(request: HttpRequest, month: str, asked: Query[Asked]) -> HttpResponse:
    _seen(request, month)
    text = "".join(as_csv(listed(actor_of(request), month, asked.wanted())))
    return HttpResponse(text, content_type="text/csv; charset=utf-8")


@router.get("/matching/{month}/export.xlsx")
def export_xlsx(request: HttpRequest, month: str, asked: Query[Asked]) -> HttpResponse:
    _seen(request, month)
    return HttpResponse(as_xlsx(month, listed(actor_of(request), month, asked.wanted())), content_type=_XLSX)


@router.post("/matching/{month}/explain", response=Explained)
def explain_some(request: HttpRequest, month: str, body: Explanation) -> dict[str, int]:
    """One explanation for some sessions and gaps of this month, all or none."""
    actor = actor_of(request, "approve")
    _seen(request, month)
    of_month = Session.objects.filter(month=month, pk__in=body.sessions).count()
    of_month += Gap.objects.filter(month=month, pk__in=body.gaps).count()
    if of_month != len(set(body.sessions)) + len(set(body.gaps)):
        raise Refused(Reason("no_such_session"))
    return {"explained": explain(actor, body.sessions, body.gaps, body.comment)}


@router.post("/matching/{month}/sign", response=MonthOut)
def sign_month(request: HttpRequest, month: str, body: Signature) -> dict[str, Any]:
    """For the lead of operations; not by a token where a recent proof is asked for."""
    actor = actor_of(request, "approve")
    _seen(request, month)
    sign(actor, month, body.digest, body.comment)
    return _month(_seen(request, month))


def _seen(request: HttpRequest, month: str) -> Sheet:
    sheet = sheet_of(actor_of(request), month) if len(month) == 7 else None
    if sheet is None:
        raise Refused(Reason("no_such_month", {"month": month[:10]}))
    return sheet


def _month(sheet: Sheet) -> dict[str, Any]:
    row = sheet.month
    return {
        "month": row.month,
        "figures": row.figures,
        "computed_at": row.computed_at,
        "digest": sheet.digest,
        "to_explain": sheet.asked,
        "gaps_to_explain": sheet.gaps,
        "not_yet": reasons_out(sheet.refusals),
        "signed_at": row.signed_at,
        "signed_by": row.signed_by.user_name if row.signed_by else None,
        "signed_digest": row.digest or None,
        "comment": row.comment,
        "after_signature": sheet.late,
    }


def _session(row: Session) -> dict[str, Any]:
    same = ("kind", "principal", "account", "first", "last", "changing", "reading", "refused", "addresses", "outcome",
            "explained", "said", "explained_at", "after_signature")  # fmt: skip
    return {
        "id": row.pk,
        "who": row.name,
        **{name: getattr(row, name) for name in same},
        **{name: getattr(row, name) or None for name in ("person", "origin", "role", "request")},
        "why": reasons_out([Reason.from_stored(row.why)])[0],
        "explained_by": row.explained_by.user_name if row.explained_by else None,
    }


def _gap(row: Gap) -> dict[str, Any]:
    same = ("account", "days", "unreadable", "explained", "said")
    by = row.explained_by.user_name if row.explained_by else None
    return {"id": row.pk, **{name: getattr(row, name) for name in same}, "explained_by": by}


def _exclusion(row: Exclusion) -> dict[str, Any]:
    same = ("pattern", "reason", "valid_from", "valid_until", "made_at", "ended_at")
    values = {name: getattr(row, name) for name in same}
    return {"id": row.pk, **values, "owner": row.owner.user_name, "made_by": row.made_by.user_name}
