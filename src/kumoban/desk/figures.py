"""The desk in figures, for who watches it from outside: bounded questions to the database, and nothing about people."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Count, Max, Min, QuerySet

from kumoban.aws.buckets import waits
from kumoban.aws.mode import observing
from kumoban.desk import clock
from kumoban.desk.archive import archived
from kumoban.desk.models import Duty, Hold, Lock, Request, Step
from kumoban.desk.notices.outbox import Figures as NoticeFigures
from kumoban.desk.notices.outbox import figures as notice_figures
from kumoban.desk.states import IN_FORCE, RequestState, StepKind
from kumoban.ledger.clock import database_now
from kumoban.ledger.models import Entry, Head
from kumoban.ledger.seal import last_seal, went_back

__all__ = ["Figures", "Overdue", "Ready", "figures", "overdue_ends", "ready"]

S = RequestState
#: where a request may stay; what is closed is history and only grows
_OPEN = (S.WAITING, S.RETURNED, S.APPROVED, S.SCHEDULED, S.APPLYING, S.ACTIVE, S.ENDING, S.FAILED)
_OLD_LOCK = timedelta(minutes=10)


@dataclass(frozen=True)
class Overdue:
    """Ends that should have been proven by now; ``oldest`` is how late the first of them is."""

    count: int
    oldest: timedelta


def overdue_ends(grace: timedelta = timedelta()) -> Overdue:
    now = clock.now()
    late = Step.objects.filter(kind=StepKind.END, done_at=None, due__lt=now - grace)
    found = late.aggregate(n=Count("id"), first=Min("due"))
    return Overdue(found["n"], now - found["first"] if found["first"] else timedelta())


@dataclass(frozen=True)
class Figures:
    """``steps_due``: by rank (0 ends, 1 begun at AWS, 2 applies, 3 checks) how many, and how late the first is."""

    observing: bool
    overdue: Overdue
    steps_due: Mapping[int, tuple[int, timedelta]]
    outstanding: int
    old_locks: int
    #: seconds until the next call may leave, by bucket: more than a second is a slow-down
    buckets: Mapping[str, float]
    requests: Mapping[str, int]
    grants: Mapping[str, int]
    #: by duty: how long ago it was last done, and whether that failed
    duties: Mapping[str, tuple[timedelta | None, bool]]
    notices: NoticeFigures
    #: an older backup was restored, and nobody has accepted that
    went_back: bool
    ledger_entries: int
    ledger_age: timedelta
    sealed_entries: int
    sealed_age: timedelta | None
    #: the locked store outside; ``exported_age``: since the last part was put, None where there is none
    exported_entries: int
    exported_age: timedelta | None
    export_faults: int


def figures() -> Figures:
    now, bare = clock.now(), database_now()
    due = Step.objects.filter(done_at=None, due__lte=now).values("rank").annotate(n=Count("id"), first=Min("due"))
    head, seal, kept = Head.objects.get(pk=1), last_seal(), archived()
    written = Entry.objects.filter(seq=head.seq).values_list("at", flat=True).first()
    return Figures(
        observing=observing(),
        overdue=overdue_ends(),
        steps_due={row["rank"]: (row["n"], now - row["first"]) for row in due},
        outstanding=Step.objects.filter(outstanding=True).count(),
        old_locks=Lock.objects.filter(since__lt=bare - _OLD_LOCK).count(),
        buckets=waits(),
        requests=_by_state(Request.objects.filter(state__in=_OPEN), [state.value for state in _OPEN]),
        grants=_by_state(Hold.objects.filter(state__in=IN_FORCE), [state.value for state in IN_FORCE]),
        duties={duty.name: (_ago(duty.last_at, bare), bool(duty.last_error)) for duty in Duty.objects.all()},
        notices=notice_figures(),
        went_back=went_back(),
        ledger_entries=head.seq,
        ledger_age=_ago(written, bare) or timedelta(),
        sealed_entries=seal.count if seal else 0,
        sealed_age=_ago(datetime.fromisoformat(seal.at), bare) if seal else None,
        exported_entries=kept.until,
        exported_age=_ago(kept.at, bare),
        export_faults=kept.faults,
    )


def _by_state(rows: QuerySet[Any], states: list[str]) -> dict[str, int]:
    found: dict[str, int] = dict(rows.order_by().values_list("state").annotate(n=Count("id")))
    return {state: found.get(state, 0) for state in states}


def _ago(at: datetime | None, now: datetime) -> timedelta | None:
    return max(now - at, timedelta()) if at else None


@dataclass(frozen=True)
class Ready:
    """Whether this process can serve: each part is ``ok`` or says what is wrong (codes, for machines)."""

    database: str
    migrations: str
    runner: str

    @property
    def serving(self) -> bool:
        return self.database == self.migrations == "ok"

    @property
    def all(self) -> bool:
        return self.serving and self.runner == "ok"


def ready(runner_within: timedelta) -> Ready:
    try:
        migrations = "ok" if _migrated() else "missing"
        seen = Duty.objects.aggregate(at=Max("last_at"))["at"]
        late = seen is None or seen < database_now() - runner_within
    except DatabaseError:
        return Ready("unreachable", "unknown", "unknown")
    return Ready("ok", migrations, "not_seen" if late else "ok")


#: once they are all there, they stay
_migrated_once = threading.Event()


def _migrated() -> bool:
    if not _migrated_once.is_set():
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            return False
        _migrated_once.set()
    return True
