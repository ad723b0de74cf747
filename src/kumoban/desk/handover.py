"""移譲: how far each routine is in the teams' own hands, month by month, and who of the operations team can do it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median

from django.db.models import Count, Max, Min, QuerySet, Sum

from kumoban.core.reason import Reason, Refused
from kumoban.desk import clock
from kumoban.desk.models import Approval, Request, Step, WorkEntry
from kumoban.desk.people import Actor, ops_members
from kumoban.desk.planning import organisation_zone
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
    """One of the operations team and one routine: how often they approved or worked on it, and when last."""

    person: Person
    routine: str
    times: int
    last_at: datetime


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
    """担当者マトリクス: by person, then routine; somebody who never did one is not in the list for it."""
    _may_see(actor)
    people = {person.id: person for person in ops_members()}
    times: dict[tuple[str, str], int] = defaultdict(int)
    last: dict[tuple[str, str], datetime] = {}
    worked = WorkEntry.objects.filter(person__in=people).values_list("person_id", "step__request__routine")
    approved = Approval.objects.filter(person__in=people).values_list("person_id", "plan__request__routine")
    for done in (worked, approved):
        for person, routine, count, at in done.annotate(times=Count("id"), last=Max("at")).order_by():
            key = (person, routine)
            times[key] += count
            last[key] = max(at, last.get(key, at))
    return [
        Performed(people[person], routine, times[person, routine], last[person, routine])
        for person, routine in sorted(last, key=lambda key: (people[key[0]].display_name, key[1]))
    ]


def _may_see(actor: Actor) -> None:
    if not (actor.ops or actor.auditor):
        raise Refused(Reason("ops_only"), attempt=True)
