"""A guest at the door: at each call it is asked whether they are still one, and whether this is open to them."""

from __future__ import annotations

from kumoban.core.reason import Reason, Refused
from kumoban.desk.guests.models import Guest
from kumoban.desk.people import Actor
from kumoban.estate.models import Person
from kumoban.ledger.clock import database_now
from kumoban.ledger.record import record, writing

__all__ = ["let_pass", "remember_download", "turn_away"]


def let_pass(actor: Actor, *, open_to_guests: bool) -> None:
    """For everybody else nothing. Raises Refused for a guest whose time is over, and for what is not open to them."""
    if actor.guest is None:
        return
    if actor.guest.over(database_now()):
        raise Refused(_over(actor.guest), attempt=True)
    if not open_to_guests:
        raise Refused(Reason("not_for_guests"), attempt=True)


def turn_away(person: Person) -> Reason | None:
    """Why this person, who has just proved who they are, is not let in; None: they are, as far as this goes."""
    latest = Guest.objects.filter(person=person).order_by("-pk").first()
    return _over(latest) if latest is not None and latest.over(database_now()) else None


def remember_download(actor: Actor, what: str) -> None:
    """Whoever audits takes nothing away unseen."""
    if actor.guest is not None or actor.auditor:
        with writing():
            record("audit.downloaded", actor=actor.id, subject=f"person:{actor.person.id}", facts={"what": what[:200]})


def _over(guest: Guest) -> Reason:
    return Reason("guest_over", {"firm": guest.firm, "until": guest.last.isoformat(timespec="minutes")})
