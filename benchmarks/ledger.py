"""How fast the ledger grows and is verified: two processes append in batches of ten, then a million entries are read.

Always on PostgreSQL, unless ``--database`` says otherwise; SQLite is shown for comparison and has no goal to append.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from dataclasses import dataclass

from benchmarks.database import KINDS, World, command, fresh, one_after_another
from benchmarks.report import Figure, conclude

__all__ = ["main"]

WRITERS = 2
APPEND_GOAL = 1_000.0


@dataclass(frozen=True)
class Work:
    """Seconds of appending, entries to verify, and the seconds that may take."""

    seconds: float
    entries: int
    limit: float


FULL = Work(20, 1_000_000, 20)
QUICK = Work(5, 100_000, 2)


def main() -> int:
    asked = argparse.ArgumentParser(prog="benchmarks.ledger", description=__doc__)
    asked.add_argument("--quick", action="store_true", help="fewer entries, the same pace asked for")
    asked.add_argument("--database", choices=(*KINDS, "both"), default="postgresql")
    chosen = asked.parse_args()
    if chosen.database == "both":
        return one_after_another("ledger", ["--quick"] if chosen.quick else [])
    with fresh(chosen.database) as world:
        return _measure(world, QUICK if chosen.quick else FULL)


def _measure(world: World, work: Work) -> int:
    from kumoban.ledger.models import Head
    from kumoban.ledger.verify import verify

    took = _append(work.seconds)
    appended = Head.objects.get(pk=1).seq
    print(f"{world.version}: {appended:,} entries by {WRITERS} processes in {took:.1f} s", flush=True)
    forked = not verify().whole
    _fill(work.entries)
    began = time.perf_counter()
    verdict = verify()
    seconds = time.perf_counter() - began
    goal = APPEND_GOAL if world.kind == "postgresql" else None
    figures = [
        Figure("appended", appended / took, " entries/s", least=goal),
        Figure("forks or other faults", forked + len(verdict.faults), most=0),
        Figure(f"{verdict.entries:,} entries verified in", seconds, " s", most=work.limit),
    ]
    return conclude(f"ledger, {world.version}", figures)


def _append(seconds: float) -> float:
    """Both writers, each told to begin once both are ready; the seconds they had."""
    writers = [
        subprocess.Popen(
            command("writer", f"{seconds}", f"writer-{number}"), stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for number in range(WRITERS)
    ]
    for writer in writers:
        assert writer.stdout is not None
        writer.stdout.readline()
    began = time.perf_counter()
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write(b"go\n")
        writer.stdin.flush()
    statuses = [writer.wait() for writer in writers]
    if any(statuses):
        raise RuntimeError("a writer broke")
    return time.perf_counter() - began


def _fill(entries: int) -> None:
    """Up to so many entries in all, in large batches."""
    from benchmarks.writer import write
    from kumoban.ledger.models import Head

    while (missing := entries - Head.objects.get(pk=1).seq) > 0:
        write("filler", min(missing, 1_000))


if __name__ == "__main__":
    sys.exit(main())
