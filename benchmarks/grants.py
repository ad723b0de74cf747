"""Grants in force as rows, due to end at an even pace; and what became of them. Needs Django set up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import F

from benchmarks.in_process_door import INSTANCE
from kumoban.desk.duties import DUTIES
from kumoban.desk.models import Duty, Hold, Plan, Request, Step, Thing, User
from kumoban.desk.states import HoldState, Phase, RequestState, StepKind
from kumoban.estate.models import Person
from kumoban.ledger.clock import database_now
from kumoban.services.identity_center import ASSIGN, assignment_thing

__all__ = ["SET", "Grant", "ended", "make", "only_quick_duties", "unfinished"]

SET = f"arn:aws:sso:::permissionSet/{INSTANCE.rsplit('/', 1)[-1]}/ps-1111111111111111"
_DOCUMENT = {"steps": [], "window": None, "warnings": [], "dimensions": []}


@dataclass(frozen=True)
class Grant:
    """Who loses access to what, and when (on the database's clock)."""

    account: str
    person: str
    due: datetime

    @property
    def key(self) -> str:
        return assignment_thing(self.person, self.account, SET)


def make(count: int, accounts: int, over: timedelta, ahead: timedelta) -> list[Grant]:
    """``count`` active grants: the first is due ``ahead`` from when its step is made, the last ``over`` later."""
    people = [f"u-{number:05}" for number in range(-(-count // accounts))]
    now = database_now()
    Person.objects.bulk_create([Person(id=name, user_name=name, display_name=name, seen_at=now) for name in people])
    user = User.objects.create(login="bench", person_id=people[0])
    things = {thing.key: thing for thing in _things(count, accounts, people, now)}
    grants = [
        Grant(f"{210000000000 + i % accounts}", people[i // accounts], now + over * (i / count)) for i in range(count)
    ]
    requests = Request.objects.bulk_create(_requests(grants, user, now), batch_size=500)
    plans = Plan.objects.bulk_create(_plans(requests, now), batch_size=500)
    for request, plan in zip(requests, plans, strict=True):
        request.plan = plan
    Request.objects.bulk_update(requests, ["plan"], batch_size=200)
    holds = Hold.objects.bulk_create(_holds(grants, requests, things, now), batch_size=500)
    if connection.vendor == "postgresql":  # what autovacuum would have done long ago
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    by = database_now() + ahead - now
    grants = [Grant(grant.account, grant.person, grant.due + by) for grant in grants]
    Hold.objects.update(ends_at=F("ends_at") + by)
    Step.objects.bulk_create(_steps(grants, holds), batch_size=500)
    return grants


def ended() -> dict[str, Hold]:
    """The holds that ended because their thing was seen absent, by key."""
    return {hold.key: hold for hold in Hold.objects.filter(state=HoldState.ENDED, ended_by="seen_absent")}


def unfinished() -> int:
    return Step.objects.filter(kind=StepKind.END, done_at=None).count()


def only_quick_duties() -> None:
    """No scan: the AWS of a benchmark has no organisation to read."""
    later = database_now() + timedelta(days=365)
    Duty.objects.bulk_create(Duty(name=duty.name, due=later) for duty in DUTIES if duty.name == "scan")


def _things(count: int, accounts: int, people: list[str], now: datetime) -> list[Thing]:
    pairs = ((people[i // accounts], f"{210000000000 + i % accounts}") for i in range(count))
    rows = [
        Thing(key=assignment_thing(person, account, SET), opened_at=now, existed_before=False, created=True)
        for person, account in pairs
    ]
    return Thing.objects.bulk_create(rows, batch_size=500)


def _requests(grants: list[Grant], user: User, now: datetime) -> Iterator[Request]:
    for index, grant in enumerate(grants):
        yield Request(
            number=f"R-{index + 1}",
            routine="temporary-access",
            state=RequestState.ACTIVE,
            requester_id=grant.person,
            asked_by=user,
            form={"accounts": [grant.account], "permission_set": SET, "until": "15m", "reason": "bench"},
            reason="bench",
            created_at=now,
            changed_at=now,
            starts_at=now,
            ends_at=grant.due,
        )


def _plans(requests: list[Request], now: datetime) -> Iterator[Plan]:
    for request in requests:
        yield Plan(
            request=request,
            ordinal=1,
            signed="{}",
            digest="0" * 64,
            format_version=1,
            document=_DOCUMENT,
            made_at=now,
            checked_at=now,
        )


def _holds(grants: list[Grant], requests: list[Request], things: dict[str, Thing], now: datetime) -> Iterator[Hold]:
    for grant, request in zip(grants, requests, strict=True):
        yield Hold(
            request=request,
            thing=things[grant.key],
            key=grant.key,
            person_id=grant.person,
            account_id=grant.account,
            state=HoldState.ACTIVE,
            shown={"index": 0},
            starts_at=now,
            ends_at=grant.due,
            active_at=now,
            was_active=True,
        )


def _steps(grants: list[Grant], holds: list[Hold]) -> Iterator[Step]:
    for grant, hold in zip(grants, holds, strict=True):
        yield Step(
            request_id=hold.request_id,
            hold=hold,
            kind=StepKind.END,
            action=ASSIGN,
            params={
                "instance": INSTANCE,
                "account": grant.account,
                "permission_set": SET,
                "principal": grant.person,
            },
            lock_key=f"sso:account:{grant.account}",
            phase=Phase.LOOK,
            rank=0,
            due=grant.due,
        )
