"""All plans of a request, and what differs between two of them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema

from kumoban.api.callers import actor_of, iso, request_seen
from kumoban.core.reason import Reason
from kumoban.desk.comparing import Change, Value, compare, plan_of, plans_of
from kumoban.desk.models import Approval, Plan
from kumoban.desk.words import say

__all__ = ["router"]

router = Router(tags=["requests"])


@router.get("/requests/{number}/plans")
def list_plans(request: HttpRequest, number: str) -> list[dict[str, Any]]:
    """Newest first: number, when made, why void, and the seals each had."""
    return [_plan(plan) for plan in plans_of(request_seen(actor_of(request), number))]


class Pair(Schema):
    """Two plans by their ordinals."""

    before: int = Field(alias="from")
    after: int = Field(alias="to")


@router.get("/requests/{number}/plans/compare")
def compare_plans(request: HttpRequest, number: str, pair: Query[Pair]) -> dict[str, Any]:
    """What was signed with plan ``from`` and differs in plan ``to``."""
    asked = request_seen(actor_of(request), number)
    told = compare(plan_of(asked, pair.before), plan_of(asked, pair.after))
    return {"from": _named(told.before), "to": _named(told.after), "changes": [_change(one) for one in told.changes]}


def _plan(plan: Plan) -> dict[str, Any]:
    return {
        **_named(plan),
        "digest": plan.digest,
        "made_at": plan.made_at.isoformat(),
        "checked_at": iso(plan.checked_at),
        "void_at": iso(plan.void_at),
        "void_why": [{**why, "detail": say(Reason.from_stored(why))} for why in plan.void_why],
        "steps": [step.title.stored() for step in plan.value.steps],
        "approvals": [_seal(seal) for seal in plan.approvals.all()],
    }


def _named(plan: Plan) -> dict[str, Any]:
    return {"ordinal": plan.ordinal, "number": plan.number}


def _seal(seal: Approval) -> dict[str, Any]:
    return {
        "person": seal.person.user_name,
        "on_behalf_of": seal.on_behalf_of.user_name if seal.on_behalf_of else None,
        "at": seal.at.isoformat(),
        "void_at": iso(seal.void_at),
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        **change.what.stored(),
        "detail": say(change.what),
        "before": [_said(value) for value in change.before],
        "after": [_said(value) for value in change.after],
    }


def _said(value: Value) -> str:
    if isinstance(value, Reason):
        return say(value)
    if isinstance(value, datetime):
        return value.isoformat()
    return f"{int(value.total_seconds() // 60)} min" if isinstance(value, timedelta) else value
