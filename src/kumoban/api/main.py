"""The HTTP API: everything a page can do, under the same rules. OpenAPI 3.1 at /api/v1/openapi.json."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Field, NinjaAPI, Schema
from ninja.security import HttpBearer

from kumoban.core.reason import Reason, Refused
from kumoban.desk import clock, office, requests, rules
from kumoban.desk.models import Hold, Request, Rule
from kumoban.desk.people import Actor
from kumoban.desk.planning import ShapeError, draft
from kumoban.desk.routine import Routine, all_routines, routine_of
from kumoban.desk.rule_book import save_rule
from kumoban.desk.sign_in import actor_of_token
from kumoban.desk.words import say
from kumoban.ledger.search import search

__all__ = ["api"]


class _Token(HttpBearer):
    def authenticate(self, request: HttpRequest, token: str) -> Actor | None:
        return actor_of_token(token)


api = NinjaAPI(title="Kumoban", version="1", auth=_Token(), docs_url=None)


class Ask(Schema):
    """A filled form of a routine; ``form`` has the routine's own schema (see ``/routines/{name}``)."""

    routine: str
    form: dict[str, Any]
    extra: dict[str, str] = Field(default_factory=dict)
    idempotency: str = ""


class Said(Schema):
    comment: str = ""


class Seal(Schema):
    """``plan`` is the full digest of the plan that was read."""

    plan: str
    comment: str = ""


class ReportIn(Schema):
    outcome: str
    comment: str = ""


class Assignment(Schema):
    assignee: str


class Entry(Schema):
    text: str
    evidence: str = ""
    minutes: int = 0


class Advance(Schema):
    minutes: int


@api.exception_handler(Refused)
def _refused(request: HttpRequest, refused: Refused) -> HttpResponse:
    actor = getattr(request, "auth", None)
    if isinstance(actor, Actor):
        requests.refused_attempt(actor, request.path, "api", refused)
    missing = any(reason.code == "no_such_request" for reason in refused.reasons)
    status = 404 if missing else 403 if refused.attempt else 409
    return _problem(request, status, [(refused.field or "", reason) for reason in refused.reasons])


@api.exception_handler(ShapeError)
def _shape(request: HttpRequest, shape: ShapeError) -> HttpResponse:
    return _problem(request, 422, list(shape.errors))


def _problem(request: HttpRequest, status: int, reasons: list[tuple[str, Reason]]) -> HttpResponse:
    """RFC 9457 problem details."""
    errors = [
        {"field": field, "code": reason.code, "detail": say(reason), "params": dict(reason.params)}
        for field, reason in reasons
    ]
    body = {
        "type": "about:blank",
        "title": errors[0]["code"],
        "status": status,
        "detail": errors[0]["detail"],
        "errors": errors,
    }
    response = api.create_response(request, body, status=status)
    response["Content-Type"] = "application/problem+json"
    return response


def _actor(request: HttpRequest, scope: str = "read") -> Actor:
    actor: Actor = request.auth  # type: ignore[attr-defined]
    actor.needs(scope)
    return actor


def _found(actor: Actor, number: str) -> Request:
    found = rules.visible(actor, clock.now()).filter(number=number).select_related("requester", "plan").first()
    if found is None:
        raise Refused(Reason("no_such_request", {"request": number[:40]}))
    return found


def _routine(name: str) -> Routine:
    routine = routine_of(name)
    if routine is None:
        raise Refused(Reason("no_such_routine", {"routine": name[:60]}))
    return routine


def shown(found: Request) -> dict[str, Any]:
    """A request as the API shows it."""
    plan = found.plan
    return {
        "number": found.number,
        "routine": found.routine,
        "state": found.state,
        "requester": found.requester.user_name,
        "workers": [worker.user_name for worker in found.workers.all()],
        "reason": found.reason,
        "form": found.form,
        "plan": {"number": plan.number, "digest": plan.digest, **plan.document} if plan else None,
        "approvals": [
            {"person": seal.person.user_name, "at": seal.at.isoformat()}
            for seal in (plan.approvals.filter(void_at=None).select_related("person") if plan else ())
        ],
        "why": found.why,
        "created_at": found.created_at.isoformat(),
        "starts_at": _iso(found.starts_at),
        "ends_at": _iso(found.ends_at),
        "lapses_at": _iso(found.lapses_at),
        "grants": [_grant(hold) for hold in found.holds.order_by("id")],
    }


def _grant(hold: Hold) -> dict[str, Any]:
    return {
        "request": hold.request.number,
        "thing": hold.key,
        "state": hold.state,
        "starts_at": _iso(hold.starts_at),
        "ends_at": _iso(hold.ends_at),
        "ended_by": hold.ended_by,
        **{name: value for name, value in hold.shown.items() if name != "index"},
    }


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


@api.get("/me", tags=["people"])
def me(request: HttpRequest) -> dict[str, Any]:
    actor = _actor(request)
    return {
        "person": actor.person.user_name,
        "name": actor.person.display_name,
        "ops": actor.ops,
        "auditor": actor.auditor,
    }


@api.get("/routines", tags=["routines"])
def routines(request: HttpRequest) -> list[dict[str, str]]:
    _actor(request)
    return [{"name": routine.name, "title": routine.title, "handover": routine.handover} for routine in all_routines()]


@api.get("/routines/{name}", tags=["routines"])
def routine(request: HttpRequest, name: str) -> dict[str, Any]:
    """The routine's form as JSON schema."""
    _actor(request)
    found = _routine(name)
    return {"name": found.name, "title": found.title, "schema": found.form.model_json_schema()}


@api.get("/routines/{name}/choices/{source}", tags=["routines"])
def choices(request: HttpRequest, name: str, source: str, q: str = "") -> list[dict[str, str]]:
    """What this person is offered for a field."""
    actor, found = _actor(request), _routine(name)
    offered = found.choices(source, actor.person, q[:100]) if found.choices else []
    return [{"value": value, "label": label, "hint": hint} for value, label, hint in offered]


@api.post("/requests/preview", tags=["requests"])
def preview(request: HttpRequest, body: Ask) -> dict[str, Any]:
    """The plan of a filled form, and who would have to approve it; nothing is stored."""
    made = draft(_actor(request, "ask"), _routine(body.routine), body.form, body.extra)
    return {
        "plan": made.plan.stored(),
        "refusals": [{**reason.stored(), "detail": say(reason)} for reason in made.refusals],
        "approvals": [slot.stored() for slot in made.decision.slots],
        "normalised": [reason.stored() for reason in made.changes],
    }


@api.post("/requests", tags=["requests"], response={201: dict[str, Any]})
def ask(request: HttpRequest, body: Ask) -> tuple[int, dict[str, Any]]:
    actor = _actor(request, "ask")
    made = requests.ask(actor, body.routine, body.form, extra=body.extra, idempotency=body.idempotency)
    return 201, shown(made)


@api.get("/requests", tags=["requests"])
def list_requests(
    request: HttpRequest, state: str = "", waiting_for_me: bool = False, before: int | None = None
) -> list[dict[str, Any]]:
    """Newest first, 50 at a time; ``before`` is the number's digits to page on from."""
    actor, now = _actor(request), clock.now()
    found = rules.inbox(actor, now) if waiting_for_me else rules.visible(actor, now).order_by("-id")
    if state:
        found = found.filter(state=state)
    if before:
        found = found.filter(id__lt=before)
    return [shown(row) for row in found.select_related("requester", "plan")[:50]]


@api.get("/requests/{number}", tags=["requests"])
def get_request(request: HttpRequest, number: str) -> dict[str, Any]:
    return shown(_found(_actor(request), number))


@api.post("/requests/{number}/approve", tags=["decisions"])
def approve(request: HttpRequest, number: str, body: Seal) -> dict[str, Any]:
    return shown(requests.approve(_actor(request, "approve"), number, plan_digest=body.plan, comment=body.comment))


@api.post("/requests/{number}/deny", tags=["decisions"])
def deny(request: HttpRequest, number: str, body: Said) -> dict[str, Any]:
    return shown(requests.deny(_actor(request, "approve"), number, comment=body.comment))


@api.post("/requests/{number}/return", tags=["decisions"])
def return_(request: HttpRequest, number: str, body: Said) -> dict[str, Any]:
    return shown(requests.return_for_correction(_actor(request, "approve"), number, comment=body.comment))


@api.post("/requests/{number}/question", tags=["decisions"])
def question(request: HttpRequest, number: str, body: Said) -> dict[str, str]:
    return {"text": requests.ask_question(_actor(request, "approve"), number, text=body.comment).text}


@api.post("/requests/{number}/answer", tags=["requests"])
def answer(request: HttpRequest, number: str, body: Said) -> dict[str, str]:
    return {"text": requests.answer_question(_actor(request, "ask"), number, text=body.comment).text}


@api.post("/requests/{number}/resubmit", tags=["requests"])
def resubmit(request: HttpRequest, number: str, body: Ask) -> dict[str, Any]:
    return shown(requests.resubmit(_actor(request, "ask"), number, body.form, body.extra))


@api.post("/requests/{number}/withdraw", tags=["requests"])
def withdraw(request: HttpRequest, number: str) -> dict[str, Any]:
    return shown(requests.withdraw(_actor(request, "ask"), number))


@api.post("/requests/{number}/end", tags=["grants"])
def end(request: HttpRequest, number: str) -> dict[str, Any]:
    return shown(requests.end_early(_actor(request, "ask"), number))


@api.post("/requests/{number}/resume", tags=["operations"])
def resume(request: HttpRequest, number: str) -> dict[str, Any]:
    return shown(requests.resume(_actor(request, "approve"), number))


@api.post("/requests/{number}/report", tags=["requests"])
def report(request: HttpRequest, number: str, body: ReportIn) -> dict[str, str]:
    return {"outcome": requests.report(_actor(request, "ask"), number, outcome=body.outcome, text=body.comment).outcome}


@api.post("/requests/{number}/confirm", tags=["decisions"])
def confirm(request: HttpRequest, number: str) -> dict[str, str]:
    return {"outcome": requests.confirm_report(_actor(request, "approve"), number).outcome}


@api.post("/requests/{number}/assign", tags=["operations"])
def assign(request: HttpRequest, number: str, body: Assignment) -> dict[str, Any]:
    return shown(requests.assign(_actor(request, "approve"), number, assignee=body.assignee))


@api.post("/requests/{number}/work", tags=["operations"])
def work(request: HttpRequest, number: str, body: Entry) -> dict[str, Any]:
    actor = _actor(request, "approve")
    entry = requests.work(actor, number, text=body.text, evidence=body.evidence, minutes=body.minutes)
    return {"text": entry.text, "minutes": entry.minutes}


@api.post("/requests/{number}/close", tags=["operations"])
def close(request: HttpRequest, number: str) -> dict[str, Any]:
    return shown(requests.close_manual(_actor(request, "approve"), number))


@api.get("/grants", tags=["grants"])
def grants(request: HttpRequest) -> list[dict[str, Any]]:
    """In force and visible to this person, the nearest end first."""
    seen = rules.visible(_actor(request), clock.now())
    live = Hold.objects.filter(state__in=["applying", "active", "ending", "failed"], request__in=seen)
    return [_grant(hold) for hold in live.select_related("request").order_by("ends_at")[:500]]


@api.get("/rules", tags=["rules"])
def list_rules(request: HttpRequest) -> list[dict[str, Any]]:
    _actor(request)
    fields = (
        "id",
        "name",
        "routine",
        "effect",
        "who",
        "dimensions",
        "limits",
        "approvers",
        "version",
        "enabled",
    )
    return list(Rule.objects.order_by("id").values(*fields))


class RuleIn(Schema):
    """A rule: see docs/operator/running. ``dimensions`` hold patterns by the routine's dimension; "*" is everything."""

    name: str = Field(min_length=1, max_length=120)
    routine: str
    effect: Literal["allow", "deny"] = "allow"
    who: dict[str, Any] = Field(default_factory=dict)
    dimensions: dict[str, list[str]] = Field(default_factory=dict)
    limits: dict[str, int] = Field(default_factory=dict)
    approvers: list[dict[str, Any]] = Field(default_factory=list)
    enabled: bool = True


@api.post("/rules", tags=["rules"], response={201: dict[str, Any]})
def create_rule(request: HttpRequest, body: RuleIn) -> tuple[int, dict[str, Any]]:
    """Operations team only, with a token of scope ``rules``."""
    rule = save_rule(_actor(request, "rules"), _rule_values(body))
    return 201, {"id": rule.pk, "version": rule.version}


@api.put("/rules/{rule_id}", tags=["rules"])
def change_rule(request: HttpRequest, rule_id: int, body: RuleIn) -> dict[str, Any]:
    before = Rule.objects.filter(pk=rule_id).first()
    if before is None:
        raise Refused(Reason("no_such_rule", {"rule": rule_id}))
    rule = save_rule(_actor(request, "rules"), _rule_values(body), before)
    return {"id": rule.pk, "version": rule.version}


def _rule_values(body: RuleIn) -> dict[str, Any]:
    """Unknown dimensions are refused: in an allow rule they would be a silent typing error."""
    known = {dimension.name for dimension in _routine(body.routine).dimensions}
    if unknown := sorted(set(body.dimensions) - known):
        raise Refused(Reason("unknown_dimension", {"dimension": unknown[0][:40]}), field="dimensions")
    return body.dict()


class AbsenceIn(Schema):
    """Aware times (ISO 8601 with offset); ``delegate`` is a user name."""

    delegate: str
    starts_at: datetime
    ends_at: datetime


@api.post("/absences", tags=["office"], response={201: dict[str, Any]})
def be_absent(request: HttpRequest, body: AbsenceIn) -> tuple[int, dict[str, Any]]:
    made = office.be_absent(_actor(request, "approve"), **body.dict())
    return 201, {"id": made.pk}


class FreezeIn(Schema):
    """Empty lists mean all routines, all OUs; ``exception_group`` is a group's name."""

    reason: str = Field(min_length=1, max_length=200)
    starts_at: datetime
    ends_at: datetime
    routines: list[str] = Field(default_factory=list)
    ou_ids: list[str] = Field(default_factory=list)
    exception_group: str = ""


@api.post("/freezes", tags=["office"], response={201: dict[str, Any]})
def add_freeze(request: HttpRequest, body: FreezeIn) -> tuple[int, dict[str, Any]]:
    made = office.add_freeze(_actor(request, "rules"), **body.dict())
    return 201, {"id": made.pk}


class HolidayIn(Schema):
    day: date
    name: str = ""


@api.post("/holidays", tags=["office"], response={201: dict[str, Any]})
def add_holiday(request: HttpRequest, body: HolidayIn) -> tuple[int, dict[str, Any]]:
    office.add_holiday(_actor(request, "rules"), day=body.day, name=body.name)
    return 201, {"day": body.day.isoformat()}


class ExtraFieldIn(Schema):
    """``kind``: text, paragraph, number, date, url or choice; ``pattern``: a regular expression of the whole value."""

    routine: str
    key: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")
    label_ja: str = Field(min_length=1, max_length=80)
    label_en: str = Field(min_length=1, max_length=80)
    kind: str = "text"
    required: bool = False
    pattern: str = Field(default="", max_length=200)
    choices: list[str] = Field(default_factory=list)
    position: int = 0


@api.post("/extra-fields", tags=["office"], response={201: dict[str, Any]})
def add_extra_field(request: HttpRequest, body: ExtraFieldIn) -> tuple[int, dict[str, Any]]:
    made = office.add_extra_field(_actor(request, "rules"), body.dict())
    return 201, {"id": made.pk}


@api.get("/ledger", tags=["ledger"])
def ledger(request: HttpRequest, subject: str = "", kind: str = "", before: int | None = None) -> list[dict[str, Any]]:
    """Newest first, 100 at a time; those outside ops and audit see their own requests' entries."""
    actor = _actor(request)
    subjects: list[str] | None = [subject] if subject else None
    if not (actor.ops or actor.auditor):
        mine = rules.visible(actor, clock.now()).values_list("number", flat=True)
        subjects = [number for number in mine[:2000] if not subject or number == subject]
    return [entry.__dict__ for entry in search(subjects=subjects, kind=kind, before=before, limit=100)]


@api.post("/demo/clock", tags=["demo"])
def demo_clock(request: HttpRequest, body: Advance) -> dict[str, str]:
    """Demo mode only: move the windows' clock forward."""
    clock.advance(timedelta(minutes=body.minutes), actor=_actor(request, "ask").id)
    return {"now": clock.now().isoformat()}
