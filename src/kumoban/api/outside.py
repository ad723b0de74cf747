"""Systems outside: what each may read with its own token, and the tokens, which the operations team keeps."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema, Status

from kumoban.api.answers import RequestOut, requests_out
from kumoban.api.callers import actor_of, request_seen
from kumoban.core.reason import Reason, Refused
from kumoban.desk import rules
from kumoban.desk.machines import MachineTokenForm, machine_tokens, make_machine_token, revoke_machine_token
from kumoban.desk.models import Request, Token
from kumoban.desk.people import OUTSIDE, Actor

__all__ = ["router"]

router = Router(tags=["decisions"])

#: requests of one answer
_MOST = 100


class MachineTokenOut(Schema):
    id: int
    system: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None


class NewMachineTokenOut(MachineTokenOut):
    """``secret`` is shown this once."""

    secret: str


@router.get("/outside/{system}/requests", response=list[RequestOut])
def waiting(request: HttpRequest, system: str) -> list[dict[str, Any]]:
    """With the system's own token: what waits for a decision in it, the nearest to lapse first, at most 100."""
    found = rules.inbox_of_system(_the_system(request, system))
    return requests_out(found.order_by("lapses_at", "id")[:_MOST])


@router.get("/outside/{system}/requests/{number}", response=RequestOut)
def one(request: HttpRequest, system: str, number: str) -> dict[str, Any]:
    """The same for one; also once it is decided, as long as its plan is one that was to be decided there."""
    seen = request_seen(_the_system(request, system), number)
    return requests_out(Request.objects.filter(pk=seen.pk))[0]


def _the_system(request: HttpRequest, name: str) -> Actor:
    """Raises Refused for anybody but this very system."""
    actor = actor_of(request, OUTSIDE)
    if actor.system != name:
        raise Refused(Reason("unknown_system", {"system": name[:40]}), attempt=True)
    return actor


@router.get("/outside-tokens", response=list[MachineTokenOut])
def list_tokens(request: HttpRequest) -> list[dict[str, Any]]:
    """The operations team's to see; never their secrets."""
    return [_shown(token) for token in machine_tokens(actor_of(request))]


@router.post("/outside-tokens", response={201: NewMachineTokenOut})
def make_token(request: HttpRequest, body: MachineTokenForm) -> Status[dict[str, Any]]:
    """By the operations team, for a declared system; ``secret`` is shown this once."""
    made, secret = make_machine_token(actor_of(request, "rules"), body)
    return Status(201, {**_shown(made), "secret": secret})


@router.delete("/outside-tokens/{int:outside_token_id}", response={204: None})
def revoke(request: HttpRequest, outside_token_id: int) -> Status[None]:
    revoke_machine_token(actor_of(request, "rules"), outside_token_id)
    return Status(204, None)


def _shown(token: Token) -> dict[str, Any]:
    return {
        "id": token.pk,
        "system": token.name,
        "created_at": token.created_at,
        "expires_at": token.expires_at,
        "last_used_at": token.last_used_at,
    }
