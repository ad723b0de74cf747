"""What was asked for in the last days, as decisions see it: read in bulk, without the plans' steps."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from django.db.models import Func, TextField
from django.db.models.functions import Cast

from kumoban.core.window import Window
from kumoban.desk.models import PastAccess, Request
from kumoban.desk.routine import Routine
from kumoban.estate.models import Account, Person

__all__ = ["MOST", "Asking", "asked_since", "people_of"]

#: what is replayed at most, the newest
MOST = 100_000


@dataclass(frozen=True)
class Asking:
    """One request of the past (``number`` empty: access that was had before the desk), people by id."""

    number: str
    at: datetime
    requester: str
    workers: tuple[str, ...]
    combinations: Sequence[Mapping[str, str]]
    starts_at: datetime
    #: None: without end
    length: timedelta | None
    emergency: bool = False
    #: the company's own fields as they were filled; None where there were none to fill
    extra: Mapping[str, str] | None = None
    #: what was asked for and filled, as it is stored: what is alike in it is decided alike
    text: tuple[str, str] = ("", "")
    #: the key of the request
    request: int | None = None
    #: the name of the machine identity that asked
    machine: str = ""

    @property
    def alike(self) -> tuple[Any, ...]:
        """What is the same for two of them is decided the same, but by rules that look at the time."""
        return self.requester, self.workers, self.text, self.length, self.emergency, self.machine


def asked_since(routine: Routine, since: datetime) -> list[Asking]:
    """The newest first."""
    found = [*_requests(routine, since), *_before_the_desk(routine, since)]
    return sorted(found, key=lambda one: one.at, reverse=True)[:MOST]


def _requests(routine: Routine, since: datetime) -> Iterator[Asking]:
    """JSON is read as text: most of it is alike, and read once."""
    rows = Request.objects.filter(routine=routine.name, created_at__gte=since).exclude(plan=None).order_by("-id")
    workers: dict[int, list[str]] = {}
    through = Request.workers.through.objects.filter(request__routine=routine.name, request__created_at__gte=since)
    for request, person in through.order_by("person_id").values_list("request_id", "person_id"):
        workers.setdefault(request, []).append(person)
    texts = {"planned": _Planned("plan__document"), "filled": Cast("extra", TextField())}
    fields = ("pk", "number", "created_at", "requester_id", "emergency", *texts, "machine__name")
    understood, loads = cache(_understood), cache(json.loads)
    read = rows.annotate(**texts).values_list(*fields)[:MOST]
    for pk, number, at, requester, emergency, planned, extra, machine in read:
        things, window = understood(planned)
        doing, (starts_at, length) = tuple(workers.get(pk, ())), _span(window, at)
        texts_of = (planned, extra)
        filled = loads(extra), texts_of, pk, machine or ""
        yield Asking(number, at, requester, doing, things, starts_at, length, emergency, *filled)


class _Planned(Func):
    """Of a plan only what the rules decide about: its dimensions and its window, as one text."""

    function = "JSON_EXTRACT"
    template = "JSON_EXTRACT(%(expressions)s, '$.dimensions', '$.window')"
    output_field = TextField()

    def as_postgresql(self, compiler: Any, connection: Any) -> Any:
        template = "JSONB_BUILD_ARRAY(%(expressions)s -> 'dimensions', %(expressions)s -> 'window')::text"
        return super().as_sql(compiler, connection, template=template)


def _understood(planned: str) -> tuple[Sequence[Mapping[str, str]], Window | None]:
    things, window = json.loads(planned)
    return things or (), Window.from_stored(window) if window else None


def _span(window: Window | None, at: datetime) -> tuple[datetime, timedelta]:
    """Start and length, as they were when it was asked."""
    if window is None:
        return at, timedelta()
    resolved = window.resolved(at)
    return resolved.starts_at or at, resolved.length


def _before_the_desk(routine: Routine, since: datetime) -> Iterator[Asking]:
    """Imported history is of temporary access only."""
    if routine.name != "temporary-access":
        return
    known = PastAccess.objects.filter(starts_at__gte=since).exclude(person=None).exclude(account_id="")
    rows = known.exclude(permission_set_arn="").order_by("-starts_at")[:MOST]
    environments = dict(Account.objects.values_list("id", "environment"))
    read = rows.values_list("starts_at", "ends_at", "person_id", "account_id", "permission_set_arn")
    for at, ends_at, person, account, permission_set in read.iterator(2_000):
        thing = {
            "account": account,
            "environment": environments.get(account, ""),
            "permission_set": permission_set,
        }
        length = ends_at - at if ends_at else None
        yield Asking("", at, person, (person,), (thing,), at, length, text=(json.dumps(thing), ""))


def people_of(asked: Sequence[Asking]) -> dict[str, Person]:
    ids = {person for one in asked for person in (one.requester, *one.workers)}
    read = Person.objects.only("id", "user_name", "display_name", "employee_number", "manager_id")
    return {person.id: person for person in read.filter(id__in=ids)}
