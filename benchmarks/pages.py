"""The pages people wait for, with 50,000 requests, 300 accounts and 20,000 groups: p95 at 20 requests a second.

.venv/bin/python -m benchmarks.pages [--quick]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import psutil

from benchmarks.database import World, fresh
from benchmarks.report import Figure, conclude, percentile

if TYPE_CHECKING:
    from kumoban.core.plan import Plan as PlanValue

PORT = 8439
PACE = 20.0


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    with fresh("sqlite", demo="1", aws_endpoint_url="http://127.0.0.1:9", base_url=f"http://127.0.0.1:{PORT}") as world:
        number = populate(5_000 if quick else 50_000, 300, 2_000 if quick else 20_000)
        with web(world) as server:
            return measure(server, number, seconds=8 if quick else 40)


def populate(requests: int, accounts: int, groups: int) -> str:
    """Rows only; the number of one request that the measured person asked."""
    from kumoban.desk.models import Hold, Plan, Request, Requirement, Rule
    from kumoban.desk.sign_in import user_of
    from kumoban.estate.models import Account, Group, Membership, PermissionSet, Person, Team
    from kumoban.ledger.clock import database_now

    now = database_now()
    people = [Person(id=f"u{i}", user_name=f"user{i}", display_name=f"佐藤 {i}", seen_at=now) for i in range(1_000)]
    people[0].user_name, people[1].user_name = "sato.misaki", "suzuki.hanako"
    Person.objects.bulk_create(people)
    Group.objects.bulk_create(
        [Group(id=f"g{i}", name=f"team-{i}", seen_at=now) for i in range(groups)],
        batch_size=500,
    )
    Membership.objects.bulk_create(
        [Membership(person_id=f"u{i % 1000}", group_id=f"g{i}", seen_at=now) for i in range(groups)], batch_size=500
    )
    Team.objects.bulk_create([Team(slug=f"{i}", name=f"チーム {i}", group_id=f"g{i}", seen_at=now) for i in range(60)])
    Account.objects.bulk_create(
        Account(id=f"{2 * 10**11 + i}", name=f"acc-{i}", email="a@b.jp", status="ACTIVE", team="0", environment="prod",
                search=f"acc-{i}", seen_at=now)
        for i in range(accounts)
    )  # fmt: skip
    PermissionSet.objects.bulk_create(PermissionSet(arn=f"arn:ps/{i}", name=f"Set{i}", seen_at=now) for i in range(15))
    Rule.objects.create(
        name="本番", routine="temporary-access", effect="allow", who={"groups": ["g0"]}, changed_at=now,
        dimensions={"account": ["*"], "environment": ["*"], "permission_set": ["*"]},
        limits={"max_minutes": 120}, approvers=[{"group": "g1", "count": 1}],
    )  # fmt: skip
    user = user_of(Person.objects.get(pk="u0"))
    user_of(Person.objects.get(pk="u1"))
    shown = {"title": {"code": "assign", "params": {"permission_set": "Set1", "account": "acc-1", "person": "佐藤"}},
             "things": [], "count": 1}  # fmt: skip
    rows = [
        Request(
            number=f"R-{i}", routine="temporary-access", state="waiting" if i % 100 == 0 else "ended",
            requester_id=f"u{i % 197}" if i % 100 else f"u{200 + i % 700}", asked_by=user, form={}, shown=shown,
            reason="決済エラーの調査", created_at=now, changed_at=now, lapses_at=now + timedelta(days=1 + i % 9),
        )
        for i in range(requests)
    ]  # fmt: skip
    Request.objects.bulk_create(rows, batch_size=500)
    made = list(Request.objects.order_by("id"))
    Request.workers.through.objects.bulk_create(
        [Request.workers.through(request_id=row.pk, person_id=row.requester_id) for row in made], batch_size=500
    )
    documents = [_plan(f"u{number}", number).stored() for number in range(40)]
    authority = {"slots": [{"kind": "group", "refs": ["g1"], "count": 1, "rules": ["本番"]}]}
    plans = Plan.objects.bulk_create(
        [
            Plan(request=row, ordinal=1, signed="{}", digest=f"{row.pk:064x}", format_version=1,
                 document=documents[row.pk % 40],
                 authority=authority, made_at=now)
            for row in made
        ],
        batch_size=500,
    )  # fmt: skip
    Requirement.objects.bulk_create(
        # of those that wait, every tenth waits for the measured approver
        [
            Requirement(plan=plan, slot=0, kind="group", ref=f"g{1 + 60 * (plan.request_id // 100 % 10)}")
            for plan in plans
        ],
        batch_size=500,
    )
    grant = {"person": "佐藤", "account": "acc", "permission_set": "Set1"}
    Hold.objects.bulk_create(
        [
            Hold(request=row, key=f"sso:{row.requester_id}:{account}:ps-1", person_id=row.requester_id,
                 account_id=account, state="ended", was_active=True, starts_at=now, ends_at=now, active_at=now,
                 ended_at=now, ended_by="seen_absent", shown=grant)
            for row in made if row.state == "ended"
            for account in [f"{2 * 10**11 + row.pk % accounts}"]
        ],
        batch_size=500,
    )  # fmt: skip
    for row, plan in zip(made, plans, strict=True):
        row.plan = plan
    Request.objects.bulk_update(made, ["plan"], batch_size=300)
    return next(row.number for row in made if row.requester_id == "u0")


def _plan(person: str, number: int) -> PlanValue:
    """Two accounts for one person, as temporary access plans them."""
    from kumoban.core.plan import Plan as PlanValue
    from kumoban.core.plan import PlannedStep
    from kumoban.core.reason import Reason
    from kumoban.core.window import Window

    def step(account: str) -> PlannedStep:
        shown = {"person": "佐藤 美咲", "account": account, "account_id": "2000-0000-0000", "permission_set": "Set1"}
        return PlannedStep(
            "identity_center.assign/1",
            Reason("assign", shown),
            {"instance": "i", "account": account, "permission_set": "arn:ps/1", "principal": person},
            account=account,
            thing=f"sso:{person}:{account}",
            person=person,
            power={"permission_set": "d" * 64, "session_seconds": "3600"},
            shown={**shown, "ou": "Workloads/Production"},
        )

    steps = tuple(step(f"{2 * 10**11 + number + more}") for more in (0, 1))
    dimensions = tuple({"account": one.account or "", "permission_set": "arn:ps/1"} for one in steps)
    warnings = (Reason("credentials_outlive", {"minutes": 60}),)
    return PlanValue(steps, Window(duration=timedelta(minutes=30)), warnings, dimensions=dimensions)


@contextmanager
def web(world: World, port: int = PORT) -> Iterator[psutil.Process]:
    command = [sys.executable, "-m", "kumoban", "web", "--port", str(port), "--threads", "4"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                httpx.get(f"http://127.0.0.1:{port}/sign-in", timeout=2)
                break
            except httpx.HTTPError:
                time.sleep(0.1)
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(timeout=10)


def signed_in(name: str, port: int = PORT) -> httpx.Client:
    client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10, cookies={"kumoban_language": "ja"})
    client.get("/sign-in")
    token = client.cookies.get("csrftoken") or ""
    answer = client.post("/sign-in", data={"user_name": name, "csrfmiddlewaretoken": token})
    if answer.status_code != 302:
        raise SystemExit(f"could not sign in: {answer.status_code}")
    return client


def measure(server: psutil.Process, number: str, seconds: float) -> int:
    requester, approver = signed_in("sato.misaki"), signed_in("suzuki.hanako")
    pages = {
        "home": (requester, "/"),
        "ask": (requester, "/ask/temporary-access"),
        "inbox": (approver, "/inbox"),
        "request": (requester, f"/requests/{number}"),
    }
    figures = [
        Figure(f"{name} p95", pace(client, path, seconds) * 1000, " ms", most=50)
        for name, (client, path) in pages.items()
    ]
    before, asked = sum(server.cpu_times()[:2]), 100
    for _ in range(asked):
        requester.get("/mine").raise_for_status()
    figures.append(Figure("my requests per CPU-second", asked / (sum(server.cpu_times()[:2]) - before), least=100))
    return conclude("pages", figures)


def pace(client: httpx.Client, path: str, seconds: float) -> float:
    """The p95 in seconds of one page asked for 20 times a second, after three to warm up."""
    for _ in range(3):
        client.get(path).raise_for_status()
    taken: list[float] = []
    start = time.perf_counter()
    for turn in range(int(seconds / 4 * PACE)):
        time.sleep(max(0.0, start + turn / PACE - time.perf_counter()))
        sent = time.perf_counter()
        client.get(path).raise_for_status()
        taken.append(time.perf_counter() - sent)
    return percentile(taken, 0.95)


if __name__ == "__main__":
    sys.exit(main())
