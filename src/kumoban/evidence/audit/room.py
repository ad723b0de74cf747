"""Who is in the room, and for which period: the company's auditors for all, a guest for theirs, operations to look."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from kumoban.core.reason import Reason, Refused
from kumoban.desk.people import Actor

__all__ = ["Period", "auditing", "looking", "within"]


@dataclass(frozen=True)
class Period:
    """[since, until)"""

    since: datetime
    until: datetime


def auditing(actor: Actor) -> None:
    """Who draws samples and orders packs: never those who are audited. Raises Refused."""
    actor.needs("read")
    if not (actor.auditor or actor.guest):
        raise Refused(Reason("auditors_only"), attempt=True)


def looking(actor: Actor) -> None:
    """Who reads what the room says of the whole desk. Raises Refused."""
    actor.needs("read")
    if not (actor.auditor or actor.guest or actor.ops):
        raise Refused(Reason("auditors_only"), attempt=True)


def within(actor: Actor, period: Period) -> Period:
    """The period, where this person may have it. Raises Refused."""
    if period.until <= period.since:
        raise Refused(Reason("times_not_in_order"), field="until")
    guest = actor.guest
    if guest is not None and not guest.since <= period.since < period.until <= guest.until:
        stay = {"since": guest.since.isoformat(), "until": guest.until.isoformat()}
        raise Refused(Reason("outside_guest_period", stay), field="since")
    return period
