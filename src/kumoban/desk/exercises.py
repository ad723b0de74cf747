"""修了の記録: the operations team confirms that somebody finished a routine's exercise on a practice desk."""

from __future__ import annotations

from kumoban.core.reason import Reason, Refused
from kumoban.desk import clock
from kumoban.desk.models import Exercise
from kumoban.desk.people import Actor
from kumoban.desk.requests.guards import checked_text, ops_only
from kumoban.desk.runbooks import runbook_named
from kumoban.estate.models import Person
from kumoban.ledger.record import record, writing

__all__ = ["confirm_exercise", "exercises"]

#: a reference is a number or an address
_LONGEST = 120


def confirm_exercise(actor: Actor, routine: str, *, person: str, reference: str) -> Exercise:
    """``person`` by id or user name; ``reference``: where it can be looked up. Nobody confirms their own."""
    ops_only(actor)
    runbook_named(routine)
    said = _reference(reference)
    people = Person.objects.filter(absent_since=None, enabled=True)
    found = people.filter(pk=person).first() or people.filter(user_name=person).first()
    if found is None:
        raise Refused(Reason("unknown_person", {"person": person[:60]}), field="person")
    if found.id in actor.accounts:
        raise Refused(Reason("not_oneself"), field="person", attempt=True)
    with writing():
        made = Exercise.objects.create(
            person=found, routine=routine, reference=said, confirmed_by=actor.person, at=clock.now()
        )
        facts = {"person": found.id}
        record(
            "exercise.confirmed", actor=actor.id, subject=f"routine:{routine}", facts=facts, texts={"reference": said}
        )
    return made


def _reference(text: str) -> str:
    said = checked_text(text)
    if not said:
        raise Refused(Reason("shape.missing"), field="reference")
    if len(said) > _LONGEST:
        raise Refused(Reason("shape.string_too_long", {"max_length": _LONGEST}), field="reference")
    return said


def exercises(actor: Actor, routine: str) -> list[Exercise]:
    """The newest first; one's own only, but for operations and auditors."""
    runbook_named(routine)
    found = Exercise.objects.filter(routine=routine).select_related("person", "confirmed_by").order_by("-id")
    return list((found if actor.ops or actor.auditor else found.filter(person__in=actor.accounts))[:MOST])


#: exercises shown at a time
MOST = 50
