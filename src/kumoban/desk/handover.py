"""移譲: how far each routine is in the teams' own hands, month by month, and who of the operations team can do it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median

from django.db.models import Count, Max, Min, QuerySet, Sum

from kumoban.aws.mode import practising
from kumoban.core.reason import Reason, Refused
from kumoban.desk import clock
from kumoban.desk.models import Approval, Request, RunbookReading, Step, WorkEntry
from kumoban.desk.office_calendar import organisation_zone
from kumoban.desk.people import Actor, ops_members
from kumoban.desk.qualified import practised
from kumoban.desk.states import StepKind
from kumoban.estate.models import Person

__all__ = ["MONTHS", "Month", "Performed", "handed_over", "performed"]

#: months that are shown, this one included
MONTHS = 6


@dataclass(frozen=True)
class Month:
    """One routine in one month: ``lead`` is the median from asking until it was in force or done."""

    routine: str
    month: date
    requests: int
    lead: timedelta | None
    #: requests that nobody of the operations team approved, had, or worked on
    without_operations: int
    #: by hand, as people wrote it down
    worked: timedelta

    @property
    def share(self) -> int:
        """Percent without the operations team."""
        return round(100 * self.without_operations / self.requests) if self.requests else 0


@dataclass(frozen=True)
class Performed:
    """One of the operations team and one routine: how often they approved or worked on it, and when last.

    On a practice desk all of it is practice; elsewhere that is the exercise that was confirmed.
    """

    person: Person
    routine: str
    times: int
    #: for real
    last_at: datetime | None
    practised_at: datetime | None
    #: the runbook
    read_at: datetime | None


def handed_over(actor: Actor) -> list[Month]:
    """The newest month first, routines by name. Raises Refused but for operations and auditors."""
    _may_see(actor)
    since = _first_month()
    ops = {person.id for person in ops_members()}
    asked = Request.objects.filter(created_at__gte=since).exclude(state__in=("drafted", "refused"))
    touched = _touched(asked, ops)
    worked = dict(
        WorkEntry.objects.filter(step__request__in=asked)
        .values_list("step__request_id")
        .annotate(minutes=Sum("minutes"))
        .order_by()
    )
    rows: dict[tuple[date, str], list[tuple[int, timedelta | None]]] = defaultdict(list)
    found = asked.annotate(in_force=Min("holds__active_at")).values_list(
        "id", "routine", "created_at", "in_force", "closed_at", "state"
    )
    for pk, routine, created_at, in_force, closed_at, state in found.iterator(2000):
        until = in_force or (closed_at if state == "done" else None)
        month = created_at.astimezone(organisation_zone()).date().replace(day=1)
        rows[month, routine].append((pk, max(until - created_at, timedelta()) if until else None))
    return [
        Month(
            routine,
            month,
            len(those),
            _median(lead for _pk, lead in those if lead is not None),
            sum(pk not in touched for pk, _lead in those),
            timedelta(minutes=sum(worked.get(pk, 0) for pk, _lead in those)),
        )
        for (month, routine), those in sorted(rows.items(), key=lambda item: (-item[0][0].toordinal(), item[0][1]))
    ]


def _first_month() -> datetime:
    today = clock.now().astimezone(organisation_zone())
    first = today.year * 12 + today.month - MONTHS
    return datetime(first // 12, first % 12 + 1, 1, tzinfo=organisation_zone())


def _touched(asked: QuerySet[Request], ops: set[str]) -> set[int]:
    """The requests that somebody of the operations team approved, was given, or worked on by hand."""
    approved = Approval.objects.filter(plan__request__in=asked, person__in=ops, void_at=None)
    by_hand = Step.objects.filter(request__in=asked, kind=StepKind.MANUAL)
    given = Request.objects.filter(pk__in=asked.values("pk"), assignee__isnull=False)
    return {
        *approved.values_list("plan__request_id", flat=True),
        *by_hand.values_list("request_id", flat=True),
        *given.values_list("pk", flat=True),
    }


def _median(lengths: Iterable[timedelta]) -> timedelta | None:
    seconds = [length.total_seconds() for length in lengths]
    return timedelta(seconds=round(median(seconds))) if seconds else None


def performed(actor: Actor) -> list[Performed]:
    """担当者マトリクス: by routine, then person; who neither did, practised nor read one is not in the list for it."""
    _may_see(actor)
    people = {person.id: person for person in ops_members()}
    times, done = _done(people)
    practice = practised(people)
    if practising():
        practice, done = _latest(practice, done), {}
    read = _read(people)
    return [
        Performed(people[key[0]], key[1], times[key], done.get(key), practice.get(key), read.get(key))
        for key in sorted({*done, *practice, *read}, key=lambda key: (key[1], people[key[0]].display_name))
    ]


#: by person and routine
_Moments = dict[tuple[str, str], datetime]


def _done(people: Iterable[str]) -> tuple[dict[tuple[str, str], int], _Moments]:
    """How often these people approved or worked on each routine, and when last."""
    times: dict[tuple[str, str], int] = defaultdict(int)
    last: _Moments = {}
    worked = WorkEntry.objects.filter(person__in=people).values_list("person_id", "step__request__routine")
    approved = Approval.objects.filter(person__in=people).values_list("person_id", "plan__request__routine")
    for rows in (worked, approved):
        for person, routine, count, at in rows.annotate(times=Count("id"), last=Max("at")).order_by():
            times[person, routine] += count
            last = _latest(last, {(person, routine): at})
    return times, last


def _read(people: Iterable[str]) -> _Moments:
    rows = RunbookReading.objects.filter(person__in=people).values_list("person_id", "routine")
    return {(person, routine): at for person, routine, at in rows.annotate(last=Max("at")).order_by()}


def _latest(one: _Moments, other: _Moments) -> _Moments:
    return {key: max(at for at in (one.get(key), other.get(key)) if at) for key in {*one, *other}}


def _may_see(actor: Actor) -> None:
    if not (actor.ops or actor.auditor):
        raise Refused(Reason("ops_only"), attempt=True)
