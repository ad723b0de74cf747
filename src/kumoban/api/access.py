"""Who has access, as this person may know it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from django.http import HttpRequest, StreamingHttpResponse
from ninja import Router, Schema

from kumoban.api.answers import ReasonOut, reasons_out
from kumoban.api.callers import actor_of
from kumoban.core.reason import Reason
from kumoban.desk.access import Access, access_csv, unread, who_has_access
from kumoban.desk.models import PastAccess
from kumoban.desk.past import past_access, past_csv, summary
from kumoban.estate.access import Wanted

__all__ = ["router"]

router = Router(tags=["access"])
Path = Literal["", "direct", "group", "entitlement", "iam_user"]
Standing = Literal["", "managed", "adopted", "out_of_band"]


class SignInOut(Schema):
    """``last_used_at``: of the console or a key, whichever is later; null: never, or before AWS kept it."""

    console: bool
    mfa: bool
    active_keys: int
    last_used_at: datetime | None


class LineOut(Schema):
    """``group`` is null where it is the person's own; ``request`` is the desk's grant on it, if any.

    ``path``: direct, group, entitlement (of account access manager: ``permission_set`` is an IAM role then) or iam_user
    (``person`` is its name). ``standing``: managed, adopted or out_of_band. ``usable``: the person is in the directory
    and enabled. ``seen_at``: how old this knowledge is. ``sign_in`` is there for an IAM user only.
    """

    person: str
    user_name: str
    usable: bool
    account: str
    account_id: str
    environment: str
    team: str
    permission_set: str
    permission_set_arn: str
    group: str | None
    seen_at: datetime
    request: str | None
    ends_at: datetime | None
    #: the request that marked it as known (adopted it), and whose it is since
    adopted: str | None
    owner: str | None
    path: str
    standing: str
    sign_in: SignInOut | None


class UnreadOut(Schema):
    """What is not among the lines because AWS did not let it be read; told to operations and auditors."""

    #: accounts whose IAM users were never read
    accounts: int
    entitlements: bool


class LinesOut(Schema):
    """``next`` is what ``after`` takes for the next page; null on the last."""

    lines: list[LineOut]
    next: str | None
    unread: UnreadOut


@router.get("/access", response=LinesOut)
def access(
    request: HttpRequest,
    text: str = "",
    person: str = "",
    account: str = "",
    permission_set: str = "",
    environment: str = "",
    path: Path = "",
    adopted: Literal["", "yes", "no"] = "",
    standing: Standing = "",
    after: str = "",
) -> dict[str, Any]:
    """100 lines at a time, by account and permission set. Outside ops and audit: one's team's accounts, and oneself."""
    wanted = Wanted(text[:120], person, account, permission_set, environment, path, adopted, standing)
    actor = actor_of(request)
    found = who_has_access(actor, wanted, after)
    lines = [_line(row) for row in found.rows]
    return {"lines": lines, "next": found.next or None, "unread": unread(actor).__dict__}


@router.get("/access/export")
def export(
    request: HttpRequest,
    text: str = "",
    person: str = "",
    account: str = "",
    permission_set: str = "",
    environment: str = "",
    path: Path = "",
    adopted: Literal["", "yes", "no"] = "",
    standing: Standing = "",
) -> StreamingHttpResponse:
    """Every line that matches, as CSV, sent in parts."""
    wanted = Wanted(text[:120], person, account, permission_set, environment, path, adopted, standing)
    return StreamingHttpResponse(access_csv(actor_of(request), wanted), content_type="text/csv; charset=utf-8")


def _line(row: Access) -> dict[str, Any]:
    line, hold = row.line, row.hold
    same = ("person", "user_name", "usable", "account", "environment", "team", "permission_set", "seen_at")
    return {
        **{name: getattr(line, name) for name in same},
        "account_id": line.position.account,
        "permission_set_arn": line.position.what,
        "group": line.group or None,
        "request": hold.request.number if hold else None,
        "ends_at": hold.ends_at if hold else None,
        "adopted": line.adopted or None,
        "owner": line.owner or None,
        "path": line.path,
        "standing": row.standing,
        "sign_in": line.sign_in.__dict__ if line.sign_in else None,
    }


class PastOut(Schema):
    """What another tool said, and how today's rules would have decided.

    ``outcome``: allowed, approval, refused, unknown, or empty while it is not judged. ``said`` is in the source's own
    words. ``slots``: who would have to approve (groups and people by id). ``rules``: the ids of those that decided.
    """

    id: int
    source: str
    person: str
    account: str
    permission_set: str
    starts_at: datetime
    ends_at: datetime | None
    said: dict[str, str]
    outcome: str
    why: list[ReasonOut]
    slots: list[dict[str, Any]]
    rules: list[int]
    judged_at: datetime | None


class CountOut(Schema):
    name: str
    rows: int


class SummaryOut(Schema):
    """``rules``: by name, how many rows each decided; ``refusals``: by code. The unjudged are judged in ten minutes."""

    rows: int
    unjudged: int
    outcomes: dict[str, int]
    rules: list[CountOut]
    refusals: list[CountOut]


@router.get("/past-access", response=list[PastOut])
def past(
    request: HttpRequest,
    text: str = "",
    outcome: Literal["", "allowed", "approval", "refused", "unknown"] = "",
    before: int | None = None,
) -> list[dict[str, Any]]:
    """History taken from elsewhere, the newest taken first, 100 at a time; ``before`` pages on from an ``id``."""
    found = past_access(actor_of(request), text[:120], outcome)
    if before is not None:
        found = found.filter(id__lt=before)
    return [_past(one) for one in found[:100]]


@router.get("/past-access/summary", response=SummaryOut)
def past_summary(request: HttpRequest, text: str = "") -> dict[str, Any]:
    """How today's rules would have decided, in sum."""
    told = summary(actor_of(request), text[:120])
    counts = {
        name: [{"name": what, "rows": rows} for what, rows in pairs]
        for name, pairs in (("rules", told.rules), ("refusals", told.refusals))
    }
    return {"rows": told.rows, "unjudged": told.unjudged, "outcomes": told.outcomes, **counts}


@router.get("/past-access/export")
def past_export(
    request: HttpRequest, text: str = "", outcome: Literal["", "allowed", "approval", "refused", "unknown"] = ""
) -> StreamingHttpResponse:
    """Every row that matches, as CSV, sent in parts."""
    lines = past_csv(past_access(actor_of(request), text[:120], outcome))
    return StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")


def _past(one: PastAccess) -> dict[str, Any]:
    same = ("id", "source", "starts_at", "ends_at", "said", "outcome", "slots", "judged_at")
    return {
        **{name: getattr(one, name) for name in same},
        "person": one.person_name,
        "account": one.account_name,
        "permission_set": one.permission_set_name,
        "why": reasons_out(Reason.from_stored(why) for why in one.why),
        "rules": [int(pk) for pk in one.decided_by.split(",") if pk.isdecimal()],
    }
