"""What a rule asks beside who, where and how long: that it is in its hours, and not more than its total of a week."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce

from kumoban.core.calendar import BusinessCalendar
from kumoban.core.permitted_hours import PermittedHours, permitted
from kumoban.core.reason import Reason
from kumoban.desk.models import Hold, Rule
from kumoban.desk.people import accounts_of_the_same
from kumoban.desk.routine import Routine
from kumoban.desk.states import HoldState
from kumoban.estate.models import Person

__all__ = [
    "Had",
    "Span",
    "had_by",
    "held",
    "hours_of",
    "out_of_hours",
    "things_at",
    "timed",
    "week_of",
    "week_used_up",
]

#: start and end, both aware
Span = tuple[datetime, datetime]
_WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Had:
    """What somebody has or had for a while, in the routine's dimensions; ``request`` is the key of its request."""

    request: int
    span: Span
    things: Sequence[Mapping[str, str]]


def hours_of(rule: Rule) -> list[PermittedHours]:
    """The hours in which it allows; none: at any time."""
    return [PermittedHours.from_stored(one) for one in rule.limits.get("hours", ())]


def week_of(rule: Rule) -> timedelta:
    """How long in all one worker may have what it is about, in a week from Monday on; zero: as long as wanted."""
    return timedelta(minutes=int(rule.limits.get("week_minutes", 0)))


def timed(rule: Rule) -> bool:
    """Whether it depends on when something is asked for what the rule says of it."""
    return bool(rule.limits.get("hours") or rule.limits.get("week_minutes"))


def out_of_hours(rule: Rule, span: Span | None, calendar: BusinessCalendar) -> bool:
    """Whether the rule has hours, and not all of the span (None: without end) lies in them."""
    hours = hours_of(rule)
    return bool(hours) and (span is None or not permitted(hours, *span, calendar))


def week_used_up(most: timedelta, span: Span, had: Iterable[Span], calendar: BusinessCalendar) -> Reason | None:
    """Where, with what they had already, it comes to more than ``most`` in a week it touches; else None.

    What was had at the same time counts once.
    """
    spans = sorted([*had, span])
    for week in _weeks(span, calendar):
        if _length(spans, week) > most:
            left = max(most - _length([one for one in spans if one is not span], week), timedelta())
            return Reason("week_used_up", {"most": _minutes(most), "left": _minutes(left), "week": week[0].isoformat()})
    return None


def had_by(person: Person, routine: Routine, span: Span, calendar: BusinessCalendar, without: int | None) -> list[Had]:
    """What a human being has or had in the weeks that a span touches, but by the request ``without``."""
    weeks = list(_weeks(span, calendar))
    start, end = weeks[0][0], weeks[-1][1]
    lasts = Q(ended_at=None, ends_at__gt=start) | Q(ended_at__gt=start)
    holds = Hold.objects.filter(lasts, person__in=accounts_of_the_same([person.id]), starts_at__lt=end)
    found = held(holds.filter(request__routine=routine.name)).exclude(request=without)
    over = Coalesce("ended_at", "ends_at")
    rows = found.values_list("request", "starts_at", over, "request__plan__document", "account_id")
    return [
        Had(request, (starts_at, end), things_at(document, account))
        for request, starts_at, end, document, account in rows
        if starts_at and end
    ]


def held(holds: QuerySet[Hold]) -> QuerySet[Hold]:
    """Of these, what is or was in force, or will be."""
    never = Q(state=HoldState.CANCELLED) | Q(state=HoldState.FAILED, was_active=False) | Q(ended_by="never_made")
    return holds.exclude(never)


def things_at(document: Mapping[str, object], account: str) -> list[Mapping[str, str]]:
    """Of the exact things a plan is about, those in one account."""
    things = document.get("dimensions")
    if not isinstance(things, list):
        return []
    return [thing for thing in things if thing.get("account", account) == account]


def _weeks(span: Span, calendar: BusinessCalendar) -> Iterator[Span]:
    """The weeks it touches, Monday to Sunday where the organisation is."""
    first = span[0].astimezone(calendar.zone).date()
    monday = first - timedelta(days=first.weekday())
    while True:
        start, end = (datetime.combine(day, time(), calendar.zone).astimezone(UTC) for day in (monday, monday + _WEEK))
        yield start, end
        if span[1] <= end:
            return
        monday += _WEEK


def _length(spans: Sequence[Span], within: Span) -> timedelta:
    """How long at least one of the spans lasts there; they are in the order of their starts."""
    total, reached = timedelta(), within[0]
    for start, end in spans:
        begins, ends = max(start, reached), min(end, within[1])
        if ends > begins:
            total, reached = total + (ends - begins), ends
    return total


def _minutes(length: timedelta) -> int:
    return int(length.total_seconds() // 60)
