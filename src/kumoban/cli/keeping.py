"""Backup, restore, and what the desk made on AWS but no longer knows."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from kumoban.cli.language import columns, gettext_noop, local
from kumoban.cli.language import gettext as _
from kumoban.cli.machine import start_django
from kumoban.cli.spoken import Command, Option, as_json, print_json

__all__ = ["COMMANDS"]

_WHY = {
    "not_sqlite": gettext_noop("This is for SQLite. PostgreSQL: pg_dump and pg_restore (docs/operator/backup)."),
    "exists": gettext_noop("There is something at this place already."),
    "not_a_backup": gettext_noop("This is no backup of Kumoban."),
    "broken": gettext_noop("The database in it is damaged, or none of Kumoban's."),
}


@click.command(cls=Command, help=gettext_noop("Copy the database (SQLite) and the seal into one file, while all runs."))
@click.argument("file", type=click.Path(path_type=Path))
@as_json
def backup(file: Path, as_json: bool) -> None:
    start_django()
    from kumoban.desk.backup import back_up

    made = _done(lambda: back_up(file.resolve()))
    if as_json:
        print_json({"file": str(file), **made})
        return
    click.echo(_("%(n)s entries of the ledger, and what belongs to them, are in %(file)s") % _told(made, file))
    click.echo(_("The keys are not in it: keep ledger.key and secret.key apart."))


@click.command(cls=Command, help=gettext_noop("Put the database of a backup in place; stop all processes before."))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--replace", is_flag=True, cls=Option, help=gettext_noop("set aside the database that is there"))
@as_json
def restore(file: Path, replace: bool, as_json: bool) -> None:
    start_django()
    from kumoban.desk.backup import restore as put_back

    made = _done(lambda: put_back(file.resolve(), replace=replace))
    if as_json:
        print_json({"file": str(file), **made})
        return
    click.echo(_("%(n)s entries of the ledger, and what belongs to them, are back from %(file)s") % _told(made, file))
    click.echo(_("Now: kumoban migrate, kumoban ledger verify, kumoban scan, kumoban orphans"))


def _done(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    from kumoban.desk.backup import NotPossible

    try:
        return work()
    except NotPossible as refused:
        raise click.ClickException(_(_WHY[refused.code])) from refused


def _told(made: dict[str, Any], file: Path) -> dict[str, Any]:
    return {"n": made["entries"], "file": file}


@click.command(
    cls=Command,
    help=gettext_noop("Assignments the desk made and no longer knows, by CloudTrail; nothing is removed."),
)
@click.option("--days", default=90, show_default=True, type=click.IntRange(1, 90), cls=Option)
@as_json
def orphans(days: int, as_json: bool) -> None:
    start_django()
    from datetime import timedelta

    from kumoban.aws.errors import AwsError
    from kumoban.desk.orphans import find_orphans

    try:
        found = find_orphans(timedelta(days=days))
    except AwsError as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        print_json([{**asdict(one), "made_at": one.made_at.isoformat()} for one in found])
    elif found:
        rows = [
            (one.request, one.person, one.account, one.permission_set, local(one.made_at.isoformat()), one.event)
            for one in found
        ]
        head = (_("Number"), _("Person"), _("Account"), _("Permission set"), _("Made"), "CloudTrail")
        click.echo("\n".join(columns(head, rows)))
        click.echo(_("Remove them by hand: the desk removes nothing that it does not know."))
    else:
        click.echo(_("None: every assignment the desk made and that is there is held by a grant in force."))
    sys.exit(1 if found else 0)


COMMANDS = (backup, restore, orphans)
