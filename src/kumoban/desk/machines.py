"""Systems outside as callers: each declared system may read what waits for a decision in it, and nothing else.

A decision taken there is bound to the digest of the plan that was read, so the system has to be able to read it. Its
token has a scope of its own, which no person's token has, and opens no other operation.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db.models import QuerySet
from pydantic import BaseModel, ConfigDict, Field, field_validator

from kumoban.core.reason import Reason, Refused
from kumoban.desk.models import Token, User
from kumoban.desk.people import OUTSIDE, Actor
from kumoban.desk.requests.guards import ops_only
from kumoban.desk.shapes import problem
from kumoban.desk.sign_in import token_for
from kumoban.desk.step_up import needs_recent_proof
from kumoban.ledger.clock import database_now
from kumoban.ledger.record import SYSTEM, record, writing

__all__ = ["MachineTokenForm", "machine_tokens", "make_machine_token", "revoke_machine_token", "systems"]

_SUBJECT = "token"


class MachineTokenForm(BaseModel):
    """A token for one of the systems that ``KUMOBAN_OUTSIDE_SYSTEMS`` declares."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    system: str = Field(max_length=40)
    days: int = Field(default=90, ge=1, le=365)

    @field_validator("system")
    @classmethod
    def _declared(cls, given: str) -> str:
        if given not in settings.KUMOBAN_OUTSIDE_SYSTEMS:
            raise problem("unknown_system", system=given)
        return given


def systems() -> list[str]:
    return sorted(settings.KUMOBAN_OUTSIDE_SYSTEMS)


def make_machine_token(actor: Actor | None, asked: MachineTokenForm) -> tuple[Token, str]:
    """The token with its secret, shown once; by the operations team (None: by the machine's administrator)."""
    if actor is not None:
        ops_only(actor, "rules")
        needs_recent_proof(actor)
    with writing():
        login = f"{OUTSIDE}:{asked.system}"
        user, _made = User.objects.get_or_create(login=login, defaults={"machine": True})
        expires_at = database_now() + timedelta(days=asked.days)
        by = actor.id if actor else SYSTEM
        return token_for(user, asked.system, [OUTSIDE], expires_at, by=by)


def machine_tokens(actor: Actor) -> QuerySet[Token]:
    """Those that still work, by system, the newest first; the operations team's to see."""
    ops_only(actor, "read")
    found = Token.objects.filter(user__machine=True, user__login__startswith=f"{OUTSIDE}:", revoked_at=None)
    return found.filter(expires_at__gt=database_now()).order_by("name", "-id")


def revoke_machine_token(actor: Actor, pk: int) -> None:
    """From this moment it opens nothing."""
    ops_only(actor, "rules")
    with writing():
        if not machine_tokens(actor).filter(pk=pk).update(revoked_at=database_now()):
            raise Refused(Reason("no_such_token"))
        record("token.revoked", actor=actor.id, subject=_SUBJECT, facts={"token": pk})
