"""Small rules that every verb here shares."""

from __future__ import annotations

from datetime import timedelta

from kumoban.aws.mode import observing
from kumoban.core.normalise import RefusedCharacters, normalise
from kumoban.core.reason import Reason, Refused
from kumoban.desk.models import Request
from kumoban.desk.people import Actor
from kumoban.desk.routine import Routine, routine_of
from kumoban.ledger.clock import database_now
from kumoban.ledger.models import Entry
from kumoban.ledger.record import record, writing

__all__ = [
    "checked_text",
    "may_operate",
    "ops_only",
    "own",
    "refused_attempt",
    "required_text",
    "routine_named",
]


def refused_attempt(actor: Actor, what: str, subject: str, refused: Refused) -> None:
    """Remember an attempt on authority, after its rollback; at most ten a minute for one actor.

    ``subject`` and ``what`` come from an address that anybody can write: only a request there is becomes a subject.
    """
    if not refused.attempt:
        return
    about = subject if Request.objects.filter(number=subject).exists() else "attempt"
    with writing():
        recent = Entry.objects.filter(
            kind="attempt.refused", actor=actor.id, at__gt=database_now() - timedelta(minutes=1)
        )
        if recent.count() < 10:
            codes = [reason.code for reason in refused.reasons]
            facts = {"what": what[:200], "why": sorted(set(codes))}
            record("attempt.refused", actor=actor.id, subject=about, facts=facts)


def routine_named(name: str) -> Routine:
    routine = routine_of(name)
    if routine is None:
        raise Refused(Reason("no_such_routine", {"routine": name[:60]}))
    return routine


def may_operate() -> None:
    """Nobody asks or approves what nobody would carry out. Raises Refused in observe mode."""
    if observing():
        raise Refused(Reason("observe_mode"))


def own(actor: Actor, request: Request) -> None:
    """A machine has only what it asked for itself as its own, its owner also what the machine asked for."""
    if request.requester_id != actor.person.id or (actor.machine and request.machine_id != actor.machine.pk):
        raise Refused(Reason("not_your_request"), attempt=True)


def ops_only(actor: Actor, scope: str = "approve") -> None:
    actor.needs(scope)
    if not actor.ops:
        raise Refused(Reason("ops_only"), attempt=True)


def required_text(text: str) -> str:
    said = checked_text(text)
    if not said:
        raise Refused(Reason("say_why"), field="comment")
    return said


def checked_text(text: str) -> str:
    said = text.strip()
    if len(said) > 4000:
        raise Refused(Reason("shape.string_too_long", {"max_length": 4000, "field": "comment"}), field="comment")
    try:
        normalise(said, "text")
    except RefusedCharacters as refused:
        told = Reason("shape.refused_characters", {"field": "comment", "characters": str(refused)})
        raise Refused(told, field="comment") from refused
    return said
