"""作業カレンダー: what is in force or planned, by account and time, with what meets what; only what one may see."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

import holidays
from django.db.models import Q

from kumoban.desk import clock, rules
from kumoban.desk.models import FreezePeriod, Hold, Request
from kumoban.desk.office_calendar import business_calendar, organisation_zone
from kumoban.desk.people import Actor
from kumoban.desk.states import HoldState, RequestState
from kumoban.estate.models import Account, searchable

__all__ = ["Day", "Piece", "Week", "freezes_between", "monday_of", "pieces", "week_of"]

#: what is still to be looked at of one range; a week of 180 accounts has some hundreds
MOST_PIECES = 1500
_LIVE = (HoldState.APPROVED, HoldState.APPLYING, HoldState.ACTIVE, HoldState.ENDING, HoldState.FAILED)


@dataclass(frozen=True)
class Piece:
    """One request's work in one account, half-open; ``ends_at`` None: until it is ended.

    ``meets`` are the numbers of the other requests that are at work in the same account at the same time.
    """

    request: Request
    account: str
    account_name: str
    people: tuple[str, ...]
    what: str
    starts_at: datetime
    ends_at: datetime | None
    state: str
    meets: tuple[str, ...] = ()

    @property
    def over(self) -> bool:
        return self.state in (HoldState.ENDED, HoldState.CANCELLED)

    @property
    def waiting(self) -> bool:
        """Not approved yet: it may never come."""
        return self.state == RequestState.WAITING

    def overlaps(self, start: datetime, end: datetime) -> bool:
        return self.starts_at < end and (self.ends_at is None or self.ends_at > start)


def pieces(actor: Actor, start: datetime, end: datetime, *, over: bool = True) -> list[Piece]:
    """Everything visible in [start, end), the earliest first; ``over``: also what has ended already."""
    seen = rules.visible(actor)
    found = [*_of_holds(seen, start, end, over), *_of_waiting(seen, start, end)]
    return _meeting(sorted(found, key=lambda piece: (piece.starts_at, piece.request.pk, piece.account)))


def _of_holds(seen: Any, start: datetime, end: datetime, over: bool) -> Iterable[Piece]:
    """Grants, several of one request in one account as one piece; what should have ended reaches to this moment."""
    now = clock.now()
    states = [*_LIVE, HoldState.ENDED] if over else list(_LIVE)
    reaches = Q(ends_at=None) | Q(ends_at__gt=start)
    if start < now:
        reaches |= Q(state__in=_LIVE)
    begun = Q(starts_at__lt=end) | Q(starts_at=None, active_at__lt=end)
    holds = Hold.objects.filter(reaches, begun, state__in=states, request__in=seen).exclude(ended_at__lte=start)
    rows = holds.select_related("request", "request__requester").order_by("starts_at", "id")
    together: dict[tuple[int, str], list[Hold]] = defaultdict(list)
    for hold in rows[:MOST_PIECES]:
        together[hold.request_id, hold.account_id].append(hold)
    found = (_of(several, now) for several in together.values())
    return [piece for piece in found if piece.overlaps(start, end)]


def _of(holds: Sequence[Hold], now: datetime) -> Piece:
    first = holds[0]
    ends = [_end_of(hold, now) for hold in holds]
    states = [hold.state for hold in holds]
    return Piece(
        first.request,
        first.account_id,
        str(first.shown.get("account", first.account_id)),
        tuple(dict.fromkeys(str(hold.shown.get("person", "")) for hold in holds)),
        str(first.shown.get("permission_set", "")),
        min(at for hold in holds if (at := hold.starts_at or hold.active_at)),
        None if None in ends else max(at for at in ends if at),
        next((str(state) for state in _LIVE if state in states), str(HoldState.ENDED)),
    )


def _end_of(hold: Hold, now: datetime) -> datetime | None:
    if hold.ended_at or hold.ends_at is None:
        return hold.ended_at
    return hold.ends_at if hold.state in (HoldState.ENDED, HoldState.APPROVED) else max(hold.ends_at, now)


def _of_waiting(seen: Any, start: datetime, end: datetime) -> Iterable[Piece]:
    """Plans that wait for approval and name their times."""
    waiting = seen.filter(state=RequestState.WAITING).exclude(plan=None).select_related("plan", "requester")
    for request in waiting.order_by("-id")[:300]:
        plan = request.plan.value
        window = plan.window
        if window is None or window.starts_at is None or window.ends_at is None:
            continue
        accounts = {step.account: str(step.shown.get("account", "")) for step in plan.steps if step.account}
        for account, name in accounts.items():
            steps = [step for step in plan.steps if step.account == account]
            piece = Piece(
                request,
                account,
                name or account,
                tuple(dict.fromkeys(str(step.shown.get("person", "")) for step in steps)),
                str(steps[0].shown.get("permission_set", "")),
                window.starts_at,
                window.ends_at,
                str(RequestState.WAITING),
            )
            if piece.overlaps(start, end):
                yield piece


def _meeting(found: Sequence[Piece]) -> list[Piece]:
    """Each with the requests it meets: another request at work in the same account at the same time."""
    by_account: dict[str, list[Piece]] = defaultdict(list)
    for piece in found:
        if not piece.over:
            by_account[piece.account].append(piece)
    far = clock.now() + timedelta(days=3650)
    meets: dict[tuple[int, str], tuple[str, ...]] = {}
    for account, several in by_account.items():
        for piece in several:
            others = [
                other.request.number
                for other in several
                if other.request.pk != piece.request.pk and other.overlaps(piece.starts_at, piece.ends_at or far)
            ]
            meets[piece.request.pk, account] = tuple(dict.fromkeys(others))
    return [
        replace(piece, meets=() if piece.over else meets.get((piece.request.pk, piece.account), ())) for piece in found
    ]


# --- a week


@dataclass(frozen=True)
class Day:
    """One day of the organisation: whether it works, and what it is called where it does not."""

    day: date
    start: datetime
    end: datetime
    business: bool
    holiday: str
    freezes: tuple[FreezePeriod, ...]


@dataclass(frozen=True)
class Week:
    """Monday first. ``rows``: an account with its pieces, day by day, by the account's name."""

    days: tuple[Day, ...]
    rows: tuple[tuple[str, str, tuple[tuple[Piece, ...], ...]], ...]
    collisions: int

    @property
    def monday(self) -> date:
        return self.days[0].day


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def week_of(actor: Actor, day: date, *, matching: str = "", language: str = "ja") -> Week:
    """The week of this day; ``matching`` narrows it down by account, person or request."""
    zone, monday = organisation_zone(), monday_of(day)
    edges = [datetime.combine(monday + timedelta(days=n), datetime.min.time(), zone) for n in range(8)]
    found = pieces(actor, edges[0], edges[7])
    if matching.strip():
        found = _matching(found, searchable(matching.strip()))
    days = _days(edges, language)
    rows = []
    for account, name in sorted({(p.account, p.account_name) for p in found}, key=lambda one: (one[1], one[0])):
        mine = [piece for piece in found if piece.account == account]
        rows.append((account, name, tuple(tuple(p for p in mine if p.overlaps(d.start, d.end)) for d in days)))
    return Week(days, tuple(rows), sum(bool(piece.meets) for piece in found))


def _matching(found: Sequence[Piece], needle: str) -> list[Piece]:
    environments = dict(Account.objects.filter(id__in={piece.account for piece in found}).values_list("id", "search"))
    return [
        piece
        for piece in found
        if needle
        in searchable(
            piece.request.number, piece.account_name, *piece.people, piece.what, environments.get(piece.account, "")
        )
    ]


def freezes_between(start: datetime, end: datetime) -> list[FreezePeriod]:
    return list(FreezePeriod.objects.filter(starts_at__lt=end, ends_at__gt=start).order_by("starts_at")[:50])


def _days(edges: Sequence[datetime], language: str) -> tuple[Day, ...]:
    calendar, freezes = business_calendar(), freezes_between(edges[0], edges[-1])
    years = {edge.year for edge in edges}
    named = {day: name for year in years for day, name in _national(year, language).items()}
    named |= {day: name for day, name in calendar.company_holidays.items() if name}
    return tuple(
        Day(
            start.date(),
            start,
            end,
            calendar.is_business_day(start.date()),
            named.get(start.date(), ""),
            tuple(one for one in freezes if one.starts_at < end and one.ends_at > start),
        )
        for start, end in pairwise(edges)
    )


def _national(year: int, language: str) -> dict[date, str]:
    """The public holidays of a year by name."""
    spoken = "ja" if language == "ja" else "en_US"
    return dict(holidays.country_holidays("JP", years=year, language=spoken, expand=False))
