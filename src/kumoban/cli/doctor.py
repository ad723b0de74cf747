"""Checks of an installation that change nothing, each with what to do where it fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from kumoban.aws.door import door
from kumoban.aws.errors import AwsError
from kumoban.cli.language import gettext, gettext_noop, ngettext
from kumoban.desk.notices.lanes import configured
from kumoban.desk.notices.outbox import figures

__all__ = ["Check", "examine"]


@dataclass(frozen=True)
class Check:
    """One thing looked at: what was found, and what to do where it is not as it should be."""

    name: str
    ok: bool
    found: str
    remedy: str = ""

    def stored(self) -> dict[str, Any]:
        return asdict(self)

    def line(self) -> str:
        mark = "ok  " if self.ok else "FAIL"
        return f"{mark}  {gettext(self.name)}: {self.found}" + (f"\n      → {self.remedy}" if self.remedy else "")


def examine() -> list[Check]:
    return [_examined(name, look, remedy) for name, look, remedy in _CHECKS]


def _examined(name: str, look: Callable[[], str], remedy: str) -> Check:
    try:
        return Check(name, True, look())
    except (AwsError, RuntimeError) as error:
        return Check(name, False, str(error), gettext(remedy))


def _database() -> str:
    executor = MigrationExecutor(connection)
    missing = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    if missing:
        said = ngettext("%(n)d change of the database is missing", "%(n)d changes of the database are missing", missing)
        raise RuntimeError(said % {"n": missing})
    return connection.vendor


def _reader() -> str:
    return str(door().open("kumoban-doctor").read("sts", "get_caller_identity")["Arn"])


def _operator() -> str:
    return settings.KUMOBAN_OPERATOR_ROLE or gettext("not set: observe mode, nothing on AWS can be changed")


def _notices() -> str:
    """Notices that do not get out are found here before somebody misses one."""
    lanes, now = configured(), figures()
    if not lanes:
        return gettext("no mail, no Slack, no webhook is set: nobody is told anything")
    said = gettext("%(lanes)s; due: %(waiting)d, late: %(late)d, given up this week: %(given_up)d")
    told = said % {"lanes": ", ".join(lanes), **now.__dict__}
    if not now.healthy:
        raise RuntimeError(told)
    return told


_CHECKS: tuple[tuple[str, Callable[[], str], str], ...] = (
    (gettext_noop("database"), _database, gettext_noop("run: kumoban migrate")),
    (
        gettext_noop("reader role"),
        _reader,
        gettext_noop("set KUMOBAN_READER_ROLE and let this machine's identity assume it"),
    ),
    (
        gettext_noop("operator role"),
        _operator,
        gettext_noop("set KUMOBAN_OPERATOR_ROLE; without it the desk only observes"),
    ),
    (
        gettext_noop("notices"),
        _notices,
        gettext_noop("see the runner's log and the page Work; mend the channel, then send again"),
    ),
)
