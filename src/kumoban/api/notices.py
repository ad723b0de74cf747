"""What one was told and how one wants to be told; for the operations team, what could not be delivered."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext
from ninja import Field, Query, Router, Schema, Status

from kumoban.api.callers import actor_of
from kumoban.desk.models import Notice
from kumoban.desk.notices import outbox, slack_links, wishes
from kumoban.desk.notices.kinds import KINDS

__all__ = ["router"]

router = Router(tags=["notices"])


class NoticeOut(Schema):
    """``state``: waiting, failing (tried again), sent, dropped (it mattered no more) or given_up."""

    id: int
    kind: str
    said: str
    request: str | None
    person: str | None
    channel: str
    state: str
    created_at: datetime
    due: datetime | None
    sent_at: datetime | None
    last_error: str


class Wanted(Schema):
    limit: int = Field(20, ge=1, le=100)
    before: int | None = Field(None, ge=1, le=2**62)


class WishesOut(wishes.NoticeWishes):
    """With ``reach``: by what this person can be told at all."""

    reach: wishes.Reach


class SlackCodeOut(Schema):
    code: str
    expires_at: datetime


@router.get("/me/notices", response=list[NoticeOut])
def my_notices(request: HttpRequest, wanted: Query[Wanted]) -> list[dict[str, Any]]:
    """The newest first; ``before`` an id pages on."""
    found = outbox.notices_of(actor_of(request))
    return [_notice(one) for one in (found.filter(pk__lt=wanted.before) if wanted.before else found)[: wanted.limit]]


@router.get("/me/notice-settings", response=WishesOut)
def my_wishes(request: HttpRequest) -> dict[str, Any]:
    now = wishes.standing_of(actor_of(request))
    return {**now.wishes.model_dump(), "reach": now.reach}


@router.put("/me/notice-settings")
def wish(request: HttpRequest, body: wishes.NoticeWishes) -> dict[str, Any]:
    """One channel stays. Quiet hours are in one's own zone; what is urgent breaks them."""
    wishes.wish(actor_of(request, "ask"), body)
    return body.model_dump()


@router.post("/me/slack-code", response={201: SlackCodeOut})
def slack_code(request: HttpRequest) -> Status[dict[str, Any]]:
    """To be sent to the app in Slack within ten minutes. Not by a token where approving needs a recent proof."""
    code, expires_at = slack_links.code_for(actor_of(request, "approve"))
    return Status(201, {"code": code, "expires_at": expires_at})


@router.delete("/me/slack", response={204: None})
def unlink(request: HttpRequest) -> Status[None]:
    slack_links.unlink(actor_of(request, "ask"))
    return Status(204, None)


@router.get("/notices/undelivered", response=list[NoticeOut])
def undelivered(request: HttpRequest) -> list[dict[str, Any]]:
    """Given up after a day, or refused for good; the operations team's own list, empty for others. At most 100."""
    return [_notice(one) for one in outbox.undelivered(actor_of(request))[:100]]


@router.post("/notices/{int:notice_id}/try-again", response={204: None})
def try_again(request: HttpRequest, notice_id: int) -> Status[None]:
    outbox.try_again(actor_of(request, "approve"), notice_id)
    return Status(204, None)


def _notice(one: Notice) -> dict[str, Any]:
    kind = KINDS.get(one.kind)
    return {
        **{name: getattr(one, name) for name in ("kind", "created_at", "due", "sent_at", "last_error")},
        "id": one.pk,
        "said": gettext(kind.label) if kind else one.kind,
        "request": one.request.number if one.request else None,
        "person": one.person.user_name if one.person else None,
        "channel": one.lane,
        "state": outbox.state_of(one),
    }
