"""Oneself: who the token speaks for, preferences, absences with a delegate, one's own tokens."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router, Status

from kumoban.api.callers import actor_of, iso
from kumoban.aws.mode import observing
from kumoban.desk import office
from kumoban.desk.models import Token
from kumoban.desk.preferences import Preferences, prefer
from kumoban.desk.sign_in import TokenForm, create_token, revoke_token, tokens_of

__all__ = ["router"]

router = Router(tags=["people"])


@router.get("/me")
def me(request: HttpRequest) -> dict[str, Any]:
    actor = actor_of(request)
    return {
        "person": actor.person.user_name,
        "name": actor.person.display_name,
        "ops": actor.ops,
        "auditor": actor.auditor,
        "guest": actor.guest is not None,
        "machine": actor.machine.name if actor.machine else None,
        "language": actor.user.language,
        "zone": str(actor.zone),
        "mode": "observe" if observing() else "operate",
    }


@router.put("/me")
def change_me(request: HttpRequest, body: Preferences) -> dict[str, Any]:
    """Language (``ja``, ``en``) and time zone; empty: the browser's language, the organisation's zone."""
    prefer(actor_of(request, "ask"), body)
    return body.model_dump()


@router.get("/absences")
def list_absences(request: HttpRequest) -> list[dict[str, Any]]:
    """One's own, until they are over."""
    return [
        {
            "id": absence.pk,
            "delegate": absence.delegate.user_name,
            "starts_at": absence.starts_at.isoformat(),
            "ends_at": absence.ends_at.isoformat(),
        }
        for absence in office.absences_of(actor_of(request)).select_related("delegate")
    ]


@router.post("/absences", response={201: dict[str, Any]})
def be_absent(request: HttpRequest, body: office.AbsenceForm) -> Status[dict[str, Any]]:
    made = office.be_absent(actor_of(request, "approve"), **body.model_dump())
    return Status(201, {"id": made.pk})


@router.delete("/absences/{int:absence_id}", response={204: None})
def cancel_absence(request: HttpRequest, absence_id: int) -> Status[None]:
    office.cancel_absence(actor_of(request, "approve"), absence_id)
    return Status(204, None)


@router.get("/tokens")
def list_tokens(request: HttpRequest) -> list[dict[str, Any]]:
    """One's own that still work; never their secrets."""
    return [_shown(token) for token in tokens_of(actor_of(request))]


@router.post("/tokens", response={201: dict[str, Any]})
def make_token(request: HttpRequest, body: TokenForm) -> Status[dict[str, Any]]:
    """``secret`` is shown this once. No more scopes, and no longer a life, than the token that asks."""
    made, secret = create_token(actor_of(request), body)
    return Status(201, {**_shown(made), "secret": secret})


@router.delete("/tokens/{int:token_id}", response={204: None})
def revoke(request: HttpRequest, token_id: int) -> Status[None]:
    revoke_token(actor_of(request), token_id)
    return Status(204, None)


def _shown(token: Token) -> dict[str, Any]:
    return {
        "id": token.pk,
        "name": token.name,
        "scopes": token.scopes,
        "created_at": token.created_at.isoformat(),
        "expires_at": token.expires_at.isoformat(),
        "last_used_at": iso(token.last_used_at),
    }
