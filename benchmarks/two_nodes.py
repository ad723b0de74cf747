"""Two nodes end the grants of ``ends`` together; half-way one of them is killed (SIGKILL), the other takes over."""

from __future__ import annotations

import subprocess
import time
from datetime import timedelta
from typing import TYPE_CHECKING

from benchmarks.database import World, command, fresh
from benchmarks.report import Figure, conclude

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from benchmarks.ends import Work
    from benchmarks.grants import Grant
    from kumoban.desk.models import Step

__all__ = ["measure"]

#: what the goal allows beyond the lease
GRACE = 2.0
#: the kill waits for so many calls due and under way
CALLS_LOST = 5


def measure(work: Work, *, quick: bool) -> int:
    from benchmarks.ends import ROLES

    lease = 22.0 if quick else 30.0
    with fresh("postgresql", lease_seconds=str(lease), **ROLES) as world:
        return _measure(world, work, lease)


def _measure(world: World, work: Work, lease: float) -> int:
    from benchmarks.grants import Place, make, only_quick_duties, unfinished
    from benchmarks.shared_aws import assign

    only_quick_duties()
    nodes = {name: _start(world, name) for name in ("stays", "killed")}
    try:
        place = Place.invented(work.grants, work.accounts)
        grants = make(work.grants, place, work.over, ahead=timedelta(seconds=4 + work.grants / 1000))
        for grant in grants:
            assign(world.folder, grant.account, grant.person)
        print(f"{world.version}: {work.grants:,} grants, two nodes, lease {lease:g} s", flush=True)
        time.sleep(max(0.0, (grants[0].due + work.over / 2).timestamp() - time.time()))
        _wait_for_calls(grants[-1])
        nodes["killed"].kill()
        nodes["killed"].wait()
        in_flight = _sending().count()
        print(f"killed half-way, with {in_flight} calls intended and not known to be answered", flush=True)
        deadline = grants[-1].due.timestamp() + lease + work.patience
        while unfinished() and time.time() < deadline:
            time.sleep(0.5)
        stays = nodes["stays"]
        stays.communicate()
        return _judge(world, grants, lease, in_flight)
    finally:
        for node in nodes.values():
            node.kill()
            node.wait()


def _sending() -> QuerySet[Step]:
    """Steps of the node to be killed whose call is intended and not known to be answered."""
    from kumoban.desk.models import Step

    return Step.objects.filter(lease_by="killed", phase="send")


def _wait_for_calls(last: Grant) -> None:
    """Until the node is in the middle of calls, so that killing it loses some."""
    from kumoban.ledger.clock import database_now

    while (now := database_now()) < last.due and _sending().filter(due__lte=now).count() < CALLS_LOST:
        time.sleep(0.005)


def _start(world: World, name: str) -> subprocess.Popen[bytes]:
    node = subprocess.Popen(command("node", name, str(world.folder)), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert node.stdout is not None
    node.stdout.readline()
    return node


def _judge(world: World, grants: list[Grant], lease: float, in_flight: int) -> int:
    from benchmarks.grants import ended
    from benchmarks.shared_aws import deletions
    from kumoban.ledger.verify import verify

    calls = deletions(world.folder)
    due = {(grant.account, grant.person): grant.due.timestamp() for grant in grants}
    late: dict[tuple[str, str], float] = {}
    for call in calls:
        if call.event != "sent":  # carried out, or answered where the answer still came
            pair = (call.account, call.person)
            late[pair] = max(late.get(pair, 0.0), call.at - due[pair])
    made = sum(call.event == "sent" for call in calls)
    figures = [
        Figure("max lateness", max(late.values(), default=float("inf")), " s", most=lease + GRACE),
        Figure("assignments left", len(grants) - len(late), most=0),
        Figure("not ended by being seen absent", len(grants) - len(ended()), most=0),
        Figure("calls beyond one a grant", made - len(grants), most=in_flight),
        Figure("ledger whole", int(verify().whole), least=1),
    ]
    return conclude(f"ends on two nodes, one killed, {world.version}", figures)
