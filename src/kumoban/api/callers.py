"""Who calls: the bearer of a token, as an actor with the token's scopes; and how the API calls and shows things."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import unquote

from django.http import HttpRequest
from ninja.security import HttpBearer

from kumoban.core.reason import Reason, Refused
from kumoban.desk import rules
from kumoban.desk.models import Request
from kumoban.desk.people import Actor
from kumoban.desk.planning import ShapeError
from kumoban.desk.routine import Routine, routine_of
from kumoban.desk.sign_in import actor_of_token

__all__ = ["Bearer", "actor_of", "iso", "request_seen", "routine_named"]


class Bearer(HttpBearer):
    def authenticate(self, request: HttpRequest, token: str) -> Actor | None:
        if "\0" in unquote(request.get_full_path()) or rb"\u0000" in request.body:
            raise ShapeError([("", Reason("shape.refused_characters", {"characters": "U+0000"}))])
        return actor_of_token(token)


def actor_of(request: HttpRequest, scope: str = "read") -> Actor:
    """Raises Refused where the token lacks the scope."""
    actor: Actor = request.auth  # type: ignore[attr-defined]
    actor.needs(scope)
    return actor


def request_seen(actor: Actor, number: str) -> Request:
    """A request this person may see; anything else is not found."""
    seen = rules.visible(actor).filter(number=number).select_related("requester", "plan").first()
    if seen is None:
        raise Refused(Reason("no_such_request", {"request": number[:40]}))
    return seen


def routine_named(name: str) -> Routine:
    routine = routine_of(name)
    if routine is None:
        raise Refused(Reason("no_such_routine", {"routine": name[:60]}))
    return routine


def iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
