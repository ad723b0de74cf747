"""A fresh database for one benchmark, and Django set up on it. Import nothing of Kumoban's before ``fresh``."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests import postgres

__all__ = ["KINDS", "World", "command", "fresh", "one_after_another"]

KINDS = ("sqlite", "postgresql")
#: the tests' server forgoes the disk; a figure must not
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}


@dataclass(frozen=True)
class World:
    """Where a benchmark runs: a folder of its own and a migrated database."""

    folder: Path
    kind: str
    version: str


@contextmanager
def fresh(kind: str, **settings: str) -> Iterator[World]:
    """Bring the database, put ``settings`` into the environment as KUMOBAN_…, migrate; all is removed at the end."""
    with tempfile.TemporaryDirectory(prefix="kumoban-bench-") as name:
        folder = Path(name)
        server = _server() if kind == "postgresql" else None
        try:
            url = server.create("bench") if server else f"sqlite:///{folder / 'bench.sqlite3'}"
            _environment(folder, url, settings)
            yield World(folder, kind, _migrated())
        finally:
            if server:
                server.stop()


def command(module: str, *arguments: str) -> list[str]:
    """A process beside this one, in the same environment."""
    return [sys.executable, "-m", f"benchmarks.{module}", *arguments]


def one_after_another(module: str, arguments: Sequence[str]) -> int:
    """Run a benchmark on each database in a process of its own; their last lines together are the last line."""
    lines, status = [], 0
    for kind in KINDS:
        done = subprocess.run(
            command(module, *arguments, "--database", kind), stdout=subprocess.PIPE, text=True, check=False
        )
        said = done.stdout.strip().splitlines() or [f"{module} on {kind}: broke"]
        print("\n".join(said[:-1]), flush=True)
        lines.append(said[-1])
        status = status or done.returncode
    print("; ".join(lines), flush=True)
    return status


def _server() -> postgres.Server:
    postgres.SETTINGS.update(DURABLE)
    return postgres.start()


def _environment(folder: Path, url: str, settings: dict[str, str]) -> None:
    for name in list(os.environ):
        if name.startswith(("AWS_", "KUMOBAN_")):
            del os.environ[name]
    os.environ.update(
        DJANGO_SETTINGS_MODULE="kumoban.settings",
        AWS_CONFIG_FILE=os.devnull,
        AWS_SHARED_CREDENTIALS_FILE=os.devnull,
        AWS_EC2_METADATA_DISABLED="true",
        KUMOBAN_DATA_DIR=str(folder),
        KUMOBAN_DATABASE_URL=url,
        KUMOBAN_SECRET_KEY=secrets.token_urlsafe(32),
        KUMOBAN_LOG_LEVEL="WARNING",
        **{f"KUMOBAN_{name.upper()}": value for name, value in settings.items()},
    )


def _migrated() -> str:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0, interactive=False)
    with connection.cursor() as cursor:
        cursor.execute("SELECT sqlite_version()" if connection.vendor == "sqlite" else "SHOW server_version")
        return f"{connection.display_name} {cursor.fetchone()[0].split()[0]}"
