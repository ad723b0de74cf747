"""What the API answers: requests, plans, seals and grants, each described by a schema and read in few queries."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Prefetch, QuerySet
from ninja import Schema
from pydantic import BaseModel, ConfigDict

from kumoban.core.reason import Reason
from kumoban.desk import rules
from kumoban.desk.models import Approval, Hold, Plan, Request
from kumoban.desk.requests import in_force, on_turn
from kumoban.desk.words import say
from kumoban.estate.models import Group, Person

__all__ = [
    "GrantOut",
    "OneRequestOut",
    "ReasonOut",
    "RequestOut",
    "grant_out",
    "reasons_out",
    "request_out",
    "requests_out",
]


class ReasonOut(Schema):
    """A stable code with its values, and the sentence in the reader's language."""

    code: str
    params: dict[str, Any]
    detail: str


class GrantOut(BaseModel):
    """One thing in force, or that was. What else it is (person, account, …) comes with the action's own names.

    Pydantic's model, not Ninja's: that one would read only the fields named here, and the rest would be lost.
    """

    model_config = ConfigDict(extra="allow")

    request: str
    thing: str
    state: str
    starts_at: datetime | None
    ends_at: datetime | None
    active_at: datetime | None
    ended_at: datetime | None
    #: seen_absent, held_by_others, was_there_before, target_gone or never_made; empty while it has not ended
    ended_by: str
    #: an active grant that AWS no longer showed
    not_seen_since: datetime | None


class SealOut(Schema):
    person: str
    on_behalf_of: str | None
    #: the system outside in which it was decided, and its number there; empty: here
    via: str
    reference: str
    at: datetime


class PlanOut(Schema):
    """``number`` is what people read out to each other, ``digest`` what an approval signs."""

    number: str
    digest: str
    made_at: datetime
    checked_at: datetime | None
    steps: list[dict[str, Any]]
    window: dict[str, str | None] | None
    warnings: list[ReasonOut]


class RequestOut(Schema):
    number: str
    routine: str
    state: str
    #: why it is in this state, where the desk itself put it there
    why: list[ReasonOut]
    requester: str
    #: the machine identity that asked, for its owner, who is the requester
    machine: str | None
    workers: list[str]
    reason: str
    form: dict[str, Any]
    extra: dict[str, str]
    #: asked for to be approved afterwards; ``ratification`` is due (until ``lapses_at``), ratified or rejected then
    emergency: bool
    ratification: str
    plan: PlanOut | None
    #: the seals still valid
    approvals: list[SealOut]
    #: the plan needs nobody's approval, but differs from the one asked for: its requester confirms it
    awaits_requester: bool
    #: the other request of which the operations team made this one
    converted_from: str | None
    #: the request whose grants it holds on to
    extends: str | None
    assignee: str | None
    target_at: datetime | None
    created_at: datetime
    changed_at: datetime
    starts_at: datetime | None
    ends_at: datetime | None
    lapses_at: datetime | None
    closed_at: datetime | None
    grants: list[GrantOut]


class RequiredOut(Schema):
    """One place of a plan's approval: ``count`` of these groups and people by name, in this ``step``.

    ``open``: it is its turn. ``also``: who is asked as well after ``hours`` of business time; ``escalated``: is now.
    """

    kind: str
    who: list[str]
    count: int
    via: str
    step: int
    open: bool
    also: list[str]
    hours: int
    escalated: bool


class OneRequestOut(RequestOut):
    """``required``: who must approve it. ``unusual``: what an approver should notice about it, as its page says."""

    required: list[RequiredOut]
    unusual: list[ReasonOut]


def required_out(plan: Plan | None) -> list[dict[str, Any]]:
    """Every place of the plan's approval, in the order of their steps."""
    slots = in_force(plan) if plan else []
    turn = on_turn(plan) if plan else []
    every = [ref for slot in slots for one in (slot, slot.escalation) if one for ref in one.refs]
    names = {
        **dict(Group.objects.filter(id__in=every).values_list("id", "name")),
        **dict(Person.objects.filter(id__in=every).values_list("id", "user_name")),
    }
    return [
        {
            "kind": slot.kind,
            "who": [names.get(ref, ref) for ref in slot.refs],
            "count": slot.count,
            "via": slot.via,
            "step": slot.stage,
            "open": slot in turn,
            "also": [names.get(ref, ref) for ref in slot.escalation.refs] if slot.escalation else [],
            "hours": slot.escalation.hours if slot.escalation else 0,
            "escalated": bool(slot.escalation and slot.escalation.happened),
        }
        for slot in sorted(slots, key=lambda slot: slot.stage)
    ]


def request_out(found: Request) -> dict[str, Any]:
    return requests_out(Request.objects.filter(pk=found.pk))[0]


def requests_out(found: QuerySet[Request]) -> list[dict[str, Any]]:
    """Six queries, however many requests."""
    seals = Approval.objects.filter(void_at=None).select_related("person", "on_behalf_of").order_by("id")
    read = found.select_related(
        "requester", "assignee", "plan", "converted_from", "extends", "machine"
    ).prefetch_related(
        "workers",
        Prefetch("plan__approvals", seals, to_attr="valid_seals"),
        Prefetch("holds", Hold.objects.order_by("id"), to_attr="all_holds"),
    )
    return [_request(request) for request in read]


def _request(request: Request) -> dict[str, Any]:
    same = (
        *("number", "routine", "state", "reason", "form", "extra", "emergency", "ratification"),
        *("target_at", "created_at", "changed_at"),
    )
    times = ("starts_at", "ends_at", "lapses_at", "closed_at")
    plan = request.plan
    return {
        **{name: getattr(request, name) for name in (*same, *times)},
        "why": reasons_out(Reason.from_stored(why) for why in request.why),
        "requester": request.requester.user_name,
        "machine": request.machine.name if request.machine else None,
        "workers": [worker.user_name for worker in request.workers.all()],
        "plan": _plan(plan) if plan else None,
        "approvals": [_seal(seal) for seal in plan.valid_seals] if plan else [],  # type: ignore[attr-defined]
        "awaits_requester": rules.awaits_requester(request),
        "converted_from": request.converted_from.number if request.converted_from else None,
        "extends": request.extends.number if request.extends else None,
        "assignee": request.assignee.user_name if request.assignee else None,
        "grants": [grant_out(hold, request.number) for hold in request.all_holds],  # type: ignore[attr-defined]
    }


def _plan(plan: Plan) -> dict[str, Any]:
    document = plan.document
    return {
        "number": plan.number,
        "digest": plan.digest,
        "made_at": plan.made_at,
        "checked_at": plan.checked_at,
        "steps": document["steps"],
        "window": document["window"],
        "warnings": reasons_out(Reason.from_stored(warning) for warning in document["warnings"]),
    }


def _seal(seal: Approval) -> dict[str, Any]:
    principal = seal.on_behalf_of.user_name if seal.on_behalf_of else None
    return {
        "person": seal.person.user_name,
        "on_behalf_of": principal,
        "via": seal.via,
        "reference": seal.reference,
        "at": seal.at,
    }


def grant_out(hold: Hold, number: str) -> dict[str, Any]:
    same = ("state", "starts_at", "ends_at", "active_at", "ended_at", "ended_by", "not_seen_since")
    return {
        **{name: value for name, value in hold.shown.items() if name != "index"},
        **{name: getattr(hold, name) for name in same},
        "request": number,
        "thing": hold.key,
    }


def reasons_out(reasons: Iterable[Reason]) -> list[dict[str, Any]]:
    return [{**reason.stored(), "detail": say(reason)} for reason in reasons]
