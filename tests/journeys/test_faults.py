"""Nodes that are killed, paused or wrong about the time, and databases that go away: real processes, real HTTP.

What a person cares about afterwards: nothing of ours is left on AWS, nothing was made twice without need, the
request says what is true, and the record is whole.
"""

from __future__ import annotations

import secrets
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import conftest as world
from tests.journeys.conftest import wait_until
from tests.journeys.desk_processes import LEASE, Desk, Moment, desk_on

pytestmark = [pytest.mark.slow, pytest.mark.kill, pytest.mark.database]

CREATE, DELETE, LOOK = "CreateAccountAssignment", "DeleteAccountAssignment", "ListAccountAssignments"
CREATED, DELETED = "ListAccountAssignmentCreationStatus", "ListAccountAssignmentDeletionStatus"
#: every call of one grant after its plan was checked; the second look of a kind proves what was done
APPLYING = [(LOOK, 2), (CREATE, 1), (CREATED, 1), (LOOK, 3)]
ENDING = [(DELETE, 1), (DELETED, 1), (LOOK, 1)]
BOUNDARIES = [
    (applying, ENDING[index % len(ENDING)], moment)
    for index, applying in enumerate(APPLYING)
    for moment in ("arriving", "answering")
]


if not world.ON_SQLITE:  # the calls are the same on both databases; there, every other boundary
    BOUNDARIES = BOUNDARIES[1::2]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("desk")
    if world.SERVER:
        name = f"faults_{secrets.token_hex(6)}"
        with desk_on(world.SERVER.create(name), folder, KUMOBAN_SECOND_LOOK_SECONDS="5") as made:
            yield made
        world.SERVER.drop(name)
        return
    with desk_on(f"sqlite:///{folder / 'kumoban.sqlite3'}", folder, KUMOBAN_SECOND_LOOK_SECONDS="5") as made:
        yield made


@pytest.fixture(autouse=True)
def nothing_is_armed(desk: Desk) -> Iterator[None]:
    yield
    desk.aws.strikes.clear()


def killed_at(desk: Desk, operation: str, nth: int, moment: Moment) -> threading.Event:
    """kill -9 of the running node exactly when this call arrives at AWS, or was done and is not yet answered."""
    return desk.aws.on(operation, moment, desk.kill_runners, nth).happened


@pytest.mark.parametrize(("applying", "ending", "moment"), BOUNDARIES)
def test_a_node_killed_at_any_call_leaves_one_grant_that_ends(
    desk: Desk, applying: tuple[str, int], ending: tuple[str, int], moment: Moment
) -> None:
    before, creates, deletes = desk.assigned(), desk.aws.done(CREATE), desk.aws.done(DELETE)
    killed = killed_at(desk, *applying, moment)
    if not desk.runners:
        desk.start_runner("first")
    number = desk.ask("payments-dev")
    assert killed.wait(30), f"the node never came to {applying}; {desk.situation()}"
    desk.leases_run_out()
    desk.start_runner("second")
    desk.wait_for(number, "active")
    assert desk.assigned() == before | {("payments-dev", desk.people["sato.misaki"])}

    killed = killed_at(desk, *ending, moment)
    desk.end(number)
    assert killed.wait(30), f"the node never came to {ending}; {desk.situation()}"
    desk.leases_run_out()
    desk.start_runner("third")
    desk.wait_for(number, "ended")
    assert desk.assigned() == before
    assert desk.shown(number)["grants"][0]["ended_by"] == "seen_absent"
    assert desk.aws.done(CREATE) - creates <= 2
    assert desk.aws.done(DELETE) - deletes == 1
    assert desk.sql("SELECT key FROM desk_lock") == []
    intents = desk.entries("aws.intent", number)
    outcomes = [
        entry for kind in ("accepted", "answer_lost", "refused") for entry in desk.entries(f"aws.{kind}", number)
    ]
    assert len(outcomes) == len(intents)


@pytest.fixture
def fresh_nodes(desk: Desk) -> Iterator[None]:
    """No node of an earlier test, and none left behind."""
    desk.kill_runners()
    yield
    for process in desk.runners:
        process.send_signal(signal.SIGCONT)
    desk.kill_runners()


@pytest.mark.usefixtures("fresh_nodes")
def test_what_a_paused_node_brings_back_after_the_end_is_ended_again(desk: Desk) -> None:
    """Its create was on the way when it was stopped; another node granted and ended meanwhile; then the call lands."""
    before, lands, paused = desk.assigned(), threading.Event(), desk.start_runner("paused")

    def stop_it_with_its_call_under_way() -> None:
        desk.pause(paused)
        under_way.happened.set()
        assert lands.wait(60)

    under_way = desk.aws.on(CREATE, "arriving", stop_it_with_its_call_under_way)
    number = desk.ask("payments-stg")
    assert under_way.happened.wait(30), desk.situation()
    desk.leases_run_out()
    desk.start_runner("other")
    desk.wait_for(number, "active")
    desk.end(number)
    desk.wait_for(number, "ended")
    assert desk.assigned() == before

    lands.set()
    wait_until("the late call landed", lambda: desk.aws.done(CREATE) and desk.assigned() != before, 10)
    paused.send_signal(signal.SIGCONT)
    wait_until("it is gone again", lambda: desk.assigned() == before, 40)
    desk.wait_for(number, "ended")
    assert desk.entries("grant.came_back", number)


@pytest.mark.usefixtures("fresh_nodes")
def test_a_node_paused_just_before_its_call_does_not_send_it_after_its_lease(desk: Desk) -> None:
    """It wakes up with everything ready to call, and finds that the step is not its own any more."""
    before, paused = desk.assigned(), desk.start_runner("paused")
    asleep = desk.aws.on("AssumeRole:Operator", "answering", lambda: desk.pause(paused))
    number = desk.ask("ads-dev")
    assert asleep.happened.wait(30), desk.situation()
    desk.leases_run_out()
    desk.start_runner("other")
    desk.wait_for(number, "active")
    desk.end(number)
    desk.wait_for(number, "ended")
    arrived = len(desk.aws.log)
    paused.send_signal(signal.SIGCONT)
    later = desk.ask("ads-stg")  # by which the woken node has had time for anything it meant to send
    desk.wait_for(later, "active")
    desk.end(later)
    desk.wait_for(later, "ended")
    assert len(desk.aws.log) == arrived + 2
    assert desk.assigned() == before


#: CLOCK_REALTIME as this process alone sees it; waits go on by the monotonic clock (libfaketime breaks those)
WRONG_CLOCK = """
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t clock, struct timespec *at) {
    int failed = syscall(SYS_clock_gettime, clock, at);
    if (!failed && clock == CLOCK_REALTIME) at->tv_sec += atol(getenv("CLOCK_OFF"));
    return failed;
}
"""


@pytest.fixture
def wrong_clock(tmp_path: Path) -> str:
    """A library that makes one process wrong about the time."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler here, so no process can be given a wrong clock (Debian: apt-get install gcc)")
    (tmp_path / "clock.c").write_text(WRONG_CLOCK)
    made = tmp_path / "clock.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", made, tmp_path / "clock.c"], check=True)
    return str(made)


@pytest.mark.postgresql  # on SQLite the machine's clock is the database's
@pytest.mark.usefixtures("fresh_nodes")
@pytest.mark.parametrize("off", ["120", "-120"])
def test_a_node_whose_clock_is_two_minutes_off_ends_on_time(desk: Desk, wrong_clock: str, off: str) -> None:
    before = desk.assigned()
    desk.start_runner("wrong", LD_PRELOAD=wrong_clock, CLOCK_OFF=off)
    number = desk.ask("search-dev")
    desk.wait_for(number, "active")
    assert desk.assigned() != before
    calls = len(desk.aws.log)
    due = desk.ends_in(number, 6)
    wait_until("its end is asked for", lambda: len(desk.aws.log) > calls, 20)
    assert -1.0 < desk.aws.log[calls].at - due < 5.0
    wait_until("it is gone", lambda: desk.assigned() == before, 5)
    desk.wait_for(number, "ended")


MANY = (
    "payments-prod",
    "payments-data-prod",
    "payments-stg",
    "payments-dev",
    "search-prod",
    "search-stg",
    "search-dev",
)
MORE = ("ads-prod", "ads-stg", "ads-dev", "edge-prod", "edge-stg", "data-prod", "data-dev", "mobile-prod", "mobile-stg")


@pytest.mark.postgresql
@pytest.mark.usefixtures("fresh_nodes")
def test_forty_grants_end_though_one_of_two_nodes_is_killed_meanwhile(desk: Desk) -> None:
    before, deletes = desk.assigned(), len(desk.aws.log)
    desk.start_runner("stays")
    killed = desk.start_runner("killed")
    accounts = (*MANY, *MORE, "mobile-dev", "points-prod", "points-stg", "points-dev")
    number = desk.ask(*accounts, workers=("sato.misaki", "nakamura.ren"))
    desk.wait_for(number, "active", 60)
    assert len(desk.assigned() - before) == 40

    def kill_it() -> None:
        if desk.sql("SELECT 1 FROM desk_step WHERE lease_by = 'killed' AND phase = 'send'"):
            killed.kill()
        else:  # this call is the other node's
            desk.aws.on(DELETE, "answering", kill_it)

    deletes = len(desk.aws.log)
    desk.aws.on(DELETE, "answering", kill_it)
    desk.end(number)
    due = time.time()
    wait_until("the node is killed", lambda: killed.poll() is not None, 20)
    in_flight = desk.sql("SELECT count(*) FROM desk_step WHERE lease_by = 'killed' AND phase = 'send'")[0][0]
    desk.wait_for(number, "ended", LEASE + 30)
    calls = [call for call in desk.aws.log[deletes:] if call.operation == DELETE]
    assert max(call.at for call in calls if call.outcome == "ok") - due <= LEASE + 2 + 10  # 40 ends at 10 at once
    assert len(calls) - 40 <= in_flight
    assert desk.assigned() == before
    assert {grant["ended_by"] for grant in desk.shown(number)["grants"]} == {"seen_absent"}


def test_the_record_is_whole_after_all_of_this(desk: Desk) -> None:
    assert desk.kumoban("ledger", "verify").startswith("OK")
