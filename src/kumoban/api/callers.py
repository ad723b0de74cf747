"""Who calls: the bearer of a token, as an actor with the token's scopes; and how the API calls and shows things."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from django.http import HttpRequest
from ninja.security import HttpBearer

from kumoban.core.reason import Reason, Refused
from kumoban.desk import rules
from kumoban.desk.guests.entering import let_pass, remember_download
from kumoban.desk.machine_identities.entering import let_machine_pass
from kumoban.desk.models import Request
from kumoban.desk.people import Actor
from kumoban.desk.planning import ShapeError
from kumoban.desk.routine import Routine, routine_of
from kumoban.desk.sign_in import actor_of_token

__all__ = ["Bearer", "actor_of", "iso", "request_seen", "routine_named"]

_SUSPECT = re.compile(rb"\\u(?:0000|[dD][89abAB])")
_REFUSED = Reason("shape.refused_characters", {"characters": "U+0000"})


class Bearer(HttpBearer):
    def authenticate(self, request: HttpRequest, token: str) -> Actor | None:
        _refuse_what_no_database_takes(request)
        actor = actor_of_token(token)
        if actor is not None and actor.guest is not None:
            request.auth = actor  # type: ignore[attr-defined]  # a refusal is remembered as this person's
            _let_guest_pass(request, actor)
        if actor is not None and actor.machine is not None:
            request.auth = actor  # type: ignore[attr-defined]
            wanted = _OPEN_TO_MACHINES.get(request.method or "")
            open_to_it = bool(wanted and wanted.fullmatch(request.path.removeprefix("/api/v1/")))
            let_machine_pass(actor, open_to_machines=open_to_it)
        return actor


#: operations open to machine identities, which ask and see what they asked for: nothing else is
_OPEN_TO_MACHINES = {
    "GET": re.compile(r"(me|routines(/[a-z-]+)?|requests(/[^/]+(/plans)?)?)"),
    "POST": re.compile(r"requests(/preview|/[^/]+/(resubmit|withdraw))?"),
}

#: operations open to guests of an audit firm, who see what their period holds: nothing else is
_OPEN_TO_GUESTS = {
    "GET": re.compile(r"(me|ledger|ledger/export|rules|requests(/[^/]+(/plans|/evidence)?)?|audit/.+)"),
    "POST": re.compile(r"audit/(samples|packs|controls/run)"),
}


def _let_guest_pass(request: HttpRequest, actor: Actor) -> None:
    """Raises Refused. What they are answered is remembered: through the API everything is taken away."""
    wanted = _OPEN_TO_GUESTS.get(request.method or "")
    let_pass(actor, open_to_guests=bool(wanted and wanted.fullmatch(request.path.removeprefix("/api/v1/"))))
    remember_download(actor, request.get_full_path())


def _refuse_what_no_database_takes(request: HttpRequest) -> None:
    """U+0000 and halves of characters. Raises ShapeError, by field where it is in a body."""
    if "\0" in unquote(request.get_full_path()):
        raise ShapeError([("", _REFUSED)])
    if request.content_type == "multipart/form-data" or not _SUSPECT.search(request.body):
        return  # a file is read by whoever takes it
    try:
        fields = list(_untakable("", json.loads(request.body)))
    except ValueError:
        return  # what is no JSON is refused as such
    if fields:
        raise ShapeError([(field, _REFUSED) for field in fields])


def _untakable(field: str, value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _untakable("", name)
            yield from _untakable(name, item)
    elif isinstance(value, list):
        for item in value:
            yield from _untakable(field, item)
    elif isinstance(value, str) and ("\0" in value or any("\ud800" <= char <= "\udfff" for char in value)):
        yield field


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
