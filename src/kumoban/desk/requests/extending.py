"""延長: a new request that holds the same thing. The end of the first never moves; rules and approvals decide anew."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kumoban.core.form import Until
from kumoban.core.plan import Plan
from kumoban.core.reason import Reason, Refused
from kumoban.desk import clock, rules
from kumoban.desk.models import Request
from kumoban.desk.people import Actor
from kumoban.desk.requests.guards import routine_named
from kumoban.desk.requests.stages import asking_people
from kumoban.desk.routine import Routine, routine_of
from kumoban.desk.speech import said
from kumoban.desk.states import HoldState, RequestState

__all__ = ["extendable", "extended_form", "holding_on_to", "to_extend", "with_end"]

#: of a form's reason, so that what extends it still fits
_LONGEST_REASON = 1900


def extendable(actor: Actor, request: Request) -> bool:
    """Whether this person can ask to hold its grants longer: they asked or work with it, and it has not ended."""
    routine = routine_of(request.routine)
    return bool(
        routine
        and _until_fields(routine)
        and request.state == RequestState.ACTIVE
        and request.ends_at
        and request.ends_at > clock.now()
        and actor.person.id in asking_people(request)
    )


def to_extend(actor: Actor, number: str) -> Request:
    """The request in force under this number. Raises Refused."""
    found = rules.visible(actor).filter(number=number).first()
    if found is None:
        raise Refused(Reason("no_such_request", {"request": number[:40]}), attempt=True)
    if not extendable(actor, found):
        raise Refused(Reason("not_extendable", {"request": found.number}))
    return found


def extended_form(found: Request) -> tuple[dict[str, Any], dict[str, str]]:
    """Its form and the company's own fields as they were asked, at once and without an end: that is asked for anew."""
    routine = routine_named(found.routine)
    form = {name: value for name, value in found.form.items() if name not in ("start", *_until_fields(routine))}
    if "workers" in routine.form.model_fields:
        form["workers"] = sorted(worker.id for worker in found.workers.all())
    if "reason" in routine.form.model_fields:
        form["reason"] = said(Reason("extends", {"request": found.number, "reason": _first_reason(found)}))
    return form, dict(found.extra)


def holding_on_to(found: Request, plan: Plan) -> None:
    """Raises Refused where the plan holds nothing of what the request to be extended holds."""
    held = found.holds.filter(state=HoldState.ACTIVE, key__in=[step.thing for step in plan.steps if step.thing])
    if not held.exists():
        raise Refused(Reason("extends_nothing", {"request": found.number}))


def with_end(form: Mapping[str, Any], routine: Routine, until: str) -> dict[str, Any]:
    return {**form, **dict.fromkeys(_until_fields(routine), until)}


def _first_reason(found: Request) -> str:
    """Of an extension of an extension, why it was asked for at first."""
    first = found
    while first.extends is not None:
        first = first.extends
    return first.reason[:_LONGEST_REASON]


def _until_fields(routine: Routine) -> list[str]:
    fields = routine.form.model_fields.items()
    return [name for name, info in fields if any(isinstance(meta, Until) for meta in info.metadata)]
