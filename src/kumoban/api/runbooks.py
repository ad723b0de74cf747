"""Runbooks: read, said to have been read; and the exercises the operations team confirmed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils.translation import get_language
from ninja import Router, Schema, Status
from pydantic import ConfigDict, Field

from kumoban.api.callers import actor_of
from kumoban.desk.exercises import confirm_exercise, exercises
from kumoban.desk.models import Exercise
from kumoban.desk.people import Actor
from kumoban.desk.qualified import qualification
from kumoban.desk.routine import all_routines
from kumoban.desk.runbooks import Runbook, read_runbook, runbook_named, runbook_of

__all__ = ["router"]

router = Router(tags=["rules"])


class RunbookLine(Schema):
    """``digest`` is of the present version; the rest is about who asks: never done where it is null."""

    routine: str
    digest: str
    read_at: datetime | None
    read_digest: str | None
    exercised_at: datetime | None


class RunbookOut(RunbookLine):
    """``text``: Markdown, in the language of Accept-Language."""

    text: str


class ReadIn(Schema):
    model_config = ConfigDict(extra="forbid")

    digest: str = Field(max_length=64)


class ExerciseIn(Schema):
    """``person`` by id or user name; ``reference``: where it can be looked up."""

    model_config = ConfigDict(extra="forbid")

    person: str = Field(max_length=128)
    reference: str = Field(max_length=120)


class ExerciseOut(Schema):
    person: str
    routine: str
    reference: str
    confirmed_by: str
    at: datetime


@router.get("/runbooks", response=list[RunbookLine])
def list_runbooks(request: HttpRequest) -> list[dict[str, Any]]:
    """Every routine that has one, and what oneself has done of it."""
    actor = actor_of(request)
    found = (runbook_of(routine) for routine in all_routines())
    return [_line(actor, runbook) for runbook in found if runbook]


@router.get("/runbooks/{routine}", response=RunbookOut)
def get_runbook(request: HttpRequest, routine: str) -> dict[str, Any]:
    actor = actor_of(request)
    runbook = runbook_named(routine)
    return {**_line(actor, runbook), "text": runbook.text(get_language() or "ja")}


@router.post("/runbooks/{routine}/read", response={204: None})
def has_read(request: HttpRequest, routine: str, body: ReadIn) -> Status[None]:
    """Recorded: this person has read the version with this digest, which must be the present one."""
    read_runbook(actor_of(request, "ask"), routine, digest=body.digest)
    return Status(204, None)


@router.get("/runbooks/{routine}/exercises", response=list[ExerciseOut])
def list_exercises(request: HttpRequest, routine: str) -> list[dict[str, Any]]:
    """The newest 50 that were confirmed: one's own; for operations and auditors everybody's."""
    return [_exercise(one) for one in exercises(actor_of(request), routine)]


@router.post("/runbooks/{routine}/exercises", response={201: ExerciseOut})
def confirm(request: HttpRequest, routine: str, body: ExerciseIn) -> Status[dict[str, Any]]:
    """Operations team only, for others: this person has finished the exercise on a practice desk."""
    actor = actor_of(request, "approve")
    return Status(201, _exercise(confirm_exercise(actor, routine, person=body.person, reference=body.reference)))


def _line(actor: Actor, runbook: Runbook) -> dict[str, Any]:
    own = qualification(actor.person.id, runbook.routine.name)
    return {
        "routine": runbook.routine.name,
        "digest": runbook.digest,
        "read_at": own.read_at,
        "read_digest": own.digest or None,
        "exercised_at": own.exercised_at,
    }


def _exercise(one: Exercise) -> dict[str, Any]:
    return {
        "person": one.person.user_name,
        "routine": one.routine,
        "reference": one.reference,
        "confirmed_by": one.confirmed_by.user_name,
        "at": one.at,
    }
