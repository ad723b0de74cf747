"""People at the desk: signing in until the home page is there, 500 of them at work, and a backup put back.

.venv/bin/python -m benchmarks.people [--quick]

500 people are signed in; 50 requests a second, mixed as people use pages, go to two web processes (a core each), as a
load balancer would send them. The desk has 50,000 requests, 300 accounts and 20,000 groups. Signing in is the demo's,
so that no identity provider's time is in it.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack

import httpx

from benchmarks.database import World, fresh
from benchmarks.pages import populate, signed_in, web
from benchmarks.report import Figure, conclude, percentile

PORTS = (8441, 8442)
PEOPLE = 500
PER_SECOND = 50
#: how often each page is asked for, out of a hundred
MIX = {"/": 30, "/mine": 20, "/requests/{number}": 20, "/inbox": 15, "/ask/temporary-access": 10, "/grants": 5}


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.people", description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    with fresh(
        "sqlite", demo="1", aws_endpoint_url="http://127.0.0.1:9", base_url=f"http://127.0.0.1:{PORTS[0]}"
    ) as world:
        number = populate(5_000 if quick else 50_000, 300, 2_000 if quick else 20_000)
        cookies = _sessions()
        with ExitStack() as servers:
            for port in PORTS:
                servers.enter_context(web(world, port))
            figures = _signing_in(20 if quick else 60) + asyncio.run(_at_work(cookies, number, 10 if quick else 60))
        figures += [_moved(2_000 if quick else 20_000), _put_back(world)]
    return conclude("people, SQLite", figures)


def _sessions() -> list[str]:
    """The cookies of 500 people, the first of whom asked and the second of whom approves."""
    from importlib import import_module

    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

    from kumoban.desk.sign_in import user_of
    from kumoban.estate.models import Person

    store = import_module(settings.SESSION_ENGINE).SessionStore
    keys = []
    for person in Person.objects.order_by("id")[:PEOPLE]:
        user, session = user_of(person), store()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.create()
        keys.append(str(session.session_key))
    return [f"{settings.SESSION_COOKIE_NAME}={key}; kumoban_language=ja" for key in keys]


def _signing_in(times: int) -> list[Figure]:
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        signed_in("sato.misaki", PORTS[0]).get("/").raise_for_status()
        taken.append(time.perf_counter() - start)
    return [Figure("sign-in to home p95", percentile(taken, 0.95) * 1000, " ms", most=300)]


async def _at_work(cookies: Sequence[str], number: str, seconds: int) -> list[Figure]:
    chosen = random.Random(7)  # noqa: S311
    paths = [path.format(number=number) for path, often in MIX.items() for _ in range(often)]
    ports, taken, errors = itertools.cycle(PORTS), [], 0

    async def ask(client: httpx.AsyncClient, cookie: str, path: str) -> None:
        nonlocal errors
        sent = time.perf_counter()
        answer = await client.get(f"http://127.0.0.1:{next(ports)}{path}", headers={"Cookie": cookie})
        taken.append(time.perf_counter() - sent)
        # a page of somebody else's request is rightly not found
        errors += answer.status_code not in (200, 404)

    async with (
        httpx.AsyncClient(timeout=30, limits=httpx.Limits(max_connections=100)) as client,
        asyncio.TaskGroup() as all_of_them,
    ):
        start = time.perf_counter()
        for turn in range(seconds * PER_SECOND):
            await asyncio.sleep(max(0.0, start + turn / PER_SECOND - time.perf_counter()))
            all_of_them.create_task(ask(client, chosen.choice(cookies), chosen.choice(paths)))
    return [
        Figure(f"{PEOPLE} people, {PER_SECOND}/s, p50", percentile(taken, 0.5) * 1000, " ms"),
        Figure("p95", percentile(taken, 0.95) * 1000, " ms", most=100),
        Figure("errors", errors, most=0),
    ]


def _moved(people: int) -> Figure:
    """The HR department's table of everybody, each of whom moves, previewed with what they lose."""
    from kumoban.desk.people import Actor
    from kumoban.desk.sign_in import user_of
    from kumoban.desk.staff import preview
    from kumoban.estate.models import Group, Membership, Person
    from kumoban.ledger.clock import database_now

    now = database_now()
    Group.objects.create(id="ops", name="ops", seen_at=now)
    Membership.objects.create(person_id="u0", group_id="ops", seen_at=now)
    rows = [
        Person(id=f"hr{i}", user_name=f"hr{i}", display_name=f"社員 {i}", employee_number=f"{i:06}", seen_at=now)
        for i in range(people)
    ]
    Person.objects.bulk_create(rows, batch_size=500)
    lines = [f"{i:06},2027-04-01,第{i % 60}部,D{i % 60},{i % 60},{i // 10 * 10:06},正社員," for i in range(people)]
    ops = Actor(user_of(Person.objects.get(pk="u0")))
    start = time.perf_counter()
    seen = preview(ops, "社員番号,発効日,所属,部門コード,チーム,上長,雇用区分,最終日\n" + "\n".join(lines))
    taken = time.perf_counter() - start
    if len(seen.table.taken) != people:
        raise SystemExit(f"{len(seen.table.refused)} lines were refused: {seen.table.refused[:1]}")
    return Figure(f"HR table of {people:,} previewed", taken, " s", most=10)


def _put_back(world: World) -> Figure:
    """Backup and restore as an operator does them; the restore is measured."""
    backup = str(world.folder / "kumoban.backup")
    kumoban = [sys.executable, "-m", "kumoban"]
    subprocess.run([*kumoban, "backup", backup], check=True, stdout=subprocess.DEVNULL)
    start = time.perf_counter()
    subprocess.run([*kumoban, "restore", backup, "--replace"], check=True, stdout=subprocess.DEVNULL)
    return Figure("restore", time.perf_counter() - start, " s", most=60)


if __name__ == "__main__":
    sys.exit(main())
