"""The runner: claim due steps, ask AWS in threads, write what it said in batches. No generic job API lives here.

A claim gives a step a lease and, where its action needs one, the AWS lock. The lock is held from the intent until the
terminal status is seen; the lease only fences the database. Order of work: ends, polls, applies, checks; within each
by due. While ends wait for room on AWS, nothing else is begun. Duties run beside, so that a long scan delays no end.
In observe mode no step is taken, only duties are done. After an older backup was restored only ends are taken, until
somebody accepts that (`kumoban ledger accept`): what was made since is not known here, and would be taken for older.
"""

from __future__ import annotations

import logging
import queue
import secrets
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection
from django.db.models import Q

from kumoban.aws.buckets import Fence, Permit, boot_clock, hold_back
from kumoban.aws.door import door
from kumoban.aws.mode import observing
from kumoban.desk import clock
from kumoban.desk.asking_aws import perform
from kumoban.desk.checking import check
from kumoban.desk.duties import run_due_duties
from kumoban.desk.ends import Neighbours, begin_ending, decide_end
from kumoban.desk.models import Lock, Request, Step
from kumoban.desk.notices.post_office import PostOffice
from kumoban.desk.outcome import Next
from kumoban.desk.room import Room
from kumoban.desk.routine import known_actions
from kumoban.desk.settling import Turn, settle_turns, write
from kumoban.desk.states import POLL_RANK, Phase, StepKind
from kumoban.ledger.clock import database_now
from kumoban.ledger.record import writing
from kumoban.ledger.seal import went_back

__all__ = ["Runner"]

log = logging.getLogger(__name__)

#: while ends wait for room, everybody else's calls to their service wait this long, again and again
_HOLD_BACK = 1.0
#: steps due within this time are claimed ahead, and sent when they are due
LOOK_AHEAD = timedelta(milliseconds=400)
_BATCH = 100
_IN_SECONDS = {
    "sqlite": "strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now', '+' || %s || ' seconds')",
    "postgresql": "clock_timestamp() + %s * interval '1 second'",
}
_OWN_ACTIONS = ["desk.check/1"]


class Runner:
    """One node. ``tick`` does one round (tests); ``run`` goes on until ``stop``."""

    def __init__(self, name: str = "", threads: int | None = None) -> None:
        self.name = name or f"node-{secrets.token_hex(4)}"
        self.lease = timedelta(seconds=settings.KUMOBAN_LEASE_SECONDS)
        #: what a lease must have left when a call is signed, and when another turn is begun under it
        self._left = min(timedelta(seconds=15), self.lease / 2)
        self._reserve = self._left + self.lease / 6
        self._threads = threads or settings.KUMOBAN_RUNNER_THREADS
        self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="step")
        self._answers: queue.Queue[Turn] = queue.Queue()
        self._stop = threading.Event()
        self._in_hand = 0
        self._back, self._ask_again = False, 0.0

    # --- the loop

    def run(self, pause: float = 0.1) -> None:
        duties = [threading.Thread(target=self._do_duties, args=(long,), daemon=True) for long in (False, True)]
        for thread in duties:
            thread.start()
        notices = PostOffice(self.name, self._stop)
        notices.open()
        while not self._stop.is_set():
            try:
                worked = self.tick()
            except Exception:
                log.exception("a round failed; the rows are as they were, the next round goes on")
                connection.close()
                worked = False
                time.sleep(1)
            if not worked:
                self._wait(pause)
        self._pool.shutdown(wait=True)
        for thread in duties:  # a scan may take minutes: it ends with the process, and its rows are as they were
            thread.join(timeout=1)
        notices.close()

    def _do_duties(self, long: bool) -> None:
        while not self._stop.wait(0.5):
            try:
                run_due_duties(self.name, long=long)
            except Exception:
                log.exception("the duties could not be read; the next round goes on")
                connection.close()

    def stop(self) -> None:
        self._stop.set()

    def tick(self) -> bool:
        """Settle what came back, claim what is due. True when there was anything to do."""
        settled = self._settle_all()
        free = self._threads * 2 - self._in_hand
        touched, turns = self._claim(min(free, _BATCH)) if free > 0 else (0, [])
        for turn in turns:
            self._dispatch(turn)
        return bool(settled or touched)

    def drain(self, seconds: float = 10.0) -> None:
        """Tick until nothing is in hand and nothing is due now (tests)."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not self.tick() and self._in_hand == 0 and self._answers.empty():
                return
            time.sleep(0.005)

    def _wait(self, pause: float) -> None:
        """Until an answer arrives or the pause is over."""
        try:
            self._answers.put(self._answers.get(timeout=pause))
        except queue.Empty:
            return

    # --- claiming

    def _claim(self, limit: int) -> tuple[int, list[Turn]]:
        """How many steps were touched, and the turns that go to AWS (an end may be decided without a call)."""
        if observing() or not self._anything_due():
            return 0, []
        asked = boot_clock()
        with writing():
            now, bare = clock.now(), database_now()
            candidates = self._candidates(limit, now, bare)
            leased = [step for step in candidates if self._lease(step, bare)]
            over = _decide_ends(leased, now)
            write(leased, over, now)
        at_rest = {step.pk for step, _ in over}
        return len(candidates), [self._turn(step, now, asked) for step in leased if step.pk not in at_rest]

    def _due(self, now: datetime, bare: datetime) -> Q:
        free = Q(lease_until=None) | Q(lease_until__lt=bare)
        due = Q(due__lte=now + LOOK_AHEAD, action__in=known_actions() + _OWN_ACTIONS) & free
        return due & Q(kind=StepKind.END) if self._gone_back() else due

    def _gone_back(self) -> bool:
        """Asked once a second, not at every round."""
        if boot_clock() >= self._ask_again:
            self._back, self._ask_again = went_back(), boot_clock() + 1
        return self._back

    def _anything_due(self) -> bool:
        return Step.objects.filter(self._due(clock.now(), database_now())).exists()

    def _candidates(self, limit: int, now: datetime, bare: datetime) -> list[Step]:
        """What is under way first, then what may begin: ends, applies, checks.

        Requests are locked before their steps, as people's verbs do; who is busy with one is not waited for.
        """
        room = Room.now()
        due = Step.objects.filter(self._due(now, bare)).order_by("rank", "due", "id")
        found = list(due.filter(pk__in=room.under_way)[:limit])
        waiting = due.exclude(pk__in=room.under_way).exclude(lock_key__in=list(room.held))
        begun = [step for step in waiting[: room.rows_for(limit)] if room.takes(step)]
        if room.ends_wait:
            hold_back("sso-admin", _HOLD_BACK)
        chosen = [step.pk for step in (found + begun)[:limit]]
        requests = Request.objects.filter(steps__in=chosen).order_by("pk")
        locked = set(requests.select_for_update(skip_locked=True, of=("self",)).values_list("pk", flat=True))
        rows = due.filter(pk__in=chosen, request_id__in=locked).select_related("request", "hold", "hold__thing")
        return list(rows.select_for_update(skip_locked=True, of=("self",)))

    def _lease(self, step: Step, bare: datetime) -> bool:
        """Lease and lock one step; False where its lock is another's."""
        if step.lease_by:
            step.taken_over = True
        if step.phase == Phase.SEND:  # found in send: interrupted between intent and answer
            step.phase, step.answer_lost = Phase.RECOVER, True
        if step.lock_key and not self._locked_by(step, bare):
            return False
        step.lease_by, step.lease_until = self.name, bare + self.lease
        return True

    def _turn(self, step: Step, now: datetime, asked: float) -> Turn:
        ahead = max((step.due - now).total_seconds(), 0) if step.due else 0
        return Turn(step, self._fence(step), Permit(asked), asked + ahead)

    def _fence(self, step: Step) -> Fence:
        """The lease is ours and has ``_left`` on the database's clock."""
        ours = "SELECT 1 FROM desk_step WHERE id = %s AND lease_by = %s AND lease_until >= "
        condition = f"EXISTS ({ours}{_IN_SECONDS[connection.vendor]})"
        return Fence(condition, [step.pk, self.name, self._left.total_seconds()])

    def _locked_by(self, step: Step, bare: datetime) -> bool:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO desk_lock (key, step_id, since) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING RETURNING key",
                [step.lock_key, step.pk, bare],
            )
            if cursor.fetchone():
                return True
        return Lock.objects.filter(key=step.lock_key, step_id=step.pk).exists()

    # --- asking AWS, in threads

    def _dispatch(self, turn: Turn) -> None:
        self._in_hand += 1
        self._pool.submit(self._work, turn)

    def _work(self, turn: Turn) -> None:
        try:
            if turn.step.kind == StepKind.CHECK:
                turn.brought = check(turn.step)
            else:
                aws = door().open(
                    f"kumoban-{turn.step.request.number}",
                    urgent=turn.step.rank <= POLL_RANK,
                    fence=turn.fence,
                )
                aws.permit = turn.permit
                time.sleep(max(0.0, turn.send_at - boot_clock()))
                turn.brought = perform(turn.step, aws)
        except Exception:
            log.exception("step %s of %s", turn.step.pk, turn.step.request.number)
        finally:
            connection.close()
            self._answers.put(turn)

    # --- writing what came back, in batches

    def _settle_all(self) -> int:
        turns: list[Turn] = []
        while len(turns) < _BATCH:
            try:
                turns.append(self._answers.get_nowait())
            except queue.Empty:
                break
        if not turns:
            return 0
        asked = boot_clock()
        try:
            again = settle_turns(turns, self.name, self._reserve)
        except Exception:  # the database went away, or chose us to break a deadlock: nothing was written
            for turn in turns:
                self._answers.put(turn)
            raise
        self._in_hand -= len(turns)
        for turn in again:
            turn.permit, turn.send_at, turn.brought = Permit(asked), asked, None
            self._dispatch(turn)
        return len(turns)


def _decide_ends(leased: Sequence[Step], now: datetime) -> list[tuple[Step, Next]]:
    """Ends are decided with the claim, so that an intent commits with it; those that need no call are over."""
    ends = [step for step in leased if step.kind == StepKind.END and step.phase == Phase.LOOK]
    begin_ending(ends)
    near = Neighbours.of(ends)
    over: list[tuple[Step, Next]] = []
    for step in ends:
        following = decide_end(step, now, near)
        step.phase = following.phase
        if following.over:
            over.append((step, following))
    return over
