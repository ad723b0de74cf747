"""Checks of an installation that change nothing, each with what to do where it fails."""

from __future__ import annotations

from collections.abc import Callable

import click
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from kumoban.aws.door import door
from kumoban.aws.errors import AwsError

__all__ = ["examine"]


def examine() -> int:
    """Print one line a check; 1 when any failed."""
    checks: tuple[tuple[str, Callable[[], str], str], ...] = (
        ("database", _database, "run: kumoban migrate"),
        ("reader role", _reader, "set KUMOBAN_READER_ROLE and let this machine's identity assume it"),
        ("operator role", _operator, "set KUMOBAN_OPERATOR_ROLE; without it the desk only observes"),
    )
    failed = 0
    for name, check, remedy in checks:
        try:
            click.echo(f"ok    {name}: {check()}")
        except (AwsError, RuntimeError) as error:
            failed += 1
            click.echo(f"FAIL  {name}: {error}\n      → {remedy}")
    return 1 if failed else 0


def _database() -> str:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        raise RuntimeError(f"{len(missing)} migrations are missing")
    return connection.vendor


def _reader() -> str:
    return str(door().open("kumoban-doctor").read("sts", "get_caller_identity")["Arn"])


def _operator() -> str:
    return settings.KUMOBAN_OPERATOR_ROLE or "not set: observe mode, nothing on AWS can be changed"
