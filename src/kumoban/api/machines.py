"""Machine identities: the operations team keeps them; what one may ask for itself is in ``callers``."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema, Status

from kumoban.api.callers import actor_of
from kumoban.desk.machine_identities.keeping import (
    HandOverForm,
    MachineForm,
    RotateForm,
    hand_over,
    machines,
    make_machine,
    rotate,
    stop,
)
from kumoban.desk.machine_identities.models import Machine
from kumoban.desk.people import Actor
from kumoban.ledger.clock import database_now

__all__ = ["router"]

router = Router(tags=["machines"])


class TokenOut(Schema):
    """A token that still works; never its secret."""

    id: int
    scopes: list[str]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None


class MachineOut(Schema):
    """``why_not`` is a code where it may do nothing now: machine_stopped, machine_without_owner or machine_expired."""

    name: str
    owner: str
    made_at: datetime
    made_by: str
    stopped_at: datetime | None
    why_not: str | None
    tokens: list[TokenOut]


class NewMachineOut(MachineOut):
    """``secret`` is shown this once."""

    secret: str


@router.get("/machines", response=list[MachineOut])
def list_machines(request: HttpRequest) -> list[dict[str, Any]]:
    """The operations team's to see: all there ever were, by name."""
    return [_shown(machine) for machine in machines(actor_of(request))]


@router.post("/machines", response={201: NewMachineOut})
def make(request: HttpRequest, body: MachineForm) -> Status[dict[str, Any]]:
    """By the operations team, with its owner and its first token; ``secret`` is shown this once."""
    actor = actor_of(request, "rules")
    made, secret = make_machine(actor, body)
    return Status(201, {**_of(actor, made), "secret": secret})


@router.post("/machines/{machine}/rotate", response={201: NewMachineOut})
def make_token(request: HttpRequest, machine: str, body: RotateForm) -> Status[dict[str, Any]]:
    """A further token; the last one goes on for ``overlap_hours``."""
    actor = actor_of(request, "rules")
    found, secret = rotate(actor, machine, body)
    return Status(201, {**_of(actor, found), "secret": secret})


@router.post("/machines/{machine}/hand-over", response=MachineOut)
def give(request: HttpRequest, machine: str, body: HandOverForm) -> dict[str, Any]:
    """Another owner; what it asked for before and is not applied yet is refused, and asked anew."""
    actor = actor_of(request, "rules")
    return _of(actor, hand_over(actor, machine, body))


@router.post("/machines/{machine}/stop", response=MachineOut)
def stop_machine(request: HttpRequest, machine: str) -> dict[str, Any]:
    """For good: its tokens open nothing from this moment, and nothing it asked for that waits is applied."""
    actor = actor_of(request, "rules")
    return _of(actor, stop(actor, machine))


def _of(actor: Actor, machine: Machine) -> dict[str, Any]:
    return _shown(machines(actor).get(pk=machine.pk))


def _shown(machine: Machine) -> dict[str, Any]:
    why = machine.why_not(database_now())
    return {
        "name": machine.name,
        "owner": machine.owner.user_name,
        "made_at": machine.made_at,
        "made_by": machine.made_by.user_name,
        "stopped_at": machine.stopped_at,
        "why_not": why.code if why else None,
        "tokens": [_token(token) for token in machine.user.living],  # type: ignore[attr-defined]
    }


def _token(token: Any) -> dict[str, Any]:
    return {
        "id": token.pk,
        "scopes": token.scopes,
        "created_at": token.created_at,
        "expires_at": token.expires_at,
        "last_used_at": token.last_used_at,
    }
