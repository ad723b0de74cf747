"""The desk's processes one by one: web and any number of runners, on a practice AWS whose every call can be watched.

AWS is served from a thread of the test, so that a test can act exactly when a call arrives or when it was done and
its answer has not left yet. Nothing in the product knows of it.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import httpx
import psycopg

from kumoban_emulator.server import EmulatorServer
from tests.journeys.conftest import free_port, wait_until

__all__ = ["Desk", "Strike", "desk_on"]

Moment = Literal["arriving", "answering"]
#: a step goes on from look to call only while 20 s of its lease are left
LEASE = 25.0
#: prints the tokens; one process, because each start of Python costs a second
SETTING_UP = """
import json, django
django.setup()
from datetime import timedelta
from django.core.management import call_command
call_command("migrate", interactive=False, verbosity=0)
from kumoban.estate.scan import scan_all
scan_all()
from kumoban.desk.models import Duty, Rule
from kumoban.desk.sign_in import make_token, user_of
from kumoban.estate.models import Person
from kumoban.ledger.clock import database_now
now = database_now()
Duty.objects.create(name="scan", due=now + timedelta(days=365))
Rule.objects.create(name="anything", routine="temporary-access", effect="allow", who={"everyone": True},
    dimensions={"account": ["*"], "environment": ["*"], "permission_set": ["*"]}, limits={"max_minutes": 600},
    approvers=[], changed_at=now)
names = ["sato.misaki", "nakamura.ren", "takahashi.ken", "ito.naoki"]
people = {name: Person.objects.get(user_name=name) for name in names}
print(json.dumps({
    "tokens": {name: make_token(user_of(people[name]), "test", ["read", "ask", "approve"]) for name in names},
    "people": {name: person.pk for name, person in people.items()},
}))
"""


@dataclass
class Strike:
    """Once, at the ``nth`` call of an operation from now on: ``act`` is called in the thread that serves the call."""

    operation: str
    moment: Moment
    act: Callable[[], None]
    nth: int = 1
    happened: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True)
class Call:
    """A call that AWS carried out or refused, when it was done."""

    operation: str
    outcome: str
    at: float


class WatchedAws(EmulatorServer):
    """The practice AWS; it tells its strikes of every call and remembers the mutating ones."""

    def __init__(self, **settings: Any) -> None:
        super().__init__("demo", threads=32, **settings)
        self.strikes: list[Strike] = []
        self.log: list[Call] = []
        self._handle = self.gateway.handle
        self.gateway.handle = self._watched  # type: ignore[method-assign]
        self._lock_strikes = threading.Lock()

    def on(self, operation: str, moment: Moment, act: Callable[[], None], nth: int = 1) -> Strike:
        strike = Strike(operation, moment, act, nth)
        self.strikes.append(strike)
        return strike

    def _watched(self, request: Any) -> Any:
        name = request.headers.get("x-amz-target", "").rpartition(".")[2]
        if not name and b"Action=AssumeRole" in request.body:
            name = "AssumeRole:Operator" if b"KumobanOperator" in request.body else "AssumeRole"
        self._strike(name, "arriving")
        answer = self._handle(request)
        if name in ("CreateAccountAssignment", "DeleteAccountAssignment"):
            self.log.append(Call(name, "ok" if answer.status == 200 else str(answer.status), time.time()))
        self._strike(name, "answering")
        return answer

    def _strike(self, name: str, moment: Moment) -> None:
        with self._lock_strikes:
            due = [strike for strike in self.strikes if (strike.operation, strike.moment) == (name, moment)]
            for strike in due:
                strike.nth -= 1
            now = [strike for strike in due if strike.nth == 0]
            for strike in now:
                self.strikes.remove(strike)
        for strike in now:
            strike.act()
            strike.happened.set()

    def done(self, operation: str) -> int:
        return sum(call.operation == operation and call.outcome == "ok" for call in self.log)


@dataclass
class Desk:
    """A desk whose people may have anything without approval, so that a test is about its processes."""

    aws: WatchedAws
    environment: dict[str, str]
    url: str
    folder: Path
    tokens: dict[str, str]
    people: dict[str, str]
    runners: list[subprocess.Popen[bytes]] = field(default_factory=list)
    #: who asks and looks where a test does not say
    asker: str = "sato.misaki"

    # --- processes

    def start_runner(self, name: str, **environment: str) -> subprocess.Popen[bytes]:
        with (self.folder / "runner.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "kumoban", "runner", "--name", name],
                env={**self.environment, **environment},
                stdout=log,
                stderr=log,
            )
        self.runners.append(process)
        return process

    def pause(self, process: subprocess.Popen[bytes]) -> None:
        """It stops where it stands, but not while it has the database's one lock, which nobody could take from it."""
        while True:
            process.send_signal(signal.SIGSTOP)
            if self._can_be_written():
                return
            process.send_signal(signal.SIGCONT)
            time.sleep(0.02)

    def _can_be_written(self) -> bool:
        url = self.environment["KUMOBAN_DATABASE_URL"]
        if not url.startswith("sqlite"):
            return True
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"), timeout=0.2, isolation_level=None)) as session:
            try:
                session.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return False
            return True

    def kill_runners(self) -> None:
        for process in self.runners:
            process.kill()
        for process in self.runners:
            process.wait(timeout=10)
        self.runners.clear()

    def kumoban(self, *arguments: str) -> str:
        command = [sys.executable, "-m", "kumoban", *arguments]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False, timeout=60)
        return done.stdout.strip() + done.stderr.strip()

    # --- the database, beside the desk

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        url = self.environment["KUMOBAN_DATABASE_URL"]
        if url.startswith("sqlite"):
            with closing(sqlite3.connect(url.removeprefix("sqlite:///"), timeout=20)) as session, session:
                return session.execute(statement).fetchall()
        with psycopg.connect(url, autocommit=True) as session:
            cursor = session.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def leases_run_out(self) -> None:
        """As if the lease had been waited for."""
        self.sql("UPDATE desk_step SET lease_until = '2020-01-01 00:00:00' WHERE lease_until IS NOT NULL")

    def ends_in(self, number: str, seconds: float) -> float:
        """The grants are aged, so that they are due after ``seconds``; when that is, in seconds since 1970."""
        due = datetime.fromtimestamp(time.time() + seconds, UTC)
        of = f"(SELECT id FROM desk_request WHERE number = '{number}')"  # noqa: S608
        at = due.strftime("%Y-%m-%d %H:%M:%S.%f")
        zone = "" if self.environment["KUMOBAN_DATABASE_URL"].startswith("sqlite") else "+00:00"
        self.sql(f"UPDATE desk_hold SET ends_at = '{at}{zone}' WHERE request_id = {of}")  # noqa: S608
        self.sql(f"UPDATE desk_step SET due = '{at}{zone}' WHERE request_id = {of} AND kind = 'end'")  # noqa: S608
        return due.timestamp()

    def entries(self, kind: str, number: str) -> list[dict[str, Any]]:
        where = f"kind = '{kind}' AND subject = '{number}'"
        rows = self.sql(f"SELECT body FROM ledger_entry WHERE {where} ORDER BY seq")  # noqa: S608
        return [json.loads(body)["facts"] for (body,) in rows]

    # --- people

    def api(self, name: str = "") -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.tokens[name or self.asker]}"}
        return httpx.Client(base_url=f"{self.url}/api/v1/", headers=headers, timeout=30)

    def ask(self, *accounts: str, workers: tuple[str, ...] = ("sato.misaki",), until: str = "30m") -> str:
        form = {
            "accounts": [self.account(name) for name in accounts],
            "permission_set": self.permission_set,
            "workers": [self.people[name] for name in workers],
            "until": until,
            "reason": "決済エラーの調査",
        }
        answer = self.api().post("requests", json={"routine": "temporary-access", "form": form})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["number"])

    def end(self, number: str) -> None:
        answer = self.api().post(f"requests/{number}/end")
        assert answer.status_code == 200, answer.text

    def shown(self, number: str) -> dict[str, Any]:
        return dict(self.api().get(f"requests/{number}").json())

    def state(self, number: str) -> str:
        return str(self.shown(number)["state"])

    def wait_for(self, number: str, state: str, seconds: float = 30) -> None:
        try:
            wait_until(f"{number} is {state}", lambda: self.state(number) == state, seconds)
        except AssertionError as late:
            raise AssertionError(f"{late}; it is {self.state(number)}; {self.situation()}") from late

    def situation(self) -> str:
        """For the message of a failing test."""
        columns = "request_id, kind, phase, due, lease_by, lease_until, attempts, error"
        steps = self.sql(f"SELECT {columns} FROM desk_step ORDER BY id DESC LIMIT 6")  # noqa: S608
        said = (self.folder / "runner.log").read_text()[-3000:]
        return "\n".join([*map(str, steps), *map(str, self.sql("SELECT * FROM desk_lock")), said])

    # --- AWS, as somebody else sees it

    @property
    def permission_set(self) -> str:
        found = self.aws.engine.world.center.set_named("LogReader")
        assert found is not None
        return found.arn

    def account(self, name: str) -> str:
        accounts = self.aws.engine.world.organization.accounts.values()
        return next(account.id for account in accounts if account.name == name)

    def assigned(self, *accounts: str) -> set[tuple[str, str]]:
        """(account, person) who have the permission set now; pending operations are completed first."""
        self.aws.engine.settle()
        world = self.aws.engine.world.center.assigned
        wanted = accounts or [account.name for account in self.aws.engine.world.organization.accounts.values()]
        return {
            (name, person)
            for name in wanted
            for kind, person in world.get((self.account(name), self.permission_set), {})
            if kind == "USER"
        }


@contextmanager
def desk_on(database_url: str, folder: Path, **environment: str) -> Iterator[Desk]:
    """A desk on an empty database, its estate read, its pages served; runners are started by the test."""
    with WatchedAws(state=folder / "emulator", creation_delay=0.05, deletion_delay=0.05, enforce_limits=False) as aws:
        port, management = free_port(), aws.engine.world.organization.management
        keys = folder / "emulator" / "aws"
        chosen = {
            **os.environ,
            "AWS_CONFIG_FILE": str(keys / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(keys / "credentials"),
            "KUMOBAN_DATABASE_URL": database_url,
            "KUMOBAN_DATA_DIR": str(folder),
            "KUMOBAN_DEMO": "1",
            "KUMOBAN_BASE_URL": f"http://127.0.0.1:{port}",
            "KUMOBAN_AWS_PROFILE": "kumoban-desk",
            "KUMOBAN_AWS_ENDPOINT_URL": aws.endpoint_url,
            "KUMOBAN_READER_ROLE": aws.role_arn("KumobanReader"),
            "KUMOBAN_OPERATOR_ROLE": aws.role_arn("KumobanOperator"),
            "KUMOBAN_IDENTITY_SOURCE": "identity-center",
            "KUMOBAN_ACCOUNT_EMAIL": "aws+{name}@example.com",
            "KUMOBAN_ENABLED_REGIONS": "ap-northeast-1",
            "KUMOBAN_MANAGEMENT_ROLE": f"arn:aws:iam::{management}:role/KumobanManagement",
            "KUMOBAN_LEASE_SECONDS": str(LEASE),
            **environment,
        }
        made = _set_up(chosen)
        with (folder / "web.log").open("ab") as log:
            command = [sys.executable, "-m", "kumoban", "web", "--port", str(port)]
            web = subprocess.Popen(command, env=chosen, stdout=log, stderr=log)
        desk = Desk(aws, chosen, f"http://127.0.0.1:{port}", folder, made["tokens"], made["people"])
        try:
            wait_until("the pages are served", lambda: _answers(desk.url), 120)
            yield desk
        finally:
            for process in desk.runners:
                process.send_signal(signal.SIGCONT)
            desk.kill_runners()
            web.kill()
            web.wait(timeout=10)


def _set_up(environment: dict[str, str]) -> dict[str, Any]:
    quick = {**environment, "KUMOBAN_AWS_LIMITS": "0"}
    done = subprocess.run(
        [sys.executable, "-c", SETTING_UP], env=quick, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/sign-in", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False
