"""Asking, deciding, ending: what people do with requests and grants."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import F
from django.http import HttpRequest
from ninja import Field, Router, Schema, Status

from kumoban.api.answers import (
    GrantOut,
    OneRequestOut,
    ReasonOut,
    RequestOut,
    grant_out,
    reasons_out,
    request_out,
    requests_out,
    required_out,
)
from kumoban.api.callers import actor_of, request_seen, routine_named
from kumoban.core.instant import Instant
from kumoban.desk import clock, favourites, requests, rules
from kumoban.desk.alone import alone
from kumoban.desk.from_text import filled, left_of, understand
from kumoban.desk.models import EmergencyReview, Favourite, Hold
from kumoban.desk.planning import draft
from kumoban.desk.routine import all_routines
from kumoban.desk.unusual import Noticed, noticed

__all__ = ["router"]

router = Router(tags=["requests"])


class Ask(Schema):
    """A filled form of a routine; ``form`` has the routine's own schema (see ``/routines/{name}``)."""

    routine: str
    form: dict[str, Any]
    extra: dict[str, str] = Field(default_factory=dict)
    #: to be approved afterwards, under the rules made for that
    emergency: bool = False
    idempotency: str = ""


class TextIn(Schema):
    text: str = Field(max_length=20_000)


class TextPartOut(Schema):
    """``words`` as they were typed; ``values`` are in the form, or, of what is unclear, what they may mean."""

    field: str
    words: str
    values: list[str]
    labels: list[str]
    reason: ReasonOut | None = None


class FromTextOut(Schema):
    """``form`` and ``extra`` as far as the text fills them; ``left``: what was not understood."""

    routine: str
    form: dict[str, Any]
    extra: dict[str, str]
    understood: list[TextPartOut]
    unclear: list[TextPartOut]
    left: list[str]


class Extension(Schema):
    """``until``: a length from approval, or a time; ``reason``: beside the one it was asked for with."""

    until: str
    reason: str = ""
    emergency: bool = False
    idempotency: str = ""


class FavouriteIn(Schema):
    """A filled form of a routine, kept under a name; its times are left out."""

    name: str
    routine: str
    form: dict[str, Any]
    extra: dict[str, str] = Field(default_factory=dict)


class FavouriteOut(Schema):
    id: int
    name: str
    routine: str
    form: dict[str, Any]
    extra: dict[str, str]
    saved_at: datetime


class Said(Schema):
    comment: str = ""


class Seal(Schema):
    """``plan`` is the full digest of the plan that was read."""

    plan: str
    comment: str = ""


class Seals(Schema):
    """``plans``: the full digest of the plan that was read, by the request's number."""

    plans: dict[str, str] = Field(min_length=1, max_length=30)
    comment: str = ""


class SealedOut(Schema):
    number: str
    sealed: bool
    #: what was refused, where it was
    errors: list[ReasonOut]


class ReportIn(Schema):
    outcome: str
    comment: str = ""


class ReviewIn(Schema):
    """``outcome``: justified, improve or unjustified."""

    outcome: str
    comment: str


class ReviewOut(Schema):
    """``due`` None: what was granted is still in force. ``locked``: it bars those who asked or worked."""

    number: str
    requester: str
    opened_at: datetime
    due: datetime | None
    locked: bool
    outcome: str
    said: str
    closed_by: str | None
    closed_at: datetime | None


class AloneOut(Schema):
    """``permission_sets`` empty: all. ``days``: business days, for the approval and, from the end, for the review."""

    rule: str
    routine: str
    accounts: list[str]
    permission_sets: list[str]
    minutes: int
    days: int
    told: list[str]
    unmet: list[ReasonOut]


class EmergenciesOut(Schema):
    """What the caller may activate alone, what locks it, and the open reviews they may see."""

    alone: list[AloneOut]
    locked_by: str
    open: list[ReviewOut]


class Assignment(Schema):
    """``assignee`` is a user name or an id; ``target_at`` an aware time."""

    assignee: str
    target_at: Instant | None = None


class Entry(Schema):
    text: str
    evidence: str = ""
    minutes: int = 0


class OutsideOut(Schema):
    number: str
    state: str
    ratification: str


class Advance(Schema):
    minutes: int = Field(ge=1, le=400 * 24 * 60)


@router.get("/routines", tags=["routines"])
def routines(request: HttpRequest) -> list[dict[str, str]]:
    actor_of(request)
    return [{"name": routine.name, "title": routine.title, "handover": routine.handover} for routine in all_routines()]


@router.get("/routines/{name}", tags=["routines"])
def routine(request: HttpRequest, name: str) -> dict[str, Any]:
    """The routine's form as JSON schema."""
    actor_of(request)
    found = routine_named(name)
    return {"name": found.name, "title": found.title, "schema": found.form.model_json_schema()}


@router.get("/routines/{name}/choices/{source}", tags=["routines"])
def choices(request: HttpRequest, name: str, source: str, q: str = "") -> list[dict[str, str]]:
    """What this person is offered for a field."""
    actor, found = actor_of(request), routine_named(name)
    offered = found.choices(source, actor.person, q[:100]) if found.choices else []
    return [{"value": value, "label": label, "hint": hint} for value, label, hint in offered]


@router.post("/routines/{name}/from-text", tags=["routines"], response=FromTextOut)
def from_text(request: HttpRequest, name: str, body: TextIn) -> dict[str, Any]:
    """What a pasted line means to this person now, as a form to look at; nothing is asked, unclear fills nothing."""
    actor, found = actor_of(request, "ask"), routine_named(name)
    understood = understand(actor, found, body.text)
    form, extra = filled(found, understood, {}, {})
    pieces = [
        {"field": one.field, "words": understood.words(one.places), "values": one.values, "labels": one.labels}
        for one in understood.pieces
    ]
    unclear = [
        {
            "field": one.field,
            "words": understood.words(one.places),
            "values": [value for value, _label in one.candidates],
            "labels": [label for _value, label in one.candidates],
            "reason": reasons_out((one.reason,))[0],
        }
        for one in understood.unclear
    ]
    left = left_of(understood)
    return {
        "routine": found.name,
        "form": form,
        "extra": extra,
        "understood": pieces,
        "unclear": unclear,
        "left": left,
    }


@router.get("/routines/{name}/bundles/{source}", tags=["routines"])
def bundles(request: HttpRequest, name: str, source: str) -> list[dict[str, Any]]:
    """What may be chosen for a field at once: ``key`` (such as ``ou:ou-…``) is written in place of its ``values``."""
    actor, found = actor_of(request), routine_named(name)
    offered = found.bundles(source, actor.person, None) if found.bundles else []
    return [{"key": one.key, "label": one.label, "values": list(one.values)} for one in offered]


@router.get("/favourites", response=list[FavouriteOut])
def list_favourites(request: HttpRequest) -> list[dict[str, Any]]:
    """One's own, by name: at most 20."""
    return [_favourite(one) for one in favourites.favourites(actor_of(request))]


@router.post("/favourites", response={201: FavouriteOut})
def keep_favourite(request: HttpRequest, body: FavouriteIn) -> Status[dict[str, Any]]:
    """Under a name that is there already it takes its place."""
    actor = actor_of(request, "ask")
    return Status(201, _favourite(favourites.save(actor, body.name, body.routine, body.form, body.extra)))


@router.delete("/favourites/{int:favourite_id}", response={204: None})
def remove_favourite(request: HttpRequest, favourite_id: int) -> Status[None]:
    favourites.remove(actor_of(request, "ask"), favourite_id)
    return Status(204, None)


def _favourite(one: Favourite) -> dict[str, Any]:
    same = ("name", "routine", "form", "extra", "saved_at")
    return {"id": one.pk, **{name: getattr(one, name) for name in same}}


@router.post("/requests/preview")
def preview(request: HttpRequest, body: Ask) -> dict[str, Any]:
    """The plan of a filled form, and who would have to approve it; nothing is stored."""
    routine = routine_named(body.routine)
    made = draft(actor_of(request, "ask"), routine, body.form, body.extra, emergency=body.emergency)
    return {
        "plan": made.plan.stored(),
        "refusals": reasons_out(made.refusals),
        "approvals": [slot.stored() for slot in made.decision.slots],
        "normalised": reasons_out(made.changes),
    }


@router.post("/requests", response={201: RequestOut})
def ask(request: HttpRequest, body: Ask) -> Status[dict[str, Any]]:
    actor = actor_of(request, "ask")
    made = requests.ask(
        actor,
        body.routine,
        body.form,
        extra=body.extra,
        emergency=body.emergency,
        idempotency=body.idempotency,
    )
    return Status(201, request_out(made))


@router.get("/requests", response=list[RequestOut])
def list_requests(
    request: HttpRequest, state: str = "", waiting_for_me: bool = False, before: int | None = None
) -> list[dict[str, Any]]:
    """Newest first, 50 at a time; ``before`` is the number's digits to page on from.

    ``waiting_for_me``: the nearest deadline first, at most 200, in one page.
    """
    actor = actor_of(request)
    found = rules.inbox(actor) if waiting_for_me else rules.visible(actor).order_by("-id")
    if state:
        found = found.filter(state=state)
    if before and not waiting_for_me:
        found = found.filter(id__lt=before)
    return requests_out(found[: 200 if waiting_for_me else 50])


@router.get("/work", tags=["operations"], response=list[RequestOut])
def work_list(request: HttpRequest) -> list[dict[str, Any]]:
    """What waits for the operations team: work by hand, what failed. Trouble and overdue first; nobody else has one."""
    return requests_out(rules.work(actor_of(request), clock.now())[:200])


@router.get("/requests/{number}", response=OneRequestOut)
def get_request(request: HttpRequest, number: str) -> dict[str, Any]:
    found = request_seen(actor_of(request), number)
    unusual = noticed([found], clock.now()).get(found.pk, Noticed()).unusual
    return {**request_out(found), "required": required_out(found.plan), "unusual": reasons_out(unusual)}


@router.post("/requests/{number}/approve", tags=["decisions"], response=RequestOut)
def approve(request: HttpRequest, number: str, body: Seal) -> dict[str, Any]:
    return request_out(
        requests.approve(actor_of(request, "approve"), number, plan_digest=body.plan, comment=body.comment)
    )


@router.post("/inbox/approve", tags=["decisions"], response=list[SealedOut])
def approve_together(request: HttpRequest, body: Seals) -> list[dict[str, Any]]:
    """Several plans at once, each sealed by its own digest; one that is refused holds up no other."""
    done = requests.approve_together(actor_of(request, "approve"), body.plans, comment=body.comment)
    return [
        {"number": number, "sealed": refused is None, "errors": reasons_out(refused.reasons if refused else ())}
        for number, refused in done.items()
    ]


@router.post("/requests/{number}/confirm-plan", response=RequestOut)
def confirm_plan(request: HttpRequest, number: str, body: Seal) -> dict[str, Any]:
    """Where no approval is needed and AWS had changed meanwhile: the requester's own word for the new plan."""
    return request_out(requests.confirm_plan(actor_of(request, "ask"), number, plan_digest=body.plan))


@router.post("/requests/{number}/deny", tags=["decisions"], response=RequestOut)
def deny(request: HttpRequest, number: str, body: Said) -> dict[str, Any]:
    return request_out(requests.deny(actor_of(request, "approve"), number, comment=body.comment))


@router.post("/requests/{number}/return", tags=["decisions"], response=RequestOut)
def return_(request: HttpRequest, number: str, body: Said) -> dict[str, Any]:
    return request_out(requests.return_for_correction(actor_of(request, "approve"), number, comment=body.comment))


@router.post("/requests/{number}/question", tags=["decisions"])
def question(request: HttpRequest, number: str, body: Said) -> dict[str, str]:
    return {"text": requests.ask_question(actor_of(request, "approve"), number, text=body.comment).text}


@router.post("/requests/{number}/answer")
def answer(request: HttpRequest, number: str, body: Said) -> dict[str, str]:
    return {"text": requests.answer_question(actor_of(request, "ask"), number, text=body.comment).text}


@router.post("/requests/{number}/resubmit", response=RequestOut)
def resubmit(request: HttpRequest, number: str, body: Ask) -> dict[str, Any]:
    return request_out(requests.resubmit(actor_of(request, "ask"), number, body.form, body.extra))


@router.post("/requests/{number}/withdraw", response=RequestOut)
def withdraw(request: HttpRequest, number: str) -> dict[str, Any]:
    return request_out(requests.withdraw(actor_of(request, "ask"), number))


@router.post("/requests/{number}/extend", tags=["grants"], response={201: RequestOut})
def extend(request: HttpRequest, number: str, body: Extension) -> Status[dict[str, Any]]:
    """A new request for the same, at once and until then; the first one's end never moves."""
    made = requests.extend(
        actor_of(request, "ask"),
        number,
        until=body.until,
        reason=body.reason,
        emergency=body.emergency,
        idempotency=body.idempotency,
    )
    return Status(201, request_out(made))


@router.post("/requests/{number}/end", tags=["grants"], response=RequestOut)
def end(request: HttpRequest, number: str) -> dict[str, Any]:
    return request_out(requests.end_early(actor_of(request, "ask"), number))


@router.post("/requests/{number}/resume", tags=["operations"], response=RequestOut)
def resume(request: HttpRequest, number: str) -> dict[str, Any]:
    return request_out(requests.resume(actor_of(request, "approve"), number))


@router.post("/requests/{number}/give-up", tags=["operations"], response=RequestOut)
def give_up(request: HttpRequest, number: str) -> dict[str, Any]:
    """End what failed instead of trying again (operations team)."""
    return request_out(requests.give_up(actor_of(request, "approve"), number))


@router.get("/emergencies", tags=["requests"], response=EmergenciesOut)
def emergencies(request: HttpRequest) -> dict[str, Any]:
    """緊急アクセス: the bounded set shown before it is needed, and the reviews not yet closed."""
    actor = actor_of(request)
    found, locked_by = alone(actor.person)
    seen = set(rules.visible(actor).filter(emergency_review__closed_at=None).values_list("pk", flat=True))
    return {
        "alone": [
            {
                "rule": one.rule.name,
                "routine": one.routine.name,
                "accounts": list(one.accounts),
                "permission_sets": list(one.permission_sets),
                "minutes": int(one.longest.total_seconds() // 60),
                "days": one.days,
                "told": list(one.told),
                "unmet": reasons_out(one.unmet),
            }
            for one in found
        ],
        "locked_by": locked_by,
        "open": [_review_out(one) for one in requests.open_reviews() if one.request_id in seen],
    }


@router.post("/requests/{number}/review", tags=["decisions"], response=ReviewOut)
def review(request: HttpRequest, number: str, body: ReviewIn) -> dict[str, Any]:
    """Close the review of an emergency, as one of its approvers or of operations who neither asked nor worked."""
    actor = actor_of(request, "approve")
    return _review_out(requests.close_review(actor, number, outcome=body.outcome, comment=body.comment))


def _review_out(one: EmergencyReview) -> dict[str, Any]:
    same = ("opened_at", "due", "outcome", "said", "closed_at")
    return {
        **{name: getattr(one, name) for name in same},
        "number": one.request.number,
        "requester": one.request.requester.display_name,
        "locked": one.locked_at is not None and one.closed_at is None,
        "closed_by": one.closed_by.display_name if one.closed_by else None,
    }


@router.post("/requests/{number}/report")
def report(request: HttpRequest, number: str, body: ReportIn) -> dict[str, str]:
    return {
        "outcome": requests.report(actor_of(request, "ask"), number, outcome=body.outcome, text=body.comment).outcome
    }


@router.post("/requests/{number}/confirm", tags=["decisions"])
def confirm(request: HttpRequest, number: str) -> dict[str, str]:
    return {"outcome": requests.confirm_report(actor_of(request, "approve"), number).outcome}


@router.post("/requests/{number}/assign", tags=["operations"], response=RequestOut)
def assign(request: HttpRequest, number: str, body: Assignment) -> dict[str, Any]:
    return request_out(
        requests.assign(actor_of(request, "approve"), number, assignee=body.assignee, target_at=body.target_at)
    )


@router.post("/requests/{number}/work", tags=["operations"])
def work(request: HttpRequest, number: str, body: Entry) -> dict[str, Any]:
    actor = actor_of(request, "approve")
    entry = requests.work(actor, number, text=body.text, evidence=body.evidence, minutes=body.minutes)
    return {"text": entry.text, "minutes": entry.minutes}


@router.post("/requests/{number}/close", tags=["operations"], response=RequestOut)
def close(request: HttpRequest, number: str) -> dict[str, Any]:
    return request_out(requests.close_manual(actor_of(request, "approve"), number))


@router.post("/outside/{system}/decisions", tags=["decisions"], auth=None, response=OutsideOut)
def decide_outside(request: HttpRequest, system: str, body: requests.OutsideCall) -> dict[str, Any]:
    """A decision taken in another system: signed as Standard Webhooks are, with the secret agreed on.

    Headers: ``webhook-id``, ``webhook-timestamp``, ``webhook-signature``. The same ``webhook-id`` counts once.
    """
    headers = {name.lower(): value for name, value in request.headers.items()}
    found = requests.decide_outside(system, request.body, headers)
    return {"number": found.number, "state": found.state, "ratification": found.ratification}


@router.get("/grants", tags=["grants"], response=list[GrantOut])
def grants(request: HttpRequest) -> list[dict[str, Any]]:
    """In force and visible to this person, the nearest end first."""
    seen = rules.visible(actor_of(request))
    live = Hold.objects.filter(state__in=["applying", "active", "ending", "failed"], request__in=seen)
    rows = live.select_related("request").order_by(F("ends_at").asc(nulls_last=True), "id")[:500]
    return [grant_out(hold, hold.request.number) for hold in rows]


@router.post("/demo/clock", tags=["demo"])
def demo_clock(request: HttpRequest, body: Advance) -> dict[str, str]:
    """Demo mode only: move the windows' clock forward."""
    clock.advance(timedelta(minutes=body.minutes), actor=actor_of(request, "ask").id)
    return {"now": clock.now().isoformat()}
