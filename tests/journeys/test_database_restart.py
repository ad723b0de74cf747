"""PostgreSQL is stopped and started while grants are made and ended: runner and pages go on by themselves."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests import conftest as world
from tests import postgres
from tests.journeys.conftest import wait_until
from tests.journeys.desk_processes import Desk, desk_on

pytestmark = [pytest.mark.slow, pytest.mark.postgresql, pytest.mark.database]

CREATE, DELETE = "CreateAccountAssignment", "DeleteAccountAssignment"


@dataclass
class Restartable:
    """A server whose data outlive it."""

    server: postgres.Server
    binaries: Path

    def stop(self) -> None:
        self.server.process.send_signal(signal.SIGINT)  # "fast": every session is ended
        self.server.process.wait(timeout=20)

    def start(self) -> None:
        self.server = postgres._run(self.binaries, self.server.folder)
        postgres._wait(self.server)


@pytest.fixture
def database() -> Iterator[Restartable]:
    """A PostgreSQL of this test alone."""
    if world.SERVER is None:
        pytest.skip("needs KUMOBAN_TEST_DATABASE=postgresql")
    binaries = Path(os.fsdecode(world.SERVER.process.args[0])).parent  # type: ignore[index]
    folder = Path(tempfile.mkdtemp(prefix="kumoban-pg-"))
    postgres._hand_over(folder)
    postgres._initialise(binaries, folder)
    made = Restartable(postgres._run(binaries, folder), binaries)
    postgres._wait(made.server)
    yield made
    made.server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def desk(database: Restartable, tmp_path: Path) -> Iterator[Desk]:
    with desk_on(database.server.create("restarted"), tmp_path) as made:
        yield made


def test_runner_and_pages_go_on_after_the_database_was_away(desk: Desk, database: Restartable) -> None:
    before = desk.assigned()
    runner = desk.start_runner("only")
    away = desk.aws.on(CREATE, "arriving", database.stop)
    number = desk.ask("payments-dev")
    assert away.happened.wait(30), desk.situation()
    _comes_back(desk, database, number, "active")
    away = desk.aws.on(DELETE, "arriving", database.stop)
    desk.end(number)
    assert away.happened.wait(30), desk.situation()
    _comes_back(desk, database, number, "ended")
    assert runner.poll() is None
    assert desk.assigned() == before
    assert desk.aws.done(CREATE) <= 2
    assert desk.kumoban("ledger", "verify").startswith("OK")


def _comes_back(desk: Desk, database: Restartable, number: str, state: str) -> None:
    """No process is started again but the database's own."""
    assert not _answers(desk, number)
    database.start()
    wait_until("every thread serves pages again", lambda: all(_answers(desk, number) for _ in range(20)), 30)
    desk.leases_run_out()
    desk.wait_for(number, state, 40)


def _answers(desk: Desk, number: str) -> bool:
    try:
        return desk.api().get(f"requests/{number}").status_code == 200
    except httpx.HTTPError:
        return False
