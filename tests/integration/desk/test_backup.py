"""Backup and restore, rehearsed: a desk put back ends what is due, applies nothing, and finds what it lost."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection, connections
from django.test import Client

from kumoban.desk import requests
from kumoban.desk.models import Hold, Request
from kumoban.desk.orphans import find_orphans
from kumoban.desk.runner import Runner
from kumoban.ledger.record import writing
from kumoban.ledger.seal import WentBack, seal_head, went_back
from kumoban.ledger.verify import verify
from tests.integration.cli.test_machine import run
from tests.integration.desk.practice import Practice, practice_desk


@pytest.fixture
def desk(emptied_ledger: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Practice]:
    cache.clear()
    with practice_desk(monkeypatch, tmp_path) as made:
        yield made


def saved(folder: Path) -> Callable[[], None]:
    """Make a backup as the documentation says; what is returned restores it."""
    return _dumped(folder) if connection.vendor == "postgresql" else _backed_up(folder)


def _backed_up(folder: Path) -> Callable[[], None]:
    file = folder / "desk.backup"
    answer = run("backup", str(file))
    assert answer.exit_code == 0, answer.output
    assert file.stat().st_mode & 0o077 == 0

    def back() -> None:
        refused = run("restore", str(file))
        assert "already" in refused.output
        answer = run("restore", str(file), "--replace")
        assert answer.exit_code == 0, answer.output

    return back


def _dumped(folder: Path) -> Callable[[], None]:
    assert run("backup", str(folder / "x")).exit_code == 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT setting FROM pg_config WHERE name = 'BINDIR'")
        binaries, file = Path(cursor.fetchone()[0]), folder / "desk.dump"
    if not (binaries / "pg_dump").exists():
        pytest.skip(f"no pg_dump in {binaries}")
    name, host = str(connection.settings_dict["NAME"]), str(connection.settings_dict["HOST"])
    reached = ["--host", host, "--username", "kumoban"]
    subprocess.run([binaries / "pg_dump", *reached, "--format=custom", f"--file={file}", name], check=True)

    def back() -> None:
        connections.close_all()
        options = ["--clean", "--if-exists", "--single-transaction", "--dbname", name]
        subprocess.run([binaries / "pg_restore", *reached, *options, file], check=True)

    return back


def test_a_desk_put_back_neither_forgets_nor_applies_again(desk: Practice, tmp_path: Path) -> None:
    before = desk.granted("sato")
    waiting = desk.ask("suzuki", accounts=("payments-data-prod",))
    seal_head()
    put_back = saved(tmp_path)
    lost = desk.granted("ren", accounts=("payments-data-prod",))
    seal_head()
    put_back()
    desk.runner = Runner("started-anew", threads=4)  # no node runs while a backup is put back

    assert not Request.objects.filter(number=lost.number).exists()
    assert went_back()
    assert "seal_differs" in {code for _seq, code in verify().faults}
    with pytest.raises(WentBack):
        seal_head()

    # what was made since is found, and nothing else; nothing is removed
    [orphan] = find_orphans()
    assert (orphan.request, orphan.known, orphan.person) == (lost.number, False, "Ren")
    assert lost.number in run("orphans").output
    assert json.loads(run("orphans", "--json").output)[0]["account"] == "payments-data-prod"
    there = {person for _account, person in desk.assigned()}
    assert {desk.user("sato"), desk.user("ren")} <= there

    # nothing new is applied, and what is due ends
    requests.approve(desk.actor("tanaka"), waiting.number, plan_digest=waiting.plan.digest if waiting.plan else "")
    desk.later(waiting, timedelta(minutes=1))
    assert waiting.state == "approved"
    before.refresh_from_db()
    assert desk.later(before, timedelta(minutes=40)).state in ("ending", "ended")
    desk.until(before, "ended")
    assert Hold.objects.get(request=before).ended_by == "seen_absent"
    assert "backup was restored" in Client().get("/sign-in", headers={"Accept-Language": "en"}).content.decode()


def test_when_it_is_accepted_work_goes_on_and_the_seals_of_what_was_lost_stay(desk: Practice, tmp_path: Path) -> None:
    seal_head()
    put_back = saved(tmp_path)
    desk.granted("ren")
    seal_head()
    put_back()
    assert run("ledger", "accept", "--reason", "復元した").exit_code == 0
    assert not went_back()
    assert verify().whole
    kept = list(Path(settings.KUMOBAN_LEDGER_SEAL_FILE).parent.glob("seal.lost-*"))
    assert len(kept) == 1
    assert run("ledger", "accept", "--reason", "もう一度").exit_code == 1
    desk.granted("sato", accounts=("payments-data-prod",))


def test_what_has_ended_or_was_made_by_hand_is_no_orphan(desk: Practice) -> None:
    desk.ended(desk.granted("sato"))
    desk.granted("ren")
    desk.admin("sso-admin").create_account_assignment(**desk.thing("suzuki"))
    desk.aws.admin.advance(5)
    assert find_orphans() == []
    assert run("orphans").exit_code == 0


@pytest.mark.sqlite
def test_a_file_that_is_no_backup_or_damaged_changes_nothing(desk: Practice, tmp_path: Path) -> None:
    made = desk.ask("sato")
    nothing, damaged = tmp_path / "nothing", tmp_path / "damaged"
    nothing.write_bytes(b"not a tar")
    run("backup", str(damaged))
    content = bytearray(damaged.read_bytes())
    content[2048:40_000] = b"\0" * (40_000 - 2048)
    damaged.write_bytes(bytes(content))
    assert "no backup" in run("restore", str(nothing), "--replace").output
    assert run("restore", str(damaged), "--replace").exit_code == 1
    assert Request.objects.get().number == made.number


@pytest.mark.sqlite
def test_a_backup_taken_while_somebody_writes_is_whole(desk: Practice, tmp_path: Path) -> None:
    with writing():
        desk.ask("sato")
        assert run("backup", str(tmp_path / "b")).exit_code == 0
    assert "already" in run("backup", str(tmp_path / "b")).output
