"""How late grants end: 10,000 over 1,000 accounts, due within 60 seconds, on one node.

Lateness is the moment AWS answered the deletion minus the moment the grant was due; AWS answers in process after
50 ms. ``--two-nodes`` ends them on two processes, one of which is killed half-way, on PostgreSQL.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from benchmarks.database import KINDS, World, fresh, one_after_another
from benchmarks.report import Figure, conclude, percentile

if TYPE_CHECKING:
    from benchmarks.grants import Grant
    from kumoban.desk.models import Hold
    from kumoban.desk.runner import Runner

__all__ = ["AWS_SECONDS", "Work", "main"]

AWS_SECONDS = 0.05
ROLES = {
    "operator_role": "arn:aws:iam::410122300009:role/KumobanOperator",
    "reader_role": "arn:aws:iam::410122300009:role/KumobanReader",
    "aws_limits": "0",
}


@dataclass(frozen=True)
class Work:
    """So many grants over so many accounts, due within ``over``."""

    grants: int
    accounts: int
    over: timedelta
    patience: float


FULL = Work(10_000, 1_000, timedelta(seconds=60), 120)
QUICK = Work(1_500, 150, timedelta(seconds=9), 20)


def main() -> int:
    asked = argparse.ArgumentParser(prog="benchmarks.ends", description=__doc__)
    asked.add_argument("--quick", action="store_true", help="the same pace for nine seconds")
    asked.add_argument("--database", choices=(*KINDS, "both"), default="both")
    asked.add_argument("--two-nodes", action="store_true", help="two processes, one killed half-way (PostgreSQL)")
    chosen = asked.parse_args()
    work, quick = QUICK if chosen.quick else FULL, ["--quick"] if chosen.quick else []
    if chosen.two_nodes:
        from benchmarks.two_nodes import measure

        return measure(work, quick=chosen.quick)
    if chosen.database == "both":
        return one_after_another("ends", quick)
    with fresh(chosen.database, **ROLES) as world:
        return _one_node(world, work)


def _one_node(world: World, work: Work) -> int:
    from benchmarks.assignments import Aws
    from benchmarks.grants import Place, ended, make, only_quick_duties, unfinished
    from kumoban.aws import door as door_module
    from kumoban.desk.runner import Runner
    from kumoban.ledger.verify import verify

    aws = Aws(AWS_SECONDS)
    opened = door_module.Door(aws)
    door_module._process_door = lambda _pid: opened  # type: ignore[assignment]
    only_quick_duties()
    place = Place.invented(work.grants, work.accounts)
    grants = make(work.grants, place, work.over, ahead=timedelta(seconds=3 + work.grants / 2000))
    for grant in grants:
        aws.assign(grant.account, grant.person)
    print(f"{world.version}: {work.grants:,} grants over {work.accounts:,} accounts in {work.over}", flush=True)
    _run(Runner("bench", threads=40), lambda: len(aws.answers) < work.grants or unfinished() > 0, grants, work)
    return _judge(world, grants, aws.answers, ended(), verify().whole)


def _run(runner: Runner, unfinished: Callable[[], bool], grants: Sequence[Grant], work: Work) -> None:
    thread = threading.Thread(target=runner.run)
    thread.start()
    deadline = grants[-1].due.timestamp() + work.patience
    while unfinished() and time.time() < deadline:
        time.sleep(0.5)
    runner.stop()
    thread.join()


def _judge(
    world: World,
    grants: Sequence[Grant],
    answers: Sequence[tuple[str, str, float]],
    ended: Mapping[str, Hold],
    whole: bool,
) -> int:
    due = {(grant.account, grant.person): grant.due.timestamp() for grant in grants}
    late = [at - due[account, person] for account, person, at in answers]
    seen = ((ended[grant.key].ended_at, grant.due) for grant in grants if grant.key in ended)
    absent = [(at - due_at).total_seconds() for at, due_at in seen if at is not None]
    figures = [
        Figure("p50", percentile(late, 0.5), " s", most=0.1),
        Figure("p99", percentile(late, 0.99), " s", most=0.2),
        Figure("max", max(late, default=float("inf")), " s"),
        Figure("seen absent p50", percentile(absent, 0.5), " s"),
        Figure("seen absent p99", percentile(absent, 0.99), " s"),
        Figure("not ended by being seen absent", len(grants) - len(absent), most=0),
        Figure("calls beyond one a grant", len(answers) - len(grants), most=0),
        Figure("ledger whole", int(whole), least=1),
    ]
    return conclude(f"ends, {world.version}", figures)


if __name__ == "__main__":
    sys.exit(main())
