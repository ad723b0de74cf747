"""Grants in force as rows, due to end at an even pace; and what became of them. Needs Django set up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
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

__all__ = ["SET", "Grant", "Place", "ended", "make", "only_quick_duties", "unfinished"]

SET = f"arn:aws:sso:::permissionSet/{INSTANCE.rsplit('/', 1)[-1]}/ps-1111111111111111"
_DOCUMENT = {"steps": [], "window": None, "warnings": [], "dimensions": []}


@dataclass(frozen=True)
class Place:
    """Where grants are: accounts, people and one permission set, by id."""

    accounts: Sequence[str]
    people: Sequence[str]
    instance: str = INSTANCE
    permission_set: str = SET

    @classmethod
    def invented(cls, grants: int, accounts: int) -> Place:
        """Ids that the AWS of this process takes."""
        people = [f"u-{number:05}" for number in range(-(-grants // accounts))]
        return cls([f"{210000000000 + number}" for number in range(accounts)], people)


@dataclass(frozen=True)
class Grant:
    """Who loses access to what, and when (on the database's clock)."""

    account: str
    person: str
    due: datetime
    permission_set: str = SET

    @property
    def key(self) -> str:
        return assignment_thing(self.person, self.account, self.permission_set)


def make(count: int, place: Place, over: timedelta, ahead: timedelta) -> list[Grant]:
    """``count`` active grants: the first is due ``ahead`` from when its step is made, the last ``over`` later."""
    now = database_now()
    Person.objects.bulk_create(
        [Person(id=name, user_name=name, display_name=name, seen_at=now) for name in place.people]
    )
    user = User.objects.create(login="bench", person_id=place.people[0])
    grants = [
        Grant(
            place.accounts[i % len(place.accounts)],
            place.people[i // len(place.accounts)],
            now + over * (i / count),
            place.permission_set,
        )
        for i in range(count)
    ]
    things = {thing.key: thing for thing in _things(grants, now)}
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
    grants = [replace(grant, due=grant.due + by) for grant in grants]
    Hold.objects.update(ends_at=F("ends_at") + by)
    Step.objects.bulk_create(_steps(grants, holds, place), batch_size=500)
    return grants


def ended() -> dict[str, Hold]:
    """The holds that ended because their thing was seen absent, by key."""
    return {hold.key: hold for hold in Hold.objects.filter(state=HoldState.ENDED, ended_by="seen_absent")}


def unfinished() -> int:
    return Step.objects.filter(kind=StepKind.END, done_at=None).count()


def only_quick_duties() -> None:
    """No scan: the AWS of a benchmark has no organisation to read."""
    later = database_now() + timedelta(days=365)
    Duty.objects.bulk_create(Duty(name=duty.name, due=later) for duty in DUTIES if duty.long)


def _things(grants: list[Grant], now: datetime) -> list[Thing]:
    rows = [Thing(key=grant.key, opened_at=now, existed_before=False, created_by=0) for grant in grants]
    return Thing.objects.bulk_create(rows, batch_size=500)


def _requests(grants: list[Grant], user: User, now: datetime) -> Iterator[Request]:
    for index, grant in enumerate(grants):
        yield Request(
            number=f"R-{index + 1}",
            routine="temporary-access",
            state=RequestState.ACTIVE,
            requester_id=grant.person,
            asked_by=user,
            form={
                "accounts": [grant.account],
                "permission_set": grant.permission_set,
                "until": "15m",
                "reason": "bench",
            },
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


def _steps(grants: list[Grant], holds: list[Hold], place: Place) -> Iterator[Step]:
    for grant, hold in zip(grants, holds, strict=True):
        yield Step(
            request_id=hold.request_id,
            hold=hold,
            kind=StepKind.END,
            action=ASSIGN,
            params={
                "instance": place.instance,
                "account": grant.account,
                "permission_set": place.permission_set,
                "principal": grant.person,
            },
            lock_key=f"sso:account:{grant.account}",
            phase=Phase.LOOK,
            rank=0,
            due=grant.due,
        )
