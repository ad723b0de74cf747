"""The outbox as people see it: what they were told, what could not be delivered, how long the rest waits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Min, Q, QuerySet

from kumoban.core.reason import Reason, Refused
from kumoban.desk import clock
from kumoban.desk.models import Event, Notice
from kumoban.desk.notices.fan_out import GIVE_UP
from kumoban.desk.notices.lanes import configured
from kumoban.desk.people import Actor
from kumoban.ledger.record import record, writing

__all__ = ["Figures", "figures", "forget_old", "notices_of", "state_of", "try_again", "undelivered"]

#: how long what was told is kept for its reader to see
_KEPT = timedelta(days=90)
_AT_ONCE = 5000
#: what is due for longer than this is late
LATE = timedelta(minutes=15)


def notices_of(actor: Actor) -> QuerySet[Notice]:
    """What this person was told, and is about to be told, the newest first."""
    return Notice.objects.filter(person=actor.person).select_related("request").order_by("-id")


def undelivered(actor: Actor) -> QuerySet[Notice]:
    """What was given up, for the operations team: nobody read it."""
    if not actor.ops:
        return Notice.objects.none()
    lost = Notice.objects.exclude(given_up_at=None).select_related("request", "person")
    return lost.order_by("-given_up_at", "-id")


def try_again(actor: Actor, pk: int) -> None:
    """Ops has mended what was in the way."""
    actor.needs("approve")
    with writing():
        found = undelivered(actor).filter(pk=pk).first()
        if found is None:
            raise Refused(Reason("no_such_notice"))
        now = clock.now()
        Notice.objects.filter(pk=pk).update(due=now, until=now + GIVE_UP, given_up_at=None, attempts=0)
        about = found.request.number if found.request else f"person:{found.person_id}"
        record("notice.tried_again", actor=actor.id, subject=about, facts={"notice": pk})


def state_of(notice: Notice) -> str:
    """sent, dropped, given_up, waiting or late: the codes that lists show."""
    if notice.sent_at:
        return "sent"
    if notice.dropped_at:
        return "dropped"
    if notice.given_up_at:
        return "given_up"
    return "failing" if notice.last_error else "waiting"


@dataclass(frozen=True)
class Figures:
    """For whoever watches the installation."""

    waiting: int
    late: int
    given_up: int
    #: since when the oldest notice is due
    oldest_due: datetime | None
    #: events that nobody could be found for
    stuck_events: int

    @property
    def healthy(self) -> bool:
        return not (self.late or self.given_up or self.stuck_events)


def figures() -> Figures:
    """``given_up``: of the last week."""
    now = clock.now()
    late = now - LATE
    due = Notice.objects.filter(due__lte=now).aggregate(
        waiting=Count("id"), late=Count("id", filter=Q(due__lt=late) | ~Q(last_error="")), oldest=Min("due")
    )
    lost = Notice.objects.filter(given_up_at__gt=now - timedelta(days=7)).count()
    stuck = Event.objects.filter(fanned_out_at=None, at__lt=late).count()
    return Figures(due["waiting"], due["late"], lost, due["oldest"], stuck)


def forget_old() -> int:
    """What is over for 90 days is no longer kept here; the ledger has what happened.

    What waits for a channel that is no longer configured is given up, where it is seen.
    """
    late = Notice.objects.filter(due__isnull=False, until__lt=clock.now()).exclude(lane__in=configured())
    late.update(due=None, given_up_at=clock.now(), last_error="this channel is no longer configured")
    before = clock.now() - _KEPT
    old = list(
        Notice.objects.filter(due=None, created_at__lt=before).order_by("id").values_list("pk", flat=True)[:_AT_ONCE]
    )
    with writing():
        Notice.objects.filter(pk__in=old).delete()
        events = Event.objects.filter(at__lt=before, notices=None).exclude(fanned_out_at=None)
        Event.objects.filter(pk__in=list(events.values_list("pk", flat=True)[:_AT_ONCE])).delete()
    return len(old)
