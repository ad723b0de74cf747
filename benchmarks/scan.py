"""A full scan of who has what under Identity Center's limits, with grants that end beside it.

300 accounts with 40 permission sets provisioned in each: 12,300 calls, of which AWS allows 20 a second. The practice
AWS keeps its limits; the runner as installed ends grants all the while, and each must leave in time. Then one turn of
the scan that goes on by itself, which reads the accounts seen longest ago.

    .venv/bin/python -m benchmarks.scan [--quick] [--database sqlite|postgresql]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from benchmarks.database import KINDS, World, fresh
from benchmarks.report import Figure, conclude

if TYPE_CHECKING:
    from benchmarks.grants import Grant
    from kumoban_emulator.admin_client import AdminClient

RATE = 20
PORT = 4649


@dataclass(frozen=True)
class Work:
    """``ends`` are spread over the time of the scan."""

    accounts: int
    sets: int
    ends: int

    @property
    def calls(self) -> int:
        return self.accounts * (1 + self.sets)

    @property
    def floor(self) -> float:
        """Seconds that AWS's rate alone costs."""
        return self.calls / RATE


FULL = Work(300, 40, 120)
QUICK = Work(200, 1, 5)


def main() -> int:
    asked = argparse.ArgumentParser(prog="benchmarks.scan", description=__doc__)
    asked.add_argument("--quick", action="store_true", help="200 accounts with one permission set each")
    asked.add_argument("--database", choices=KINDS, default="sqlite")
    given = asked.parse_args()
    work = QUICK if given.quick else FULL
    with fresh(given.database) as world, _practice_aws(world, work) as admin:
        return measured(world, work, admin)


@contextmanager
def _practice_aws(world: World, work: Work) -> Iterator[AdminClient]:
    """As a process of its own, its limits off until everything is there."""
    from kumoban_emulator.admin_client import AdminClient

    command = [sys.executable, "-m", "benchmarks.scan_aws", str(work.accounts), str(work.sets), str(PORT)]
    process = subprocess.Popen([*command, str(world.folder)], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        yield AdminClient(f"http://127.0.0.1:{PORT}")
    finally:
        process.kill()
        process.wait()


def measured(world: World, work: Work, admin: AdminClient) -> int:
    from benchmarks.grants import only_quick_duties, unfinished

    _environment(world, admin)
    counting = _Counting()
    _lists()
    only_quick_duties()
    grants = _grants(admin, work)
    admin.identity_center(enforce_limits=True, creation_delay=0.5, deletion_delay=0.5)
    admin.clear_calls()
    log = (world.folder / "node.log").open("wb")
    node = subprocess.Popen([sys.executable, "-m", "kumoban", "runner"], stdout=log, stderr=log)
    try:
        counting.taken()
        took = _scanned(_every_account())
        calls = counting.taken()
        deadline = time.time() + 60
        while unfinished() and time.time() < deadline:
            time.sleep(0.2)
        seen, refused = admin.identity_center(), _throttled(admin)
        late = _lateness(grants)
        _turn()
        again = counting.taken()
    finally:
        node.kill()
        node.wait()
    return conclude(
        f"scan of {work.accounts} accounts × {work.sets} sets, floor {work.floor:g} s, {world.kind} {world.version}",
        [
            Figure("full scan", took, " s", most=1.2 * work.floor),
            Figure("its calls", calls, most=work.calls),
            Figure("calls of a turn that goes on by itself", again, most=work.calls / 10),
            Figure("latest of the ends beside it", max(late), " s", most=2.0),
            Figure("ends that did not leave", len(grants) - len(late), most=0),
            Figure("most requests in a sliding second", seen["max_in_any_second"]),
            Figure("refused by AWS's limits", refused, most=0),
            Figure("assignments known", _known(), least=work.accounts * work.sets),
        ],
    )


def _environment(world: World, admin: AdminClient) -> None:
    account = admin.health()["delegate"]
    os.environ |= {
        "AWS_CONFIG_FILE": str(world.folder / "aws" / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(world.folder / "aws" / "credentials"),
    }
    given = {
        "KUMOBAN_AWS_ENDPOINT_URL": f"http://127.0.0.1:{PORT}",
        "KUMOBAN_AWS_PROFILE": "kumoban-desk",
        "KUMOBAN_READER_ROLE": f"arn:aws:iam::{account}:role/KumobanReader",
        "KUMOBAN_OPERATOR_ROLE": f"arn:aws:iam::{account}:role/KumobanOperator",
    }
    from django.conf import settings

    os.environ |= given  # of the runner
    for name, value in given.items():  # and of this process, where Django is set up already
        setattr(settings, name, value)


def _lists() -> None:
    """The organisation and its accounts, as the scan's first parts leave them."""
    from kumoban.aws.door import door
    from kumoban.estate import scan

    aws = door().open("kumoban-scan")
    scan.scan_organization(aws)
    scan.scan_account_list(aws)
    for arn in scan._permission_sets(aws)[:1]:
        scan.scan_permission_set(aws, arn)


def _grants(admin: AdminClient, work: Work) -> list[Grant]:
    """Grants in force, to end one after the other while the scan is under way."""
    import boto3

    from benchmarks.grants import Place, make

    health = admin.health()
    session = boto3.Session(profile_name="kumoban-admin")
    where = {"region_name": "ap-northeast-1", "endpoint_url": f"http://127.0.0.1:{PORT}"}
    store, center = session.client("identitystore", **where), session.client("sso-admin", **where)
    found = store.list_users(IdentityStoreId=health["identityStore"])["Users"]
    sets = center.list_permission_sets(InstanceArn=health["instance"])["PermissionSets"]
    accounts = [f"5002{number:08}" for number in range(work.ends)]
    place = Place(accounts, [found[0]["UserId"]], health["instance"], sets[0])
    grants = make(work.ends, place, timedelta(seconds=work.floor * 0.9), ahead=timedelta(seconds=8))
    for grant in grants:
        center.create_account_assignment(
            InstanceArn=place.instance, TargetId=grant.account, TargetType="AWS_ACCOUNT",
            PermissionSetArn=place.permission_set, PrincipalType="USER", PrincipalId=grant.person,
        )  # fmt: skip
    return grants


def _every_account() -> list[str]:
    from kumoban.estate.models import Account

    return list(Account.objects.filter(absent_since=None, id__startswith="5002").values_list("id", flat=True))


def _scanned(accounts: list[str]) -> float:
    """As the duty does it, on a thread of its own."""
    from kumoban.aws.door import door
    from kumoban.estate.scan import scan_assignments_in

    began = time.perf_counter()
    thread = threading.Thread(target=scan_assignments_in, args=(door().open("kumoban-scan"), accounts))
    thread.start()
    thread.join()
    return time.perf_counter() - began


def _turn() -> None:
    """The part about assignments of one turn of ``scan_next``: the accounts seen longest ago."""
    from kumoban.aws.door import door
    from kumoban.estate.scan import accounts_to_scan, scan_assignments_in

    scan_assignments_in(door().open("kumoban-scan"), accounts_to_scan())


class _Counting:
    """The calls that this process sends; the ends are another's."""

    def __init__(self) -> None:
        from kumoban.aws import door as door_module

        self.calls, self._lock = 0, threading.Lock()
        opened = door_module.Door()
        self._send = opened.send
        opened.send = self._counted  # type: ignore[method-assign]
        door_module._process_door = lambda _pid: opened  # type: ignore[assignment]

    def _counted(self, *asked: Any, **named: Any) -> dict[str, Any]:
        with self._lock:
            self.calls += 1
        return self._send(*asked, **named)

    def taken(self) -> int:
        found, self.calls = self.calls, 0
        return found


def _throttled(admin: AdminClient) -> int:
    outcomes = [one for line in admin.calls()["calls"] for one in line["outcomes"].items()]
    return sum(count for code, count in outcomes if "Throttl" in code)


def _lateness(grants: list[Grant]) -> list[float]:
    """By grant that left: when AWS had accepted its deletion, as the record says, minus when it was due."""
    import json

    from kumoban.ledger.models import Entry

    accepted: dict[str, datetime] = {}
    for at, body in Entry.objects.filter(kind="aws.accepted").order_by("seq").values_list("at", "body"):
        accepted.setdefault(json.loads(body)["facts"]["thing"], at)
    return [(accepted[grant.key] - grant.due).total_seconds() for grant in grants if grant.key in accepted]


def _known() -> int:
    from kumoban.estate.models import Assignment

    return Assignment.objects.filter(absent_since=None, principal_type="GROUP").count()


if __name__ == "__main__":
    raise SystemExit(main())
