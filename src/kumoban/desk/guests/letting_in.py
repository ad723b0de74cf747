"""Letting guests in, and ending that: the company's own auditors do, never those who are audited."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q, QuerySet
from pydantic import BaseModel, ConfigDict, Field

from kumoban.core.instant import AwareInstant
from kumoban.core.reason import Reason, Refused
from kumoban.desk.guests.models import Guest
from kumoban.desk.models import Hold, Request
from kumoban.desk.people import Actor, groups_of
from kumoban.desk.step_up import needs_recent_proof
from kumoban.estate.models import Person
from kumoban.ledger.clock import database_now
from kumoban.ledger.record import record, writing

__all__ = ["LONGEST", "GuestForm", "auditors_only", "end_guest", "guests", "let_in"]

#: the longest stay
LONGEST = timedelta(days=400)


class GuestForm(BaseModel):
    """Aware times (ISO 8601 with offset); ``person`` is a user name of the directory; the period is half-open."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    person: str = Field(min_length=1, max_length=128)
    firm: str = Field(min_length=1, max_length=120)
    since: AwareInstant
    until: AwareInstant
    ends_at: AwareInstant


def auditors_only(actor: Actor, scope: str) -> None:
    actor.needs(scope)
    if not actor.auditor:
        raise Refused(Reason("auditors_only"), attempt=True)


def let_in(actor: Actor, asked: GuestForm) -> Guest:
    """A stay begins now; one under way is ended for it. Raises Refused for who has a place in the company's work."""
    auditors_only(actor, "rules")
    needs_recent_proof(actor)
    now = database_now()
    if asked.until <= asked.since:
        raise Refused(Reason("times_not_in_order"), field="until")
    if not now < asked.ends_at <= now + LONGEST:
        raise Refused(Reason("guest_end_out_of_range", {"days": LONGEST.days}), field="ends_at")
    person = Person.objects.filter(user_name=asked.person, absent_since=None, enabled=True).first()
    if person is None:
        raise Refused(Reason("unknown_person", {"person": asked.person[:60]}), field="person")
    if _has_a_place(person):
        raise Refused(Reason("guest_has_a_place", {"person": person.display_name}), field="person")
    with writing():
        for earlier in Guest.objects.select_for_update().filter(person=person, ended_at=None, ends_at__gt=now):
            _end(actor, earlier)
        made = Guest.objects.create(
            person=person,
            firm=asked.firm,
            since=asked.since,
            until=asked.until,
            ends_at=asked.ends_at,
            let_in_at=now,
            let_in_by=actor.person,
        )
        facts = {"guest": made.pk, "since": made.since, "until": made.until, "ends_at": made.ends_at}
        record("guest.let_in", actor=actor.id, subject=_subject(made), facts=facts, texts={"firm": made.firm})
    return made


def end_guest(actor: Actor, pk: int) -> None:
    """From this moment nothing they call is answered."""
    auditors_only(actor, "rules")
    with writing():
        found = Guest.objects.select_for_update().filter(pk=pk, ended_at=None, ends_at__gt=database_now()).first()
        if found is None:
            raise Refused(Reason("no_such_guest"))
        _end(actor, found)


def _end(actor: Actor, guest: Guest) -> None:
    Guest.objects.filter(pk=guest.pk).update(ended_at=database_now(), ended_by=actor.person)
    record("guest.ended", actor=actor.id, subject=_subject(guest), facts={"guest": guest.pk, "ends_at": guest.ends_at})


def guests(actor: Actor) -> QuerySet[Guest]:
    """All stays there were, the newest first; the auditors' and the operations team's to see."""
    actor.needs("read")
    if not (actor.auditor or actor.ops):
        raise Refused(Reason("auditors_only"), attempt=True)
    return Guest.objects.select_related("person", "let_in_by").order_by("-pk")


def _has_a_place(person: Person) -> bool:
    """In a group, or in anything that was ever asked for: it would be taken from them."""
    asked = Request.objects.filter(Q(requester=person) | Q(workers=person)).exists()
    return bool(groups_of(person.id)) or asked or Hold.objects.filter(person=person).exists()


def _subject(guest: Guest) -> str:
    return f"person:{guest.person_id}"
