"""A newer version starts on the rows of an older one, with a grant in force, and ends it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kumoban_emulator.state.center import Thing
from tests.journeys.desk_processes import desk_on

pytestmark = [pytest.mark.slow, pytest.mark.database]

STORED = Path(__file__).parents[1] / "contract" / "stored_rows"
ROOT = Path(__file__).parents[2]


def rows(what: str, path: Path, environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "tests.contract.stored_rows.rows", what, str(path)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", sorted(STORED.glob("v*.json")), ids=lambda path: path.stem)
def test_a_grant_that_an_older_version_left_in_force_is_ended(path: Path, tmp_path: Path, database_url: str) -> None:
    stored = json.loads(path.read_text("utf-8"))
    (hold,) = stored["rows"]["desk.Hold"]
    (request,) = stored["rows"]["desk.Request"]
    (tmp_path / "ledger.key").write_bytes(bytes.fromhex(stored["ledger_key"]))
    environment = {**os.environ, "KUMOBAN_DATABASE_URL": database_url, "KUMOBAN_DATA_DIR": str(tmp_path)}
    rows("load", path, environment)
    with desk_on(database_url, tmp_path) as desk:
        held = Thing(hold["account_id"], desk.permission_set, "USER", hold["person_id"])
        assert hold["key"].endswith(desk.permission_set.rsplit("/", 1)[-1])
        before = desk.assigned()
        desk.aws.engine.world.center.assign(held, 0.0)
        assert desk.state(request["number"]) == "active"
        desk.ends_in(request["number"], 0)
        desk.start_runner("today")
        desk.wait_for(request["number"], "ended")
        assert desk.assigned() == before
        assert desk.shown(request["number"])["grants"][0]["ended_by"] == "seen_absent"
        assert desk.kumoban("ledger", "verify").startswith("OK")


@pytest.mark.skipif(
    "KUMOBAN_TEST_WRITE_STORED_ROWS" not in os.environ, reason="writes a release's file; see stored_rows/README.md"
)
def test_write_what_this_version_leaves(tmp_path: Path, database_url: str) -> None:
    with desk_on(database_url, tmp_path) as desk:
        desk.start_runner("old")
        number = desk.ask("payments-dev")
        desk.wait_for(number, "active")
        desk.kill_runners()
        rows("dump", STORED / f"{os.environ['KUMOBAN_TEST_WRITE_STORED_ROWS']}.json", desk.environment)
