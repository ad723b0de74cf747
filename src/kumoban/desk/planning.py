"""From what somebody typed to a plan and a decision: used by the preview, the ask, and every later check."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from kumoban.core.form import Choices, Form, Reading
from kumoban.core.pattern import LONGEST
from kumoban.core.plan import Plan
from kumoban.core.reason import Reason, Refused
from kumoban.core.signing import Decided, signed_bytes
from kumoban.desk import clock, rules
from kumoban.desk.freezes import freezing, told_of
from kumoban.desk.models import DESK, EmergencyReview, ExtraField, Machine, Request
from kumoban.desk.office_calendar import business_calendar
from kumoban.desk.people import Actor, accounts_of_the_same, who_can_act
from kumoban.desk.routine import Asked, Routine
from kumoban.desk.states import Ratification
from kumoban.estate.employment import day_of, end_of, in_force
from kumoban.estate.models import Person
from kumoban.ledger.clock import database_now

__all__ = [
    "Draft",
    "ShapeError",
    "authorise",
    "barred_by_review",
    "check_extra",
    "draft",
    "draft_for",
    "fields_missing",
    "labels_of",
    "read_form",
    "signed_of",
]


class ShapeError(Exception):
    """What was typed has not the form's shape: ``errors`` by field name, each with pydantic's type and context."""

    def __init__(self, errors: Sequence[tuple[str, Reason]]) -> None:
        super().__init__(", ".join(f"{name}: {reason.code}" for name, reason in errors))
        self.errors = tuple(errors)


@dataclass(frozen=True)
class Draft:
    """A form understood, planned and judged, before anything is stored."""

    form: Form
    workers: tuple[Person, ...]
    plan: Plan
    decision: rules.Decision
    changes: tuple[Reason, ...]
    extra: Mapping[str, str] = field(default_factory=dict)
    emergency: bool = False

    @property
    def refusals(self) -> tuple[Reason, ...]:
        return (*self.plan.refusals, *(() if self.plan.refusals else self.decision.refusals))


def read_form(routine: Routine, data: Mapping[str, Any], zone: ZoneInfo) -> tuple[Form, tuple[Reason, ...]]:
    """The form as this person meant it, and what was normalised. Raises ShapeError."""
    reading = Reading(now=clock.now(), zone=zone, calendar=business_calendar(), changes=[])
    try:
        return routine.form.read(data, reading), tuple(reading.changes)
    except ValidationError as error:
        raise ShapeError([_shape(item) for item in error.errors(include_url=False)]) from error


def _shape(error: Any) -> tuple[str, Reason]:
    context = {key: str(value)[:80] for key, value in (error.get("ctx") or {}).items()}
    name = str(error["loc"][0]) if error["loc"] else str(context.get("name", ""))
    return name, Reason(f"shape.{error['type']}", {**context, "field": name})


def check_extra(routine: str, given: Mapping[str, str]) -> dict[str, str]:
    """The company's own fields of this routine, validated. Raises ShapeError by ``extra.<key>``."""
    errors: list[tuple[str, Reason]] = []
    values: dict[str, str] = {}
    known = {extra.key: extra for extra in ExtraField.objects.filter(routine=routine)}
    for key in given:
        if key not in known:
            errors.append((f"extra.{key}", Reason("shape.extra_forbidden", {"field": key})))
    for key, extra in known.items():
        value = str(given.get(key, "")).strip()
        if problem := _extra_problem(extra, value):
            errors.append((f"extra.{key}", Reason(problem, {"field": key, "pattern": extra.pattern})))
        elif value:
            values[key] = value
    if errors:
        raise ShapeError(errors)
    return values


def _extra_problem(extra: ExtraField, value: str) -> str | None:
    if not value:
        return "shape.missing" if extra.required else None
    if len(value) > 4000 or any(ord(char) < 32 and char not in "\r\n\t" for char in value):
        return "shape.refused_characters"
    checks = {
        "number": r"-?\d+(\.\d+)?",
        "date": r"\d{4}-\d{2}-\d{2}",
        "url": r"https?://\S+",
    }
    if extra.kind in checks and not re.fullmatch(checks[extra.kind], value):
        return f"extra_not_{extra.kind}"
    if extra.kind == "choice" and value not in extra.choices:
        return "extra_not_a_choice"
    if extra.pattern and (len(value) > LONGEST or not re.fullmatch(extra.pattern, value)):
        return "extra_not_in_format"
    return None


def draft(
    actor: Actor,
    routine: Routine,
    data: Mapping[str, Any],
    extra: Mapping[str, str] | None = None,
    *,
    emergency: bool = False,
) -> Draft:
    """Plan what somebody typed, from estate rows. Raises ShapeError; refusals are in the answer.

    Raises Refused for what only the operations team may ask for: its plan already tells more than others may see.
    """
    if routine.handover == "ops_only" and not actor.ops:
        raise Refused(Reason("ops_only"), attempt=True)
    machine = actor.machine.name if actor.machine else ""
    return draft_for(actor.person, actor.zone, routine, data, extra, emergency=emergency, machine=machine)


def draft_for(
    requester: Person,
    zone: ZoneInfo,
    routine: Routine,
    data: Mapping[str, Any],
    extra: Mapping[str, str] | None = None,
    *,
    emergency: bool = False,
    machine: str = "",
) -> Draft:
    """The same for whoever will be the requester; times are read in the ``zone`` of whoever typed them."""
    form, changes = read_form(routine, with_ids(routine, data, requester), zone)
    values = check_extra(routine.name, extra or {})
    workers = people_of(routine, form, requester)
    asked = replace(Asked.by(requester, workers, clock.now()), emergency=emergency, extra=values, machine=machine)
    plan, decision = judge(routine, form, asked, live=False)
    overdue = _not_ratified_in_time(requester, asked.now) if emergency else None
    if emergency and (overdue := overdue or barred_by_review([requester.id, *(one.id for one in workers)])):
        decision = replace(decision, refusals=(*decision.refusals, overdue))
    return Draft(form, workers, plan, decision, changes, values, emergency)


def _not_ratified_in_time(person: Person, now: datetime) -> Reason | None:
    """Who asked for an emergency that nobody approved in time has it approved before the next one."""
    late = Request.objects.filter(requester=person, ratification=Ratification.DUE, lapses_at__lte=now)
    overdue = late.exclude(asked_by__login=DESK).first()
    return Reason("ratify_first", {"request": overdue.number}) if overdue else None


def barred_by_review(people: Sequence[str]) -> Reason | None:
    """Who asked for, or worked in, an emergency whose review is overdue has it closed before the next one."""
    late = EmergencyReview.objects.filter(closed_at=None, due__lte=clock.now()).select_related("request")
    ids = accounts_of_the_same(people) if late.exists() else set()
    barring = next((one for one in late.order_by("id") if ids & one.request.people), None) if ids else None
    return Reason("review_first", {"request": barring.request.number}) if barring else None


def with_ids(routine: Routine, data: Mapping[str, Any], requester: Person) -> dict[str, Any]:
    """Names in place of ids, where the routine knows them, and what a word means at once (``ou:Production``).

    Raises ShapeError where a name means several things.
    """
    meant = dict(data)
    for name, info in routine.form.model_fields.items():
        choices = next((meta for meta in info.metadata if isinstance(meta, Choices)), None)
        given = meant.get(name)
        if routine.named is None or choices is None or not given:
            continue
        listed = [given] if isinstance(given, str) else given
        if not isinstance(listed, list | tuple) or not all(isinstance(word, str) for word in listed):
            continue
        known = routine.named(choices.source, [word.strip() for word in listed])
        if isinstance(given, str):
            meant[name] = _one_id(name, given.strip(), known)
        else:
            ids = [_ids(routine, choices.source, requester, name, word.strip(), known) for word in listed]
            meant[name] = list(dict.fromkeys(value for values in ids for value in values))
    return meant


def _ids(
    routine: Routine, source: str, requester: Person, field: str, word: str, known: Mapping[str, Sequence[str]]
) -> tuple[str, ...]:
    bundles = routine.bundles(source, requester, word) if routine.bundles and word not in known else []
    if len(bundles) > 1:
        raise ShapeError([(field, Reason("ambiguous_name", {"name": word[:60], "count": len(bundles)}))])
    return bundles[0].values if bundles else (_one_id(field, word, known),)


def _one_id(field: str, word: str, known: Mapping[str, Sequence[str]]) -> str:
    """The id; a word nobody knows stays, to be refused where it is looked up."""
    ids = known.get(word, ())
    if len(ids) > 1:
        raise ShapeError([(field, Reason("ambiguous_name", {"name": word[:60], "count": len(ids)}))])
    return ids[0] if ids else word


def people_of(routine: Routine, form: Form, requester: Person) -> tuple[Person, ...]:
    """The workers, by id. Raises ShapeError for somebody unknown, gone or a guest."""
    ids = tuple(dict.fromkeys(routine.workers(form))) or (requester.id,)
    known = {person.id: person for person in who_can_act().filter(id__in=ids)}
    unknown = [person for person in ids if person not in known]
    if unknown:
        raise ShapeError([("workers", Reason("unknown_person", {"person": person[:60]})) for person in unknown])
    return tuple(known[person] for person in ids)


def judge(routine: Routine, form: Form, asked: Asked, *, live: bool, request: str = "") -> tuple[Plan, rules.Decision]:
    """The plan, and what the rules, freezes and calendar say about it."""
    seen = routine.look(form, asked, live=live, request=request)
    plan = routine.plan(form, seen, asked)
    if plan.waits_for_people and plan.window and plan.window.duration is not None:
        plan = replace(plan, refusals=(*plan.refusals, Reason("end_as_a_time")))
    return plan, rules.Decision() if plan.refusals else authorise(routine, plan, asked)


def authorise(routine: Routine, plan: Plan, asked: Asked) -> rules.Decision:
    """What the rules and freezes of this moment say about a plan; people are judged on the memberships last seen."""
    window = plan.window.resolved(asked.now) if plan.window else None
    decision = rules.decide(
        routine,
        asked.requester,
        asked.workers,
        plan.dimensions,
        (window.starts_at if window else None) or asked.now,
        window.length if window else timedelta(),
        emergency=asked.emergency,
        request=asked.request,
        machine=asked.machine,
    )
    decision = _with_machine(decision, asked)
    return _with_contracts(_with_fields(_with_freezes(decision, routine, plan, asked.now), routine, asked), plan, asked)


def _with_machine(decision: rules.Decision, asked: Asked) -> rules.Decision:
    """What a machine asks for goes on while it may act itself, and while who answers for the request answers for it."""
    if not asked.machine:
        return decision
    machine = Machine.objects.select_related("owner", "user").get(name=asked.machine)
    why = machine.why_not(database_now())
    if why is None and machine.owner_id != asked.requester.id:
        why = Reason("machine_handed_over", {"machine": machine.name})
    return replace(decision, refusals=(*decision.refusals, why)) if why else decision


def _with_contracts(decision: rules.Decision, plan: Plan, asked: Asked) -> rules.Decision:
    """Nobody has anything longer than they work here."""
    end = plan.window.resolved(asked.now).ends_at if plan.window else None
    if end is None:
        return decision
    said = in_force([worker.id for worker in asked.workers], day_of(end - timedelta(microseconds=1)))
    late = [
        Reason("contract_ends", {"person": worker.display_name, "at": end_of(row.last_day).isoformat()})
        for worker in asked.workers
        if (row := said.get(worker.id)) and row.last_day is not None and end > end_of(row.last_day)
    ]
    return replace(decision, refusals=(*decision.refusals, *late))


def _with_fields(decision: rules.Decision, routine: Routine, asked: Asked) -> rules.Decision:
    """A rule may ask for fields of the company's own, such as a number under which it was decided elsewhere."""
    if asked.extra is None or not decision.fields:
        return decision
    missing = fields_missing(decision, labels_of(routine.name), asked.extra)
    return replace(decision, refusals=(*decision.refusals, *missing))


def labels_of(routine: str) -> dict[str, str]:
    """What the company's own fields of a routine are called."""
    own = ExtraField.objects.filter(routine=routine).values_list("key", "label_ja", "label_en")
    return {key: ja if ja == en else f"{ja} ({en})" for key, ja, en in own}


def fields_missing(
    decision: rules.Decision, labels: Mapping[str, str], extra: Mapping[str, str] | None
) -> tuple[Reason, ...]:
    """Of the fields that rules ask for, those that are not filled; ``extra`` None: nobody filled them yet."""
    if extra is None:
        return ()
    return tuple(
        Reason("field_required_by_rule", {"field": labels[key], "rule": rule})
        for key, rule in decision.fields
        if key in labels and not extra.get(key)
    )


def _with_freezes(decision: rules.Decision, routine: Routine, plan: Plan, now: datetime) -> rules.Decision:
    """A freeze refuses, or asks one more person: its exception approver."""
    if routine.open_to_all:
        return decision
    refusals, slots, notes = list(decision.refusals), list(decision.slots), list(decision.notes)
    for period in freezing(routine.name, plan, now):
        if period.exception_group:
            slots.append(rules.Slot("group", (period.exception_group,), 1, (period.reason,)))
            notes.append(told_of(period))
        else:
            refusals.append(told_of(period))
    return replace(decision, refusals=tuple(refusals), slots=tuple(slots), notes=tuple(notes))


def signed_of(request: Request, routine: Routine, plan: Plan, form_version: int) -> bytes:
    """The bytes an approval of this plan signs."""
    return signed_bytes(
        plan,
        Decided(
            request=request.number,
            requester=request.requester_id,
            workers=sorted(request.workers.values_list("id", flat=True)),
            handover=routine.handover,
            reason=request.reason,
            extra=request.extra,
            emergency=request.emergency,
            machine=request.machine.name if request.machine else "",
        ),
        form_version,
    )


def stored_form(routine: Routine, request: Request) -> Form:
    """The form of a stored request, as it was understood when it was asked."""
    try:
        return routine.form.model_validate(request.form)
    except ValidationError as error:
        raise Refused(Reason("form_no_longer_read", {"routine": routine.name})) from error
