"""The access map of 20,000 people and 300 accounts: any question, asked as operations and as a member of a team.

.venv/bin/python -m benchmarks.access_map [--quick]

A question is a page of 100 lines with the desk's grants on them, and its count, as the page asks for both. Half of the
access is by groups, some of them of everybody; 2,000 grants are in force, so that "out of band" has to leave them out.
"""

from __future__ import annotations

import argparse
import random
import time
from typing import TYPE_CHECKING

from benchmarks.database import fresh
from benchmarks.report import Figure, conclude, percentile

if TYPE_CHECKING:
    from datetime import datetime

    from kumoban.desk.people import Actor

#: the goal for every question, in milliseconds
MOST = 200.0
ACCOUNTS, SETS = 300, 40
INSTANCE = "ssoins-7223000000000000"


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.access_map", description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    with fresh("sqlite") as world:
        populate(20_000, groups=500 if quick else 2_000, grants=500 if quick else 2_000)
        figures = asked(times=3 if quick else 15)
        return conclude(f"access map, {world.kind} {world.version}", figures)


def populate(people: int, *, groups: int, grants: int) -> None:
    """Rows only: everybody in a team and in the group of all, accounts with their team's sets, some people directly."""
    from kumoban.estate.models import Assignment

    now, chance = _people_and_groups(people, groups)
    arns = _accounts_and_sets(now)
    given = {("GROUP", f"g-team-{n % 60}", n, k) for n in range(ACCOUNTS) for k in range(10)}
    given |= {("GROUP", "g-everybody", n, 0) for n in range(0, ACCOUNTS, 50)}
    given |= {("GROUP", f"g-team-{chance.randrange(groups)}", n, k) for n in range(ACCOUNTS) for k in range(10, 16)}
    for _ in range(12_000):
        given.add(("USER", f"u{chance.randrange(people)}", chance.randrange(ACCOUNTS), chance.randrange(SETS)))
    rows = [
        Assignment(principal_type=kind, principal_id=who, account_id=_account(n), permission_set_arn=arns[k],
                   seen_at=now, adopted_request="R-1" if chance.random() < 0.9 else "")
        for kind, who, n, k in sorted(given)
    ]  # fmt: skip
    Assignment.objects.bulk_create(rows, batch_size=1000)
    _other_ways_in(now)
    _grants(now, grants)


def _people_and_groups(people: int, groups: int) -> tuple[datetime, random.Random]:
    from kumoban.estate.models import Group, Membership, Person, Team, searchable
    from kumoban.ledger.clock import database_now

    now, chance = database_now(), random.Random(7)  # noqa: S311
    rows = [
        Person(id=f"u{n}", user_name=f"user{n}", display_name=f"佐藤 {n}", seen_at=now,
               search=searchable(f"user{n}", f"佐藤 {n}"))
        for n in range(people)
    ]  # fmt: skip
    Person.objects.bulk_create(rows, batch_size=1000)
    names = ["ops", "everybody", *(f"team-{n}" for n in range(groups))]
    Group.objects.bulk_create((Group(id=f"g-{name}", name=name, seen_at=now) for name in names), batch_size=1000)
    teams = [Team(slug=f"{n}", name=f"Team {n}", group_id=f"g-team-{n}", seen_at=now) for n in range(60)]
    Team.objects.bulk_create(teams)
    pairs = {(f"u{n}", group) for n in range(people) for group in ("g-everybody", f"g-team-{n % 60}")}
    pairs |= {(f"u{n}", f"g-team-{chance.randrange(groups)}") for n in range(people) for _ in range(3)}
    pairs.add(("u0", "g-ops"))
    members = [Membership(person_id=person, group_id=group, seen_at=now) for person, group in sorted(pairs)]
    Membership.objects.bulk_create(members, batch_size=1000)
    return now, chance


def _accounts_and_sets(now: datetime) -> list[str]:
    """The ARNs of the permission sets."""
    from kumoban.estate.models import Account, PermissionSet, searchable

    names = [f"product-{n}-{_environment(n)}" for n in range(ACCOUNTS)]
    Account.objects.bulk_create(
        Account(id=_account(n), name=name, email="a@b.jp", status="ACTIVE", team=f"{n % 60}",
                environment=_environment(n), search=searchable(_account(n), name), seen_at=now,
                assignments_seen_at=now, users_seen_at=now)
        for n, name in enumerate(names)
    )  # fmt: skip
    arns = [f"arn:aws:sso:::permissionSet/{INSTANCE}/ps-{n:016x}" for n in range(SETS)]
    PermissionSet.objects.bulk_create(
        PermissionSet(arn=arn, name=f"Set{n:02}", search=searchable(f"Set{n:02}"), seen_at=now)
        for n, arn in enumerate(arns)
    )
    return arns


def _other_ways_in(now: datetime) -> None:
    from kumoban.estate.models import Entitlement, IamUser

    places = [(n, _account(n % ACCOUNTS), f"Vendor{n % 9}") for n in range(2_000)]
    Entitlement.objects.bulk_create(
        Entitlement(id=f"e{n}", application_arn="a", principal_type="USER", principal_id=f"u{n}", account_id=account,
                    role_arn=f"arn:aws:iam::{account}:role/{role}", role_name=role, created_at=now,
                    search=role.casefold(), seen_at=now)
        for n, account, role in places
    )  # fmt: skip
    IamUser.objects.bulk_create(
        IamUser(arn=f"arn:aws:iam::{account}:user/deploy-{n}", account_id=account, name=f"deploy-{n}", created_at=now,
                active_keys=1, search=f"deploy-{n}", seen_at=now)
        for n, account, _role in places[:1_500]
    )  # fmt: skip


def _grants(now: datetime, count: int) -> None:
    """Some of what people have directly is granted by the desk."""
    from kumoban.desk.models import Hold, Request
    from kumoban.desk.sign_in import user_of
    from kumoban.estate.models import Assignment, Person

    one = Request.objects.create(
        number="R-1", routine="temporary-access", state="active", requester_id="u0", form={}, shown={}, created_at=now,
        asked_by=user_of(Person.objects.get(pk="u0")), changed_at=now,
    )  # fmt: skip
    direct = Assignment.objects.filter(principal_type="USER").order_by("id")[:count]
    Hold.objects.bulk_create(
        Hold(request=one, key=f"sso:{row.principal_id}:{row.account_id}:{row.permission_set_arn.rsplit('/', 1)[-1]}",
             person_id=row.principal_id, account_id=row.account_id, state="active", starts_at=now)
        for row in direct
    )  # fmt: skip


def _account(number: int) -> str:
    return str(2 * 10**11 + number)


def _environment(number: int) -> str:
    return ("prod", "stg", "dev")[number % 3]


#: every filter alone, and those that people put together
QUESTIONS: dict[str, dict[str, str]] = {
    "everything": {},
    "a person": {"person": "user777"},
    "a person by words": {"text": "佐藤 777"},
    "a word that fits thousands": {"text": "佐藤 1"},
    "a word that fits nothing": {"text": "nowhere"},
    "an account": {"account": _account(100)},
    "an account by words": {"text": "product-100-"},
    "a permission set": {"permission_set": "Set05"},
    "a permission set by words": {"text": "set05"},
    "an environment": {"environment": "stg"},
    "assigned directly": {"path": "direct"},
    "through groups": {"path": "group", "environment": "dev"},
    "entitlements": {"path": "entitlement"},
    "IAM users": {"path": "iam_user"},
    "managed": {"standing": "managed"},
    "out of band": {"standing": "out_of_band"},
    "out of band in production": {"standing": "out_of_band", "environment": "prod"},
    "adopted, of a person": {"standing": "adopted", "person": "user4242"},
}


def asked(times: int) -> list[Figure]:
    """The slowest time of each question over all askers; the goal is for the slowest of all."""
    from kumoban.desk.people import Actor
    from kumoban.desk.sign_in import user_of
    from kumoban.estate.models import Person

    worst, all_of_them = "", []
    for question, wanted in QUESTIONS.items():
        took = [
            _once(Actor(user_of(Person.objects.get(pk=who))), wanted) for who in ("u0", "u61") for _ in range(times)
        ]
        all_of_them += took
        print(f"{question:<30} p50 {percentile(took, 0.5):6.1f} ms, slowest {max(took):6.1f} ms", flush=True)
        if max(took) >= max(all_of_them):
            worst = question
    return [
        Figure("p50 of all questions", percentile(all_of_them, 0.5), " ms"),
        Figure(f"slowest ({worst})", max(all_of_them), " ms", most=MOST),
    ]


def _once(actor: Actor, wanted: dict[str, str]) -> float:
    """One page and its count, in milliseconds."""
    from kumoban.desk.access import counted, who_has_access
    from kumoban.estate.access import Wanted

    actor.ops  # noqa: B018  (who asks is known before)
    began = time.perf_counter()
    who_has_access(actor, Wanted(**wanted))
    counted(actor, Wanted(**wanted))
    return (time.perf_counter() - began) * 1000


if __name__ == "__main__":
    raise SystemExit(main())
