"""What the desk does regularly by itself: one row each, claimed like a step, each tick once."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Q

from kumoban.aws.errors import AwsError
from kumoban.core.reason import Reason
from kumoban.desk import clock
from kumoban.desk.models import Duty, Lock, Request
from kumoban.desk.states import RequestState
from kumoban.desk.transition import locked, move
from kumoban.estate.scan import scan_next
from kumoban.ledger.clock import database_now
from kumoban.ledger.record import SYSTEM, record, writing
from kumoban.ledger.seal import seal_head

__all__ = ["DUTIES", "lapse", "run_due_duties"]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Duty:
    name: str
    every: timedelta
    do: Callable[[], object]
    within: timedelta = timedelta(minutes=10)


def lapse() -> int:
    """Requests whose approval, or whose window, has passed: lapsed, never applied late."""
    now = clock.now()
    waiting = Request.objects.filter(state__in=[RequestState.WAITING, RequestState.RETURNED], lapses_at__lte=now)
    for number in list(waiting.values_list("number", flat=True)):
        with writing():
            request = locked(number)
            if request.state in (RequestState.WAITING, RequestState.RETURNED):
                move(request, RequestState.LAPSED, actor=SYSTEM, at=now, why=(Reason("approval_lapsed"),))
    return len(waiting)


def old_locks() -> None:
    """A lock older than ten minutes: something on AWS does not come to an end."""
    for lock in Lock.objects.filter(since__lt=database_now() - timedelta(minutes=10)).select_related("step__request"):
        if not lock.step.needs_a_person:
            with writing():
                lock.step.needs_a_person = True
                lock.step.save(update_fields=["needs_a_person"])
                record("lock.old", actor=SYSTEM, subject=lock.step.request.number, facts={"lock": lock.key})


DUTIES = (
    _Duty("lapse", timedelta(seconds=10), lapse),
    _Duty("seal", timedelta(minutes=1), seal_head),
    _Duty("old_locks", timedelta(minutes=1), old_locks),
    _Duty("scan", timedelta(minutes=5), scan_next),
)


def run_due_duties(node: str) -> None:
    """Do at most one due duty; its row is leased while it is done."""
    bare = database_now()
    free = Q(lease_until=None) | Q(lease_until__lt=bare)
    if not Duty.objects.filter(free, due__lte=bare).exists() and Duty.objects.count() >= len(DUTIES):
        return
    for duty in DUTIES:
        with writing():
            row, _ = Duty.objects.select_for_update().get_or_create(name=duty.name, defaults={"due": bare})
            if row.due > bare or (row.lease_until and row.lease_until > bare):
                continue
            row.lease_by, row.lease_until, row.due = node, bare + duty.within, bare + duty.every
            row.save()
        _do(duty)
        return


def _do(duty: _Duty) -> None:
    error = ""
    try:
        duty.do()
    except AwsError as refused:
        error = str(refused)
    except Exception as broken:
        log.exception("duty %s", duty.name)
        error = repr(broken)
    with writing():
        Duty.objects.filter(name=duty.name).update(
            lease_by="", lease_until=None, last_at=database_now(), last_error=error[:500]
        )
