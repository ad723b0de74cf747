"""What the desk does regularly by itself: one row each, claimed like a step, each tick once."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef, Q

from kumoban.aws.errors import AwsError
from kumoban.core.reason import Reason
from kumoban.desk import clock
from kumoban.desk.archive import export, verify_export
from kumoban.desk.emergency import watch_emergency
from kumoban.desk.heartbeat import beat
from kumoban.desk.models import Duty, Lock, Plan, Request, Requirement, Rule
from kumoban.desk.notices.ends import tell_of_ends
from kumoban.desk.notices.events import happened, needs_person
from kumoban.desk.notices.outbox import forget_old
from kumoban.desk.office_calendar import business_calendar
from kumoban.desk.past import judge_past
from kumoban.desk.recurring import ask_due
from kumoban.desk.register import ask_owners
from kumoban.desk.requests import asking_people, escalate, look_after_reviews, on_turn
from kumoban.desk.rules import approvers
from kumoban.desk.staff.taking import end_at_the_last_day
from kumoban.desk.states import Ratification, RequestState
from kumoban.desk.transition import locked, move
from kumoban.desk.unseen import look_for_unseen
from kumoban.estate.models import Group
from kumoban.estate.scan import scan_next
from kumoban.ledger.clock import database_now
from kumoban.ledger.models import Entry
from kumoban.ledger.record import SYSTEM, record, writing
from kumoban.ledger.seal import seal_head

__all__ = ["DUTIES", "add", "lapse", "remind", "run_due_duties"]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Duty:
    name: str
    every: timedelta
    do: Callable[[], object]
    within: timedelta = timedelta(minutes=10)
    #: takes minutes, so it is done apart from those that must come every few seconds
    long: bool = False


def lapse() -> int:
    """Requests whose approval, or whose window, has passed: lapsed, never applied late. How many."""
    now, lapsed = clock.now(), 0
    waiting = Request.objects.filter(state__in=[RequestState.WAITING, RequestState.RETURNED], lapses_at__lte=now)
    for number in list(waiting.values_list("number", flat=True)):
        with writing():
            request = locked(number)
            over = request.lapses_at is not None and request.lapses_at <= now  # it may have been asked again meanwhile
            if over and request.state in (RequestState.WAITING, RequestState.RETURNED):
                move(request, RequestState.LAPSED, actor=SYSTEM, at=now, why=(Reason("approval_lapsed"),))
                lapsed += 1
    return lapsed


def old_locks() -> None:
    """A lock older than ten minutes: something on AWS does not come to an end."""
    for lock in Lock.objects.filter(since__lt=database_now() - timedelta(minutes=10)).select_related("step__request"):
        if not lock.step.needs_a_person:
            with writing():
                lock.step.needs_a_person = True
                lock.step.save(update_fields=["needs_a_person"])
                record("lock.old", actor=SYSTEM, subject=lock.step.request.number, facts={"lock": lock.key})
                needs_person(lock.step.request_id, clock.now())


def remind() -> int:
    """Once half of the business time to decide has passed: a waiting plan is brought up again, once."""
    now, calendar = clock.now(), business_calendar()
    undecided = Q(state=RequestState.WAITING) | Q(ratification=Ratification.DUE)
    waiting = Request.objects.filter(undecided, plan__reminded_at=None, lapses_at__gt=now)
    reminded = 0
    for request in waiting.select_related("plan"):
        assert request.plan is not None
        assert request.lapses_at is not None
        left = calendar.business_time_between(now, request.lapses_at)
        asked_at = request.plan.made_at if request.ratification else request.changed_at
        passed = calendar.business_time_between(asked_at, now)
        if left > passed:
            continue
        people = sorted(set().union(*approvers(on_turn(request.plan), without=asking_people(request))))
        with writing():
            if Plan.objects.filter(pk=request.plan.pk, reminded_at=None).update(reminded_at=now):
                record("request.reminded", actor=SYSTEM, subject=request.number, facts={"approvers": people[:100]})
                happened("reminded", request.pk, by=SYSTEM, at=now, plan=request.plan_id)
                reminded += 1
    return reminded


def overdue_ratifications() -> int:
    """Emergencies that nobody approved in time: the operations team and the approvers are told, once."""
    now = clock.now()
    late = Request.objects.filter(ratification=Ratification.DUE, lapses_at__lte=now)
    told = Entry.objects.filter(kind="request.ratification_overdue", subject=OuterRef("number"))
    numbers = list(late.filter(~Exists(told)).values_list("number", flat=True)[:100])
    for number in numbers:
        with writing():
            request = locked(number)
            if request.ratification == Ratification.DUE:
                record("request.ratification_overdue", actor=SYSTEM, subject=number)
                happened("ratification_overdue", request.pk, by=SYSTEM, at=now, plan=request.plan_id)
    return len(numbers)


def scan() -> None:
    """The estate, and the groups that approvals depend on every time."""
    undecided = Q(plan__request__state=RequestState.WAITING) | Q(plan__request__ratification=Ratification.DUE)
    asked = Requirement.objects.filter(undecided, kind="group")
    roles = Group.objects.filter(
        name__in=[settings.KUMOBAN_OPS_GROUP, settings.KUMOBAN_OPS_LEADS_GROUP, settings.KUMOBAN_AUDITOR_GROUP]
    )
    wanted = [one for rule in Rule.objects.filter(enabled=True) for one in rule.approvers]
    named = [one.get("group") for one in (*wanted, *(one.get("escalate", {}) for one in wanted))]
    of_interest = (*asked.values_list("ref", flat=True), *roles.values_list("id", flat=True))
    scan_next({*of_interest, *(str(group) for group in named if group)})


DUTIES = [
    _Duty("lapse", timedelta(seconds=10), lapse),
    _Duty("seal", timedelta(minutes=1), seal_head),
    _Duty("heartbeat", timedelta(minutes=1), beat),
    _Duty("old_locks", timedelta(minutes=1), old_locks),
    _Duty("last_days", timedelta(minutes=5), end_at_the_last_day),
    _Duty("remind", timedelta(minutes=1), remind),
    _Duty("escalate", timedelta(minutes=1), escalate),
    _Duty("overdue_ratifications", timedelta(minutes=1), overdue_ratifications),
    _Duty("emergency_reviews", timedelta(minutes=1), look_after_reviews),
    _Duty("tell_of_ends", timedelta(minutes=1), tell_of_ends),
    _Duty("forget_notices", timedelta(hours=1), forget_old),
    _Duty("recurring", timedelta(minutes=1), ask_due),
    _Duty("register", timedelta(minutes=10), ask_owners),
    _Duty("emergency", timedelta(minutes=5), watch_emergency),
    _Duty("unseen", timedelta(minutes=5), look_for_unseen),
    _Duty("ledger_export", timedelta(hours=1), export, within=timedelta(minutes=30), long=True),
    _Duty("verify_export", timedelta(hours=6), verify_export, within=timedelta(minutes=30), long=True),
    _Duty("judge_past", timedelta(minutes=10), judge_past, within=timedelta(minutes=30), long=True),
    _Duty("scan", timedelta(minutes=5), scan, within=timedelta(minutes=30), long=True),
]


def add(name: str, every: timedelta, do: Callable[[], object], *, long: bool = False) -> None:
    """A duty of a room above this one, entered at start. Raises ValueError when the name is taken."""
    if any(duty.name == name for duty in DUTIES):
        raise ValueError(f"duty {name} is there twice")
    DUTIES.append(_Duty(name, every, do, long=long))


def run_due_duties(node: str, *, long: bool) -> None:
    """Do at most one due duty, of the long or of the short ones; its row is leased while it is done."""
    bare = database_now()
    for duty in (duty for duty in DUTIES if duty.long == long):
        if Duty.objects.filter(name=duty.name).filter(Q(due__gt=bare) | Q(lease_until__gt=bare)).exists():
            continue
        with writing():
            row, _ = Duty.objects.select_for_update().get_or_create(name=duty.name, defaults={"due": bare})
            if row.due > bare or (row.lease_until and row.lease_until > bare):
                continue
            row.lease_by, row.lease_until, row.due = node, bare + duty.within, bare + duty.every
            row.save()
        _do(duty, node)
        return


def _do(duty: _Duty, node: str) -> None:
    error = ""
    try:
        duty.do()
    except AwsError as refused:
        error = str(refused)
    except Exception as broken:
        log.exception("duty %s", duty.name)
        error = repr(broken)
    with writing():
        Duty.objects.filter(name=duty.name, lease_by=node).update(
            lease_by="", lease_until=None, last_at=database_now(), last_error=error[:500]
        )
