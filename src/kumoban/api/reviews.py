"""Reviews: campaigns, their lines, and the answers of the owners."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Field, Router, Schema, Status

from kumoban.api.answers import ReasonOut, reasons_out
from kumoban.api.callers import actor_of
from kumoban.core.reason import Reason, Refused
from kumoban.desk.people import Actor
from kumoban.reviews import answering
from kumoban.reviews.models import Campaign, Line
from kumoban.reviews.opening import open_campaign
from kumoban.reviews.visible import answerable, campaigns, lines, progress

__all__ = ["router"]

router = Router(tags=["reviews"])

State = Literal["", "open", "kept", "changed", "dropped", "expired", "gone"]


class CampaignIn(Schema):
    """``groups``: parts of the kind, all of them where none is named. ``due_on`` is a business day."""

    kind: str = "recertification"
    title: str
    due_on: date
    groups: list[str] = Field(default_factory=list, max_length=20)
    said: str = ""


class CampaignOut(Schema):
    """``lines``: how many by state. After ``expires_on`` silence is an answer: remove."""

    id: int
    kind: str
    title: str
    said: str
    opened_by: str
    opened_at: datetime
    due_on: date
    expires_on: date
    closed_at: datetime | None
    lines: dict[str, int]


class LineOut(Schema):
    """``person`` or ``team`` answers (both null: the operations team), never the person it is ``about``."""

    id: int
    key: str
    group: str
    title: ReasonOut
    person: str | None
    team: str | None
    about: str | None
    account: str | None
    state: str
    said: str
    answered_by: str | None
    answered_at: datetime | None
    settled_at: datetime | None
    proposals: list[dict[str, Any]]


class Answers(Schema):
    """The same answer for some lines, all or none; ``change`` needs a comment that says what."""

    lines: list[int] = Field(min_length=1, max_length=answering.MOST_TOGETHER)
    answer: Literal["keep", "change", "drop"]
    comment: str = ""


@router.get("/reviews", response=list[CampaignOut])
def list_campaigns(request: HttpRequest) -> list[dict[str, Any]]:
    """Newest first, 50 at most: all of them for operations and audit, others those that ask something of them."""
    actor = actor_of(request)
    found = list(campaigns(actor)[:50])
    counted = progress(actor, (campaign.pk for campaign in found))
    return [_campaign(campaign, counted[campaign.pk]) for campaign in found]


@router.post("/reviews", response={201: CampaignOut})
def open_(request: HttpRequest, body: CampaignIn) -> Status[dict[str, Any]]:
    """Open a campaign (operations team): its lines are collected, and their owners are told."""
    actor = actor_of(request, "rules")
    made = open_campaign(
        actor, body.kind[:40], title=body.title, due_on=body.due_on, groups=body.groups, said=body.said
    )
    return Status(201, _campaign(made, progress(actor, [made.pk])[made.pk]))


@router.get("/reviews/{int:campaign_id}", response=CampaignOut)
def campaign(request: HttpRequest, campaign_id: int) -> dict[str, Any]:
    actor = actor_of(request)
    found = _seen(actor, campaign_id)
    return _campaign(found, progress(actor, [found.pk])[found.pk])


@router.get("/reviews/{int:campaign_id}/lines", response=list[LineOut])
def list_lines(
    request: HttpRequest,
    campaign_id: int,
    state: State = "",
    mine: bool = False,
    after: Annotated[int, Field(ge=0, le=10**18)] = 0,
) -> list[dict[str, Any]]:
    """100 at a time in the order of their ids; ``after`` is the last id of the page before."""
    actor = actor_of(request)
    _seen(actor, campaign_id)
    found = (answerable(actor) if mine else lines(actor)).filter(campaign_id=campaign_id, pk__gt=after)
    found = found.filter(state=state) if state else found
    return [_line(line) for line in found.select_related("answered_by").order_by("pk")[:100]]


@router.post("/reviews/{int:campaign_id}/answers", response=list[LineOut])
def answer(request: HttpRequest, campaign_id: int, body: Answers) -> list[dict[str, Any]]:
    actor = actor_of(request, "approve")
    _seen(actor, campaign_id)
    if len(set(body.lines)) != Line.objects.filter(pk__in=body.lines, campaign_id=campaign_id).count():
        raise Refused(Reason("no_such_line"))
    return [_line(line) for line in answering.answer(actor, body.lines, body.answer, body.comment)]


def _seen(actor: Actor, pk: int) -> Campaign:
    found = campaigns(actor).filter(pk=pk).first() if pk < 10**18 else None
    if found is None:
        raise Refused(Reason("no_such_line"))
    return found


def _campaign(found: Campaign, counted: dict[str, int]) -> dict[str, Any]:
    same = ("kind", "title", "said", "opened_at", "due_on", "expires_on", "closed_at")
    values = {name: getattr(found, name) for name in same}
    return {"id": found.pk, **values, "opened_by": found.opened_by.user_name, "lines": counted}


def _line(line: Line) -> dict[str, Any]:
    same = ("key", "group", "state", "said", "answered_at", "settled_at", "proposals")
    return {
        "id": line.pk,
        **{name: getattr(line, name) for name in same},
        **{name: getattr(line, name) or None for name in ("person", "team", "about", "account")},
        "title": reasons_out([Reason.from_stored(line.title)])[0],
        "answered_by": line.answered_by.user_name if line.answered_by else None,
    }
