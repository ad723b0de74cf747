"""What-if: 50,000 requests of the last 90 days decided again by 2,000 rules, as they are and as they would be.

.venv/bin/python -m benchmarks.what_if [--quick] [--database sqlite|postgresql]

Three trials: a deny rule for production that speaks of everybody, so that a third of all requests is decided twice; a
rule of one team with one approver more; and a hundred rules changed at once, as a plan of a file changes them. What
each of them finds is checked by deciding some of the requests for real.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from benchmarks.database import KINDS, fresh
from benchmarks.report import Figure, conclude

if TYPE_CHECKING:
    from kumoban.desk.models import Rule
    from kumoban.desk.what_if import WhatIf

#: the goal for the slowest trial, in seconds
MOST = 5.0
PEOPLE, TEAMS, ACCOUNTS, SETS = 20_000, 300, 300, 40
REQUESTS, RULES = 50_000, 2_000
ROUTINE = "temporary-access"
INSTANCE = "ssoins-7223000000000000"
#: changed requests of each trial that are decided for real
CHECKED = 20


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.what_if", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="each trial once")
    parser.add_argument("--database", choices=KINDS, default="sqlite")
    given = parser.parse_args()
    with fresh(given.database) as world:
        populate()
        return conclude(f"what-if, {world.kind} {world.version}", tried(times=1 if given.quick else 5))


def populate() -> None:
    from kumoban.ledger.clock import database_now

    now, chance = database_now(), random.Random(7)  # noqa: S311
    _estate(now, chance)
    _rules(now, chance)
    _requests(now, chance)


def _estate(now: datetime, chance: random.Random) -> None:
    from kumoban.estate.models import Account, Group, Membership, OrganizationalUnit, PermissionSet, Person, Team

    Person.objects.bulk_create(
        (Person(id=f"u{n}", user_name=f"user{n}", display_name=f"佐藤 {n}", manager_id=f"u{n // 20}",
                employee_number=str(n) if n % 3 else "", seen_at=now) for n in range(PEOPLE)),
        batch_size=1000,
    )  # fmt: skip
    names = ["ops", *(f"team-{n}" for n in range(TEAMS))]
    Group.objects.bulk_create(Group(id=f"g-{name}", name=name, seen_at=now) for name in names)
    Team.objects.bulk_create(
        Team(slug=f"{n}", name=f"Team {n}", group_id=f"g-team-{n}", seen_at=now) for n in range(TEAMS)
    )
    pairs = {(f"u{n}", f"g-team-{n % TEAMS}") for n in range(PEOPLE)}
    pairs |= {(f"u{n}", f"g-team-{chance.randrange(TEAMS)}") for n in range(PEOPLE)}
    pairs |= {(f"u{n}", "g-ops") for n in range(20)}
    Membership.objects.bulk_create(
        (Membership(person_id=person, group_id=group, seen_at=now) for person, group in sorted(pairs)), batch_size=1000
    )
    for n in range(20):
        OrganizationalUnit.objects.create(id=f"ou-{n}", name=f"OU {n}", id_path=f"r-1/ou-{n}", seen_at=now)
    Account.objects.bulk_create(
        Account(id=_account(n), name=f"product-{n}", email="a@b.jp", status="ACTIVE", ou_id=f"ou-{n % 20}",
                team=f"{n % TEAMS}", environment=_environment(n), seen_at=now)
        for n in range(ACCOUNTS)
    )  # fmt: skip
    PermissionSet.objects.bulk_create(PermissionSet(arn=_set(n), name=f"Set{n:02}", seen_at=now) for n in range(SETS))


def _rules(now: datetime, chance: random.Random) -> None:
    from kumoban.desk.models import Rule

    Rule.objects.bulk_create(
        (
            Rule(
                name=f"規程 {n}",
                routine=ROUTINE,
                effect="deny" if n % 100 == 99 else "allow",
                who={"people": [f"u{chance.randrange(PEOPLE)}"]} if n % 100 == 99 else _who(n, chance),
                dimensions={
                    "account": _places(n, chance),
                    "environment": ["*"] if n % 5 == 0 else [("prod", "stg", "dev")[n % 3]],
                    "permission_set": ["*"] if n % 3 else [_set(chance.randrange(SETS)) for _ in range(5)],
                },
                limits={"max_minutes": (60, 240, 480)[n % 3]},
                approvers=[{"manager": True}, {"group": "g-ops", "count": 1}][: n % 3],
                changed_at=now,
            )
            for n in range(RULES)
        ),
        batch_size=500,
    )


def _who(n: int, chance: random.Random) -> dict[str, Any]:
    groups = [f"g-team-{n % TEAMS}", *(f"g-team-{chance.randrange(TEAMS)}" for _ in range(n % 4))]
    return {"groups": groups} | ({"people": [f"u{chance.randrange(PEOPLE)}" for _ in range(3)]} if n % 7 == 0 else {})


def _places(n: int, chance: random.Random) -> list[str]:
    kinds = (
        ["own-team"],
        [f"team:{n % TEAMS}"],
        [f"ou:ou-{n % 20}"],
        [_account(chance.randrange(ACCOUNTS)) for _ in range(4)],
    )
    return kinds[n % 4]


def _requests(now: datetime, chance: random.Random) -> None:
    """Each person asks for what is their team's, now and then for something else; three of four for themselves."""
    from kumoban.desk.models import Plan, Request
    from kumoban.desk.sign_in import user_of
    from kumoban.estate.models import Person

    user = user_of(Person.objects.get(pk="u0"))
    workers = Request.workers.through
    for begin in range(0, REQUESTS, 2_000):
        made, plans, doing = [], [], []
        for n in range(begin, begin + 2_000):
            person = chance.randrange(PEOPLE // 4)
            at = now - timedelta(minutes=n * 2.5)
            made.append(
                Request(id=n + 1, number=f"R-{n + 1}", routine=ROUTINE, state="ended", requester_id=f"u{person}",
                        asked_by=user, form={}, created_at=at, changed_at=at)
            )  # fmt: skip
            everybody = [person] if n % 4 else [person, (person + TEAMS) % PEOPLE]
            doing += [workers(request_id=n + 1, person_id=f"u{one}") for one in everybody]
            plans.append(
                Plan(id=n + 1, request_id=n + 1, ordinal=1, signed="", digest=f"{n:064x}", format_version=1,
                     document=_document(person, chance), authority={"slots": [], "rules": []}, made_at=at)
            )  # fmt: skip
        Request.objects.bulk_create(made, batch_size=500)
        Plan.objects.bulk_create(plans, batch_size=500)
        workers.objects.bulk_create(doing, batch_size=500)
        for one in made:
            one.plan_id = one.pk
        Request.objects.bulk_update(made, ["plan"], batch_size=200)


def _document(person: int, chance: random.Random) -> dict[str, Any]:
    places = [chance.randrange(ACCOUNTS) if chance.random() < 0.1 else person % TEAMS]
    places += [chance.randrange(ACCOUNTS)] if chance.random() < 0.2 else []
    arn = _set(chance.randrange(SETS))
    step = {"action": "sso.assign/1", "title": {"code": "assign", "params": {}}, "account": "", "thing": "",
            "shown": {"account": "product", "permission_set": "Set", "person": "佐藤"}, "warnings": []}  # fmt: skip
    return {
        "steps": [{**step, "account": _account(place)} for place in places],
        "window": {"starts_at": None, "ends_at": None, "seconds": str(chance.choice([900, 3600, 7200]))},
        "warnings": [],
        "dimensions": [
            {"account": _account(place), "environment": _environment(place), "permission_set": arn} for place in places
        ],
    }


def _account(number: int) -> str:
    return str(2 * 10**11 + number)


def _environment(number: int) -> str:
    return ("prod", "stg", "dev")[number % 3]


def _set(number: int) -> str:
    return f"arn:aws:sso:::permissionSet/{INSTANCE}/ps-{number:016x}"


# --- the trials


def tried(times: int) -> list[Figure]:
    from kumoban.desk.models import Rule

    every = list(Rule.objects.order_by("id"))
    slowest, wrong = 0.0, 0
    for name, after in (("all of production", _deny(every)), ("a team", _one_more(every)), ("a file", _many(every))):
        took = []
        for _ in range(times):
            began = time.perf_counter()
            found = _replayed(every, after)
            took.append(time.perf_counter() - began)
        wrong += _wrongly_decided(found)
        slowest = max(slowest, *took)
        said = ", ".join(f"{count} {kind}" for kind, count in found.counts.items())
        print(f"{name:<18} {max(took):5.2f} s: {said} of {found.replayed}", flush=True)
    return [
        Figure("slowest of three trials", slowest, " s", most=MOST),
        Figure("requests decided otherwise than for real", wrong, most=0),
    ]


def _replayed(before: Sequence[Rule], after: Sequence[Rule]) -> WhatIf:
    from kumoban.desk.what_if import replay
    from kumoban.ledger.clock import database_now

    return replay([ROUTINE], before, after, database_now() - timedelta(days=90))


def _deny(every: Sequence[Rule]) -> list[Rule]:
    from kumoban.desk.models import Rule

    dimensions = {"environment": ["prod"]}
    return [*every, Rule(pk=-1, name="凍結", routine=ROUTINE, effect="deny", dimensions=dimensions)]


def _one_more(every: Sequence[Rule]) -> list[Rule]:
    first = every[0]
    return [_copy(first, approvers=[*first.approvers, {"group": "g-ops", "count": 2}]), *every[1:]]


def _many(every: Sequence[Rule]) -> list[Rule]:
    return [_copy(rule, limits={"max_minutes": 30}) if rule.pk % 20 == 0 else rule for rule in every]


def _copy(rule: Rule, **changed: Any) -> Rule:
    from kumoban.desk.models import Rule

    fields = ("pk", "name", "routine", "effect", "who", "dimensions", "limits", "approvers", "fields", "version")
    return Rule(**{name: getattr(rule, name) for name in fields} | changed)


def _wrongly_decided(found: WhatIf) -> int:
    """Of the newest changed requests, how many the rules as they are decide otherwise for real."""
    from kumoban.desk import rules
    from kumoban.desk.routine import routine_of
    from kumoban.estate.models import Person

    routine = routine_of(ROUTINE)
    assert routine is not None
    wrong = 0
    for change in found.changes[:CHECKED]:
        one = change.asking
        people = Person.objects.in_bulk([one.requester, *one.workers])
        doing = [people[person] for person in one.workers]
        decided = rules.decide(routine, people[one.requester], doing, one.combinations, one.length)
        wrong += decided != change.before
    return wrong


if __name__ == "__main__":
    raise SystemExit(main())
