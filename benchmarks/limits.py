"""1,000 ends over 100 accounts due at once, under Identity Center's limits: 20 requests a second, 10 under way.

The practice AWS runs as a process with its limits on and one second for each deletion; two runners share the work
on PostgreSQL, and 200 grants wait beside. The floor is 20 requests a second at three calls an end.

    .venv/bin/python -m benchmarks.limits [--quick]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from benchmarks.database import World, fresh
from benchmarks.report import Figure, conclude

if TYPE_CHECKING:
    from benchmarks.grants import Grant, Place
    from kumoban_emulator.admin_client import AdminClient

RATE, CALLS_AN_END = 20, 3
PORT = 4648


@dataclass(frozen=True)
class Work:
    ends: int
    accounts: int
    waiting: int

    @property
    def floor(self) -> float:
        """Seconds that AWS's rate alone costs."""
        return self.ends * CALLS_AN_END / RATE


FULL = Work(1000, 100, 200)
QUICK = Work(200, 50, 30)


def main() -> int:
    asked = argparse.ArgumentParser(prog="benchmarks.limits", description=__doc__)
    asked.add_argument("--quick", action="store_true", help="200 ends over 50 accounts, 30 grants waiting")
    work = QUICK if asked.parse_args().quick else FULL
    with fresh("postgresql") as world, _practice_aws(world) as admin:
        return measure(world, work, admin)


@contextmanager
def _practice_aws(world: World) -> Iterator[AdminClient]:
    """The emulator as a process of its own, its limits off until the assignments are there."""
    from kumoban_emulator.admin_client import AdminClient

    arguments = ["--scenario", "large", "--port", str(PORT), "--profiles", str(world.folder), "--no-limits"]
    process = subprocess.Popen(
        [sys.executable, "-m", "kumoban_emulator", *arguments, "--creation-delay", "0"], stdout=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        process.stdout.readline()
        yield AdminClient(f"http://127.0.0.1:{PORT}")
    finally:
        process.kill()
        process.wait()


def measure(world: World, work: Work, admin: AdminClient) -> int:
    from benchmarks.grants import make, only_quick_duties, unfinished

    _environment(world, admin)
    place = _place(admin, work)
    only_quick_duties()
    grants = make(work.ends, place, timedelta(), ahead=timedelta(seconds=10))
    _assign(admin, place, grants)
    _wait_beside(place, grants, work.waiting)
    admin.identity_center(enforce_limits=True, creation_delay=1.0, deletion_delay=1.0)
    admin.clear_calls()
    due = grants[0].due.timestamp()
    print(f"{world.version}: {work.ends:,} ends over {work.accounts} accounts, {work.waiting} grants wait", flush=True)
    nodes = [_node(world, name) for name in ("one", "two")]
    try:
        deadline = due + 3 * work.floor + 30
        while unfinished() and time.time() < deadline:
            time.sleep(0.25)
        took = time.time() - due
        return _judge(world, work, admin, grants, took)
    finally:
        for node in nodes:
            node.kill()
            node.wait()


def _environment(world: World, admin: AdminClient) -> None:
    """As an installation has it: a base identity, two roles to assume."""
    account = admin.health()["delegate"]
    os.environ |= {
        "AWS_CONFIG_FILE": str(world.folder / "aws" / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(world.folder / "aws" / "credentials"),
        "KUMOBAN_AWS_ENDPOINT_URL": f"http://127.0.0.1:{PORT}",
        "KUMOBAN_AWS_PROFILE": "kumoban-desk",
        "KUMOBAN_READER_ROLE": f"arn:aws:iam::{account}:role/KumobanReader",
        "KUMOBAN_OPERATOR_ROLE": f"arn:aws:iam::{account}:role/KumobanOperator",
    }


def _client(service: str) -> Any:
    import boto3

    session = boto3.Session(profile_name="kumoban-admin")
    return session.client(service, region_name="ap-northeast-1", endpoint_url=f"http://127.0.0.1:{PORT}")


def _place(admin: AdminClient, work: Work) -> Place:
    from benchmarks.grants import Place

    health, people = admin.health(), -(-work.ends // work.accounts) + -(-work.waiting // work.accounts)
    pages = _client("identitystore").get_paginator("list_users").paginate(IdentityStoreId=health["identityStore"])
    users = [user["UserId"] for page in pages for user in page["Users"]]
    sets = _client("sso-admin").list_permission_sets(InstanceArn=health["instance"])["PermissionSets"]
    accounts = [f"5001{number:08}" for number in range(3, 3 + work.accounts)]
    return Place(accounts, users[:people], health["instance"], sets[0])


def _assign(admin: AdminClient, place: Place, grants: Sequence[Grant]) -> None:
    client = _client("sso-admin")

    def create(grant: Grant) -> None:
        client.create_account_assignment(
            InstanceArn=place.instance,
            TargetId=grant.account,
            TargetType="AWS_ACCOUNT",
            PermissionSetArn=place.permission_set,
            PrincipalType="USER",
            PrincipalId=grant.person,
        )

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(create, grants))


def _wait_beside(place: Place, grants: Sequence[Grant], count: int) -> None:
    """Grants decided and not made yet, due at the same instant as the ends, in the same accounts."""
    from kumoban.desk.models import Hold, Request, Step
    from kumoban.desk.states import HoldState, Phase, RequestState, StepKind
    from kumoban.services.identity_center import ASSIGN, assignment_thing

    first = len(grants) // len(place.accounts)
    request = Request.objects.earliest("id")
    for number in range(count):
        account = place.accounts[number % len(place.accounts)]
        person = place.people[first + number // len(place.accounts)]
        params = {"instance": place.instance, "account": account, "permission_set": place.permission_set}
        request.pk, request.number, request.state = None, f"W-{number}", RequestState.APPLYING
        request.save(force_insert=True)
        hold = Hold.objects.create(
            request_id=request.pk,
            key=assignment_thing(person, account, place.permission_set),
            person_id=person,
            account_id=account,
            state=HoldState.APPLYING,
            shown={"index": 0},
            starts_at=grants[0].due,
            ends_at=grants[0].due + timedelta(days=1),
        )
        Step.objects.create(
            request_id=request.pk,
            hold=hold,
            kind=StepKind.APPLY,
            action=ASSIGN,
            params={**params, "principal": person},
            lock_key=f"sso:account:{account}",
            phase=Phase.LOOK,
            rank=2,
            due=grants[0].due,
        )


def _node(world: World, name: str) -> subprocess.Popen[bytes]:
    """The product's own runner."""
    log = (world.folder / f"{name}.log").open("wb")
    return subprocess.Popen([sys.executable, "-m", "kumoban", "runner"], stdout=log, stderr=log)


def _judge(world: World, work: Work, admin: AdminClient, grants: Sequence[Grant], took: float) -> int:
    from benchmarks.grants import ended
    from kumoban.desk.models import Step
    from kumoban.ledger.verify import verify

    seen, calls = admin.identity_center(), admin.calls()["calls"]
    center = [line for line in calls if line["service"] in ("sso-admin", "identitystore")]
    last_end = Step.objects.filter(kind="end").latest("done_at").done_at
    early = Step.objects.filter(kind="apply", sent_at__lt=last_end - timedelta(seconds=5)).count()
    refusals = [(code, count) for line in center for code, count in line["outcomes"].items()]
    throttled = sum(count for code, count in refusals if "Throttl" in code or "Quota" in code)
    figures = [
        Figure("all ended after", took, " s", most=1.1 * work.floor),
        Figure("most requests in a sliding second", seen["max_in_any_second"], most=20),
        Figure("most outstanding", seen["max_outstanding"], most=10),
        Figure("refused by AWS's limits", throttled, most=0),
        Figure("grants begun while ends waited", early, most=0),
        Figure("calls an end", sum(line["count"] for line in center) / work.ends),
        Figure("not ended by being seen absent", work.ends - len(ended()), most=0),
        Figure("ledger whole", int(verify().whole), least=1),
    ]
    return conclude(f"limits, floor {work.floor:g} s, {world.version}", figures)


if __name__ == "__main__":
    sys.exit(main())
