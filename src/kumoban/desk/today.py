"""本日の運用: what the operations team looks at in the morning. Each part is one question, shown apart."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count, F, Q, QuerySet

from kumoban.core.reason import Reason, Refused
from kumoban.desk import clock, register, rules, shift_notes
from kumoban.desk.models import FreezePeriod, Hold, Request, ShiftNote
from kumoban.desk.office_calendar import business_calendar, organisation_zone
from kumoban.desk.people import Actor
from kumoban.desk.states import IN_FORCE
from kumoban.desk.work_calendar import Piece, freezes_between, pieces

__all__ = ["Figures", "Today", "today_of"]

#: of each list; the rest is counted and linked
_MOST = 8
_MOST_NOTES = 50


@dataclass(frozen=True)
class Figures:
    """The four numbers on top. ``unclaimed``: in trouble, and nobody has taken it on."""

    overdue_ends: int
    trouble: int
    unclaimed: int
    past_target: int
    unconfirmed: int
    no_owner: int


@dataclass(frozen=True)
class Today:
    """One morning. ``until``: the next business day's opening, to which "tonight" reaches."""

    now: datetime
    day: date
    business: bool
    previous: date
    until: datetime
    freezes: tuple[FreezePeriod, ...]
    figures: Figures
    tonight: tuple[Piece, ...]
    tonight_more: int
    ends: tuple[Hold, ...]
    ends_more: int
    work: tuple[Request, ...]
    work_more: int
    notes: tuple[ShiftNote, ...]


def today_of(actor: Actor) -> Today:
    """Raises Refused for anybody but the operations team."""
    if not actor.ops:
        raise Refused(Reason("ops_only"))
    now, calendar = clock.now(), business_calendar()
    day = now.astimezone(organisation_zone()).date()
    until = calendar.opening(calendar.next_business_day(day))
    tonight = [piece for piece in pieces(actor, now, until, over=False) if piece.starts_at >= now or piece.meets]
    ends = _ends(now, until)
    work = rules.work(actor, now)
    return Today(
        now=now,
        day=day,
        business=calendar.is_business_day(day),
        previous=calendar.previous_business_day(day),
        until=until,
        freezes=tuple(freezes_between(now, until)),
        figures=_figures(actor, now, work),
        tonight=tuple(tonight[:_MOST]),
        tonight_more=max(len(tonight) - _MOST, 0),
        ends=tuple(ends.select_related("request", "person")[:_MOST]),
        ends_more=max(ends.count() - _MOST, 0),
        work=tuple(work.select_related("requester", "assignee", "machine")[:_MOST]),
        work_more=max(work.count() - _MOST, 0),
        notes=tuple(shift_notes.standing(actor)[:_MOST_NOTES]),
    )


def _ends(now: datetime, until: datetime) -> QuerySet[Hold]:
    """Ends due until the next morning; those overdue come first."""
    return Hold.objects.filter(state__in=IN_FORCE, ends_at__lt=until).order_by(F("ends_at").asc(), "id")


def _figures(actor: Actor, now: datetime, work: QuerySet[Request]) -> Figures:
    counted = work.order_by().aggregate(
        trouble_n=Count("id", filter=Q(trouble=True)),
        unclaimed_n=Count("id", filter=Q(trouble=True, assignee=None)),
        past_target_n=Count("id", filter=Q(target_at__lt=now)),
    )
    overdue = Hold.objects.filter(state__in=IN_FORCE, ends_at__lt=now - timedelta(minutes=1)).count()
    return Figures(
        overdue_ends=overdue,
        trouble=counted["trouble_n"],
        unclaimed=counted["unclaimed_n"],
        past_target=counted["past_target_n"],
        unconfirmed=register.unconfirmed().count(),
        no_owner=register.gaps(actor)["no_owner"],
    )
