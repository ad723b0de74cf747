"""定期申請: a filled form that the desk asks again by itself, ahead of each date. It gives no authority.

Every occurrence is a request of its own, planned, decided and approved anew under the rules of its day. A unique row
for each, and the request's idempotency key, make it one however many runners there are and wherever they stop.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any, Self

from django.conf import settings
from django.db.models import Q, QuerySet
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from kumoban.aws.mode import observing
from kumoban.core.calendar import BusinessCalendar
from kumoban.core.form import OfficeTime, Until
from kumoban.core.normalise import RefusedCharacters, normalise
from kumoban.core.office_time import NotUnderstood, parse_duration
from kumoban.core.reason import Reason, Refused
from kumoban.core.recurrence import Every, OnClosedDays, Recurrence
from kumoban.desk import clock
from kumoban.desk.models import Occurrence, RecurringRequest, Rule
from kumoban.desk.notices.events import event, remember
from kumoban.desk.office_calendar import business_calendar, organisation_zone
from kumoban.desk.people import Actor
from kumoban.desk.planning import Draft, ShapeError, draft
from kumoban.desk.requests.asking import By, refuse_where, store
from kumoban.desk.requests.guards import may_operate, routine_named
from kumoban.desk.routine import Routine
from kumoban.desk.shapes import problem, read
from kumoban.ledger.record import SYSTEM, record, writing

__all__ = [
    "MOST",
    "RecurringForm",
    "add_recurring",
    "ask_due",
    "change_recurring",
    "first_dates",
    "next_dates",
    "recurring",
    "recurs",
]

log = logging.getLogger(__name__)

#: of one person, those not ended
MOST = 20
_PREVIEWED = 6
State = RecurringRequest.State


class RecurringForm(BaseModel):
    """When it comes again. ``at``: HH:MM, up to 47:59; ``length``: 2h, 30分; ``until``: its last day.

    ``nth``: the day, the business day or the weekday of the month, from 1 (-1: the last weekday). ``weekdays`` 0–6 from
    Monday. ``closed``: what becomes of a day on which the office is closed.
    """

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    name: str = Field(min_length=1, max_length=60)
    every: Every
    at: str
    length: str
    until: date
    since: date | None = None
    weekdays: list[int] = Field(default_factory=list, max_length=7)
    nth: int = Field(default=1, ge=-1, le=31)
    closed: OnClosedDays = "same"

    @field_validator("name", "at", "length")
    @classmethod
    def _plain(cls, given: str) -> str:
        try:
            return str(normalise(given, "name").value)
        except RefusedCharacters as refused:
            raise problem("shape.refused_characters", characters=str(refused)) from refused

    @field_validator("at")
    @classmethod
    def _a_clock(cls, given: str) -> str:
        hour, _sign, minute = given.partition(":")
        if not (hour.isascii() and hour.isdigit() and minute.isascii() and minute.isdigit() and len(minute) == 2):
            raise problem("shape.time_not_understood", text=given[:20])
        if int(hour) > 47 or int(minute) > 59:
            raise problem("shape.time_not_understood", text=given[:20])
        return given

    @field_validator("length")
    @classmethod
    def _a_length(cls, given: str) -> str:
        try:
            long = parse_duration(given)
        except NotUnderstood as unclear:
            raise problem("shape.time_not_understood", text=given[:20]) from unclear
        if long < timedelta(minutes=1):
            raise problem("no_time_at_all")
        return given

    @field_validator("weekdays")
    @classmethod
    def _known_days(cls, given: list[int]) -> list[int]:
        if any(not 0 <= day <= 6 for day in given):
            raise problem("recurring_weekday")
        return sorted(set(given))

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.every == "week" and not self.weekdays:
            raise problem("recurring_weekday", "weekdays")
        if self.every == "weekday_of_month" and (len(self.weekdays) != 1 or self.nth not in (-1, 1, 2, 3, 4, 5)):
            raise problem("recurring_weekday", "weekdays")
        if self.every in ("month_day", "business_day_of_month") and self.nth < 1:
            raise problem("recurring_nth", "nth")
        today = _today()
        if self.until < today:
            raise problem("recurring_over", "until")
        if self.until > today + timedelta(days=settings.KUMOBAN_RECURRING_LONGEST_DAYS):
            raise problem("recurring_too_long", "until", days=settings.KUMOBAN_RECURRING_LONGEST_DAYS)
        return self

    def recurrence(self, since: date) -> Recurrence:
        hour, minute = (int(part) for part in self.at.split(":"))
        return Recurrence(
            self.every,
            hour * 60 + minute,
            parse_duration(self.length),
            max(self.since or since, since),
            self.until,
            frozenset(self.weekdays),
            self.nth,
            self.closed,
        )


def _today() -> date:
    return clock.now().astimezone(organisation_zone()).date()


def recurs(routine: Routine) -> bool:
    """Whether its form has a start and an end that dates can fill."""
    return bool(_timed(routine, OfficeTime)) and bool(_timed(routine, Until))


def _timed(routine: Routine, kind: type) -> list[str]:
    fields = routine.form.model_fields.items()
    return [name for name, info in fields if any(isinstance(meta, kind) for meta in info.metadata)]


def recurring(actor: Actor) -> QuerySet[RecurringRequest]:
    """One's own; the operations team and auditors see everybody's."""
    found = RecurringRequest.objects.select_related("person").order_by("-pk")
    return found if actor.ops or actor.auditor else found.filter(person=actor.person)


def first_dates(when: RecurringForm, count: int = _PREVIEWED) -> list[tuple[datetime, datetime]]:
    """The next occurrences of what is not saved yet: start and end."""
    return list(islice(_upcoming(when.recurrence(_today()), business_calendar()), count))


def next_dates(of: RecurringRequest, count: int = _PREVIEWED) -> list[tuple[datetime, datetime]]:
    return list(islice(_upcoming(_recurrence(of), business_calendar()), count)) if of.state != State.ENDED else []


def _recurrence(of: RecurringRequest) -> Recurrence:
    return RecurringForm.model_construct(**_when(of)).recurrence(of.since)


def _when(of: RecurringRequest) -> dict[str, Any]:
    return {**of.when, "until": of.until, "since": of.since, "name": of.name}


def _upcoming(of: Recurrence, calendar: BusinessCalendar) -> Iterator[tuple[datetime, datetime]]:
    now, zone = clock.now(), organisation_zone()
    windows = (of.window(day, zone) for day in of.days(calendar))
    return (window for window in windows if window[0] > now)


# --- keeping


def add_recurring(
    actor: Actor,
    routine_name: str,
    data: Mapping[str, Any],
    when: Mapping[str, Any],
    extra: Mapping[str, str] | None = None,
) -> RecurringRequest:
    """Save it, after its first occurrence was planned and judged as if asked now. Raises ShapeError or Refused."""
    actor.needs("ask")
    may_operate()
    routine = routine_named(routine_name)
    if not recurs(routine):
        raise Refused(Reason("recurring_not_here"))
    said = read(RecurringForm, when)
    since = said.since or _today()
    dates = first_dates(said, 1)
    if not dates:
        raise ShapeError([("until", Reason("recurring_over"))])
    made = draft(actor, routine, _filled(routine, data, dates[0]), extra)
    refuse_where(made)
    times = (*_timed(routine, OfficeTime), *_timed(routine, Until))
    values = said.model_dump(mode="json", exclude={"name", "until", "since"})
    with writing():
        mine = RecurringRequest.objects.filter(person=actor.person).exclude(state=State.ENDED)
        if mine.count() >= MOST:
            raise Refused(Reason("recurring_too_many", {"most": MOST}))
        row = RecurringRequest.objects.create(
            person=actor.person,
            user=actor.user,
            routine=routine.name,
            name=said.name,
            form={name: value for name, value in made.form.stored().items() if name not in times},
            extra=dict(made.extra),
            when=values,
            since=max(since, _today()),
            until=said.until,
            basis=_basis(actor, made),
            created_at=clock.now(),
        )
        facts = {"routine": routine.name, "when": values, "until": said.until.isoformat()}
        record("recurring.saved", actor=actor.id, subject=row.subject, facts=facts, texts={"name": said.name})
    return row


def _filled(routine: Routine, data: Mapping[str, Any], window: tuple[datetime, datetime]) -> dict[str, Any]:
    start, until = _timed(routine, OfficeTime)[0], _timed(routine, Until)[0]
    return {**data, start: window[0].isoformat(), until: window[1].isoformat()}


def _basis(actor: Actor, made: Draft) -> list[str]:
    """The groups through which the rules allow it: who leaves all of them has lost its ground."""
    rules = Rule.objects.filter(pk__in=[rule[0] for rule in made.decision.rules])
    return sorted({group for rule in rules for group in rule.who.get("groups", ()) if group in actor.groups})


_EDGES = {
    "pause": (State.ACTIVE, State.PAUSED),
    "resume": (State.PAUSED, State.ACTIVE),
}


def change_recurring(actor: Actor, pk: int, act: str) -> RecurringRequest:
    """pause, resume or end: its owner, or, but for resuming, the operations team. Raises Refused."""
    actor.needs("ask")
    with writing():
        row = RecurringRequest.objects.select_for_update().filter(pk=pk).first()
        owns = row is not None and row.person_id == actor.person.id
        if row is None or not (owns or actor.ops):
            raise Refused(Reason("no_such_recurring"), attempt=row is not None)
        if act == "resume" and not owns:
            raise Refused(Reason("not_your_request"), attempt=True)
        to = State.ENDED if act == "end" and row.state != State.ENDED else None
        if to is None:
            before, to = _EDGES.get(act, (None, None))
            if to is None or row.state != before:
                raise Refused(Reason("recurring_state", {"state": row.state}))
        _move(row, to, actor.id)
        return row


def _move(row: RecurringRequest, to: State, by: str, *why: Reason) -> None:
    row.state, row.why = to, [reason.stored() for reason in why]
    row.save(update_fields=["state", "why"])
    facts = {"why": [reason.code for reason in why]}
    record(f"recurring.{to.value}", actor=by, subject=row.subject, facts=facts)


# --- asking


def ask_due() -> int:
    """Ask for every occurrence whose time has come; end what has lost its ground. How many were asked or refused."""
    if observing():
        return 0
    done = 0
    for row in RecurringRequest.objects.filter(state=State.ACTIVE).select_related("person", "user"):
        try:
            done += _look_after(row)
        except Exception:
            log.exception("recurring request %s", row.pk)
    return done


def _look_after(row: RecurringRequest) -> int:
    if over := _over(row):
        with writing():
            current = RecurringRequest.objects.select_for_update().get(pk=row.pk)
            if current.state == State.ACTIVE:
                _move(current, State.ENDED, SYSTEM, over)
                remember([_told(current, "recurring_ended", f"recurring:{row.pk}:ended", over)])
        return 0
    calendar, zone, done = business_calendar(), organisation_zone(), 0
    limit = _limit(calendar)
    asked = set(row.occurrences.filter(Q(request__isnull=False) | ~Q(why=[])).values_list("day", flat=True))
    now = clock.now()
    recurrence = _recurrence(row)
    for day in recurrence.days(calendar):
        window = recurrence.window(day, zone)
        if day > limit:
            break
        if window[0] > now and day not in asked:
            done += _ask(row, day, window)
    return done


def _over(row: RecurringRequest) -> Reason | None:
    """Why it ends by itself: its last day, its person, or the groups it stood on."""
    if row.until < _today():
        return Reason("recurring_over")
    if not (row.person.can_act and row.user.is_active) or Actor(row.user).guest is not None:
        return Reason("recurring_person_gone")
    if row.basis and not set(row.basis) & Actor(row.user).groups:
        return Reason("recurring_membership_lost")
    return None


def _limit(calendar: BusinessCalendar) -> date:
    """The last day that is asked for now: so many business days ahead, and never fewer than its approvers may take."""
    hours = (
        datetime.combine(_today(), calendar.close_at) - datetime.combine(_today(), calendar.open_at)
    ).seconds / 3600
    ahead = max(settings.KUMOBAN_RECURRING_AHEAD_DAYS, math.ceil(settings.KUMOBAN_APPROVAL_VALID_HOURS / hours))
    day = _today()
    for _ in range(ahead):
        day = calendar.next_business_day(day)
    return day


def _ask(row: RecurringRequest, day: date, window: tuple[datetime, datetime]) -> int:
    """Once: the row of the occurrence is unique, and is written with its request."""
    occurrence, _new = Occurrence.objects.get_or_create(recurring=row, day=day, defaults={"made_at": clock.now()})
    try:
        routine = routine_named(row.routine)
        made = draft(Actor(row.user), routine, _filled(routine, row.form, window), row.extra)
        refuse_where(made)
    except Refused as refused:
        return _refused(row, occurrence, refused.reasons)
    except ShapeError as shape:
        return _refused(row, occurrence, tuple(reason for _field, reason in shape.errors))
    with writing():
        current = RecurringRequest.objects.select_for_update().get(pk=row.pk)
        occurrence = Occurrence.objects.select_for_update().get(pk=occurrence.pk)
        if current.state != State.ACTIVE or occurrence.request_id or occurrence.why:
            return 0
        request = store(By(current.user, current.person, SYSTEM), routine, made, None)
        occurrence.request, occurrence.made_at = request, clock.now()
        occurrence.save(update_fields=["request", "made_at"])
        facts = {"request": request.number, "day": day.isoformat()}
        record("recurring.asked", actor=SYSTEM, subject=row.subject, facts=facts)
    return 1


def _refused(row: RecurringRequest, occurrence: Occurrence, why: tuple[Reason, ...]) -> int:
    with writing():
        current = Occurrence.objects.select_for_update().get(pk=occurrence.pk)
        if current.request_id or current.why:
            return 0
        current.why, current.made_at = [reason.stored() for reason in why[:10]], clock.now()
        current.save(update_fields=["why", "made_at"])
        facts = {"day": occurrence.day.isoformat(), "why": sorted({reason.code for reason in why})}
        record("recurring.refused", actor=SYSTEM, subject=row.subject, facts=facts)
        remember([_told(row, "recurring_refused", f"recurring:{row.pk}:{occurrence.day}", *why[:10])])
    return 1


def _told(row: RecurringRequest, kind: str, key: str, *why: Reason) -> Any:
    at = clock.now()
    return event(kind, None, by=SYSTEM, at=at, why=why, key=key, person=row.person_id, name=row.name, page="/recurring")
