"""いつもと違う点: what an approver should notice about a request, and the evidence: what was granted before.

Read for a whole inbox at once, in seven queries however many requests there are. "Before" means requests with a
lower number, so that a page says the same after the decision as it said while it was taken.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from statistics import median
from typing import Any

from django.conf import settings
from django.db.models import F, Min, QuerySet, Window
from django.db.models.fields.json import KT
from django.db.models.functions import RowNumber

from kumoban.core.plan import Plan
from kumoban.core.reason import Reason
from kumoban.desk.models import Approval, Hold, Request
from kumoban.desk.office_calendar import organisation_zone
from kumoban.estate.models import Person, RegisterEntry, searchable

__all__ = ["Before", "Granted", "Noticed", "noticed"]

#: hours of the organisation's zone before which it is deep night
_DAWN = 6
#: this many requests by one person in a week are many
_MANY = 3
_SHOWN = 5
#: how many earlier grants of a person say what is usual, and how few say nothing yet
_USUAL, _TOO_FEW = 10, 3
#: rows read beyond those shown, because the other requests of an inbox may have been in force since
_SLACK = 5


@dataclass(frozen=True)
class Granted:
    """One grant there was before: of whom, where, what, when, and who had approved it."""

    request: str
    person: str
    account: str
    permission_set: str
    starts_at: datetime
    ends_at: datetime
    approvers: tuple[str, ...]


@dataclass(frozen=True)
class Before:
    """What the workers, and the accounts, had before: the newest first, at most five each."""

    people: tuple[Granted, ...] = ()
    accounts: tuple[Granted, ...] = ()


@dataclass(frozen=True)
class Noticed:
    unusual: tuple[Reason, ...] = ()
    before: Before = field(default_factory=Before)


@dataclass(frozen=True)
class _Asking:
    """One request with what is compared, read from its plan once."""

    request: Request
    plan: Plan
    workers: Sequence[Person]

    @property
    def accounts(self) -> set[str]:
        return {step.account for step in self.plan.steps if step.account}

    @property
    def permission_sets(self) -> set[str]:
        return {of["permission_set"] for of in self.plan.dimensions if "permission_set" in of}


@dataclass(frozen=True)
class _Row:
    """A grant that was in force once."""

    request_id: int
    number: str
    plan_id: int | None
    person_id: str | None
    person: str
    account_id: str
    account: str
    permission_set: str
    starts_at: datetime
    ends_at: datetime

    @property
    def length(self) -> timedelta:
        return self.ends_at - self.starts_at


def noticed(requests: Iterable[Request], now: datetime) -> dict[int, Noticed]:
    """By the request's key: what is unusual and what was there before. Requests without a plan have neither."""
    planned = [(found, found.plan) for found in requests if found.plan]
    told = {found.pk: Noticed(used) for found, plan in planned if (used := _path_used(plan.authority))}
    asking = [_Asking(found, plan.value, list(found.workers.all())) for found, plan in planned]
    asking = [one for one in asking if not one.plan.own and one.accounts]
    if not asking:
        return told
    history = _History.of(asking, now)
    return told | {one.request.pk: Noticed(tuple(_unusual(one, history, now)), _before(one, history)) for one in asking}


def _path_used(authority: Mapping[str, Any]) -> tuple[Reason, ...]:
    """A use of the emergency path is never usual, though there is nothing to compare it with."""
    notes = (Reason.from_stored(note) for note in authority.get("notes", ()))
    return tuple(note for note in notes if note.code == "emergency_used")


def _unusual(one: _Asking, history: _History, now: datetime) -> Iterable[Reason]:
    yield from _first_times(one, history)
    starts_at = _start(one, now)
    if starts_at.astimezone(organisation_zone()).hour < _DAWN:
        yield Reason("unusual_deep_night", {"at": f"{starts_at.astimezone(organisation_zone()):%H:%M}"})
    nth = history.this_week.get(one.request.pk, 0)
    if nth >= _MANY:
        yield Reason("unusual_many_this_week", {"name": one.request.requester.display_name, "n": nth})
    yield from _longer(one, history)
    yield from _sensitive(one, history)


def _first_times(one: _Asking, history: _History) -> Iterable[Reason]:
    for worker in one.workers:
        new = [account for account in sorted(one.accounts) if not history.had(worker.id, account, one.request.pk)]
        if new and len(new) == len(one.accounts):
            yield Reason("unusual_first_here", {"name": worker.display_name})
        elif new:
            names = {step.account: step.shown.get("account", step.account) for step in one.plan.steps}
            where = ", ".join(str(names[account]) for account in new)
            yield Reason("unusual_first_in", {"name": worker.display_name, "account": where})
    for permission_set in sorted(one.permission_sets):
        if not history.asked(one.request.requester_id, permission_set, one.request.pk):
            shown = next((s.shown["permission_set"] for s in one.plan.steps if "permission_set" in s.shown), "")
            said = {"name": one.request.requester.display_name, "permission_set": shown or permission_set}
            yield Reason("unusual_new_permission_set", said)


def _start(one: _Asking, now: datetime) -> datetime:
    """When it comes into force: what is granted on approval would start now."""
    window = one.plan.window
    return one.request.starts_at or (window.starts_at if window else None) or max(now, one.request.created_at)


def _longer(one: _Asking, history: _History) -> Iterable[Reason]:
    window = one.plan.window
    if window is None:
        return
    length = window.resolved(_start(one, one.request.created_at)).length
    for worker in one.workers:
        earlier = {row.request_id: row.length for row in history.of_person(worker.id, one.request.pk)}
        if len(earlier) < _TOO_FEW:
            continue
        usual = median([_minutes(one) for one in list(earlier.values())[:_USUAL]])
        if _minutes(length) > 2 * usual:
            minutes = {"minutes": _minutes(length), "usual": int(usual)}
            yield Reason("unusual_longer", {"name": worker.display_name, **minutes})


def _sensitive(one: _Asking, history: _History) -> Iterable[Reason]:
    """Accounts whose entry in the register has a class of data with which one looks twice."""
    names = {step.account: str(step.shown.get("account", step.account)) for step in one.plan.steps}
    found: dict[str, list[str]] = defaultdict(list)
    for account in sorted(one.accounts & history.sensitive.keys()):
        found[history.sensitive[account]].append(names[account])
    for data_class, accounts in found.items():
        yield Reason("unusual_sensitive", {"account": ", ".join(accounts), "data_class": data_class})


def _minutes(length: timedelta) -> int:
    return int(length.total_seconds() // 60)


def _before(one: _Asking, history: _History) -> Before:
    people = [row for worker in one.workers for row in history.of_person(worker.id, one.request.pk)]
    accounts = [row for account in one.accounts for row in history.of_account(account, one.request.pk)]
    return Before(*(tuple(history.granted(row) for row in _newest(rows)) for rows in (people, accounts)))


def _newest(rows: Sequence[_Row]) -> list[_Row]:
    """One request's grants to several people are several rows; the same row may come by person and by account."""
    return sorted(dict.fromkeys(rows), key=lambda row: row.request_id, reverse=True)[:_SHOWN]


@dataclass(frozen=True)
class _History:
    people: Mapping[str, Sequence[_Row]]
    accounts: Mapping[str, Sequence[_Row]]
    #: (worker, account) → the first request by which the worker had access there
    first: Mapping[tuple[str, str], int]
    #: (requester, permission set) → the first request for it
    first_asked: Mapping[tuple[str, str], int]
    this_week: Mapping[int, int]
    approvers: Mapping[int, tuple[str, ...]]
    #: account → its class of data, where that is a sensitive one
    sensitive: Mapping[str, str]

    @classmethod
    def of(cls, asking: Sequence[_Asking], now: datetime) -> _History:
        people = {worker.id for one in asking for worker in one.workers}
        accounts = {account for one in asking for account in one.accounts}
        below = max(one.request.pk for one in asking)
        had = Hold.objects.filter(was_active=True, request_id__lt=below, starts_at__isnull=False, ends_at__isnull=False)
        by_person = _grouped(had.filter(person_id__in=people), "person_id", _USUAL + _SLACK)
        by_account = _grouped(had.filter(account_id__in=accounts), "account_id", _SHOWN + _SLACK)
        plans = {row.plan_id for rows in (*by_person.values(), *by_account.values()) for row in rows}
        return cls(
            by_person,
            by_account,
            _first_holds(people, accounts),
            _first_asked({one.request.requester_id for one in asking}),
            _this_week(asking, now),
            _approvers({plan for plan in plans if plan}),
            _classed(accounts),
        )

    def of_person(self, person: str, before: int) -> list[_Row]:
        return [row for row in self.people.get(person, ()) if row.request_id < before]

    def of_account(self, account: str, before: int) -> list[_Row]:
        return [row for row in self.accounts.get(account, ()) if row.request_id < before]

    def had(self, person: str, account: str, before: int) -> bool:
        return self.first.get((person, account), before) < before

    def asked(self, requester: str, permission_set: str, before: int) -> bool:
        return self.first_asked.get((requester, permission_set), before) < before

    def granted(self, row: _Row) -> Granted:
        return Granted(
            row.number,
            row.person,
            row.account,
            row.permission_set,
            row.starts_at,
            row.ends_at,
            self.approvers.get(row.plan_id or 0, ()),
        )


def _grouped(holds: QuerySet[Hold], by: str, most: int) -> dict[str, list[_Row]]:
    """The newest grants of each person (or account), at most ``most``."""
    rank = Window(RowNumber(), partition_by=[F(by)], order_by=F("id").desc())
    newest = holds.annotate(rank=rank).filter(rank__lte=most).values("id")
    rows = Hold.objects.filter(id__in=newest).order_by("-id")  # names are read of those few only
    found: dict[str, list[_Row]] = defaultdict(list)
    for values in rows.values_list(
        "request_id",
        "request__number",
        "request__plan_id",
        "person_id",
        "person__display_name",
        "account_id",
        KT("shown__account"),
        KT("shown__permission_set"),
        "starts_at",
        "ends_at",
    ):
        row = _Row(*values)
        found[str(row.person_id if by == "person_id" else row.account_id)].append(row)
    return found


def _first_holds(people: set[str], accounts: set[str]) -> dict[tuple[str, str], int]:
    rows = (
        Hold.objects.filter(person_id__in=people, account_id__in=accounts, was_active=True)
        .values_list("person_id", "account_id")
        .annotate(first=Min("request_id"))
    )
    return {(str(person), account): first for person, account, first in rows}


def _first_asked(requesters: set[str]) -> dict[tuple[str, str], int]:
    rows = (
        Request.objects.filter(requester_id__in=requesters)
        .annotate(wanted=KT("form__permission_set"))
        .values_list("requester_id", "wanted")
        .annotate(first=Min("id"))
        .order_by()
    )
    return {(requester, wanted): first for requester, wanted, first in rows if wanted}


def _this_week(asking: Sequence[_Asking], now: datetime) -> dict[int, int]:
    """The how-manieth of its requester's requests for this routine since Monday each one is."""
    today = now.astimezone(organisation_zone()).date()
    monday = datetime.combine(today - timedelta(days=today.weekday()), time(), organisation_zone()).astimezone(UTC)
    rows = (
        Request.objects.filter(requester_id__in={one.request.requester_id for one in asking}, created_at__gte=monday)
        .order_by("id")
        .values_list("requester_id", "routine", "id")
    )
    ids: dict[tuple[str, str], list[int]] = defaultdict(list)
    for requester, routine, key in rows:
        ids[requester, routine].append(key)
    return {
        one.request.pk: bisect_right(ids[one.request.requester_id, one.request.routine], one.request.pk)
        for one in asking
    }


def _approvers(plans: set[int]) -> dict[int, tuple[str, ...]]:
    found: dict[int, list[str]] = defaultdict(list)
    seals = Approval.objects.filter(plan_id__in=plans, void_at=None).order_by("id")
    for plan, family, name in seals.values_list("plan_id", "person__family_name", "person__display_name"):
        found[plan].append(family or name.split()[0])
    return {plan: tuple(names) for plan, names in found.items()}


def _classed(accounts: set[str]) -> dict[str, str]:
    """Classes are compared however they are typed: full width or half, capitals or not."""
    sensitive = {searchable(word) for word in settings.KUMOBAN_SENSITIVE_DATA_CLASSES}
    entries = RegisterEntry.objects.filter(account_id__in=accounts).exclude(data_class="")
    return {
        account: data_class
        for account, data_class in entries.values_list("account_id", "data_class")
        if searchable(data_class.strip()) in sensitive
    }
