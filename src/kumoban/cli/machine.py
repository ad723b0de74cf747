"""The commands on the machine itself: they start processes, keep the database and the record, and decide nothing."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kumoban.cli.language import gettext as _
from kumoban.cli.language import gettext_noop, ngettext
from kumoban.cli.spoken import Command, Group, Option, as_json, print_json

if TYPE_CHECKING:
    from kumoban.estate.models import Person

__all__ = ["COMMANDS", "start_django"]


def start_django() -> None:
    import django

    django.setup()


@click.command(
    cls=Command,
    help=gettext_noop("Run the practice AWS, the web pages and the runner together, with the demo's people."),
)
@click.option("--port", default=8420, show_default=True, cls=Option)
@click.option("--data", default="var/demo", show_default=True, type=click.Path(path_type=Path), cls=Option)
@click.option("--emulator-port", default=4600, show_default=True, cls=Option)
def demo(port: int, data: Path, emulator_port: int) -> None:
    from kumoban.cli.demo import run_demo

    sys.exit(run_demo(port, data.resolve(), emulator_port))


@click.command(cls=Command, help=gettext_noop("Bring the database up to this version."))
@as_json
def migrate(as_json: bool) -> None:
    start_django()
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    applied = [f"{migration.app_label}.{migration.name}" for migration, _backwards in missing]
    call_command("migrate", interactive=False, verbosity=0)
    if as_json:
        print_json({"applied": applied})
        return
    for name in applied:
        click.echo(f"  {name}")
    n = len(applied)
    said = ngettext("%(n)d change of the database was made.", "%(n)d changes of the database were made.", n)
    click.echo(said % {"n": n} if n else _("The database is up to date."))


@click.command(cls=Command, help=gettext_noop("Serve the pages and the API."))
@click.option("--port", default=8420, show_default=True, cls=Option)
@click.option("--host", default="127.0.0.1", show_default=True, cls=Option)
@click.option("--threads", default=8, show_default=True, cls=Option)
def web(port: int, host: str, threads: int) -> None:
    start_django()
    from django.urls import get_resolver
    from waitress import serve

    from kumoban.wsgi import application

    get_resolver().resolve("/sign-in")  # reads every page's module now, so that no first visitor waits a second for it
    serve(application, host=host, port=port, threads=threads, ident="kumoban")


@click.command(cls=Command, help=gettext_noop("Run a node: ends, applies, checks, duties."))
@click.option("--name", default="", cls=Option, help=gettext_noop("this node's name"))
def runner(name: str) -> None:
    start_django()
    from kumoban.desk.runner import Runner

    node = Runner(name)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: node.stop())
    node.run()


@click.command(
    cls=Command,
    help=gettext_noop("Run the practice AWS (python -m kumoban_emulator)."),
    context_settings={"ignore_unknown_options": True},
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def emulator(arguments: tuple[str, ...]) -> None:
    os.execv(sys.executable, [sys.executable, "-m", "kumoban_emulator", *arguments])  # noqa: S606


@click.command(cls=Command, help=gettext_noop("Read the whole estate from AWS once."))
@as_json
def scan(as_json: bool) -> None:
    start_django()
    from kumoban.estate.scan import scan_all

    read: list[str] = []
    scan_all(read.append if as_json else click.echo)
    if as_json:
        print_json({"read": read})


@click.command("demo-rules", hidden=True)
def demo_rules() -> None:
    """What the demo begins with: rules for every team, the account register, a day's requests, a thing to notice."""
    start_django()
    from kumoban.cli.demo_day import fill_day
    from kumoban.cli.demo_drift import assign_past_the_desk
    from kumoban.cli.demo_register import fill_register
    from kumoban.desk.rule_book import templates_for_every_team

    templates_for_every_team()
    fill_register()
    fill_day()
    assign_past_the_desk()


@click.command(
    cls=Command, help=gettext_noop("Make a personal API token for somebody (on the machine, by its administrator).")
)
@click.argument("user_name")
@click.option("--scope", "scopes", multiple=True, default=("read", "ask", "approve"), show_default=True, cls=Option)
@as_json
def token(user_name: str, scopes: tuple[str, ...], as_json: bool) -> None:
    start_django()
    from kumoban.desk.sign_in import make_token, user_of

    made = make_token(user_of(_person(user_name)), "command line", list(scopes))
    if as_json:
        print_json({"user_name": user_name, "scopes": list(scopes), "token": made})
    else:
        click.echo(made)


@click.command(
    "machine-token",
    cls=Command,
    help=gettext_noop("Make the API token of a system outside, which reads what waits for a decision there."),
)
@click.argument("system")
@click.option("--days", type=click.IntRange(1, 365), default=90, show_default=True, cls=Option)
@as_json
def machine_token(system: str, days: int, as_json: bool) -> None:
    start_django()
    from kumoban.desk.machines import MachineTokenForm, make_machine_token, systems

    if system not in systems():
        known = ", ".join(systems()) or "—"
        raise click.ClickException(
            _("%(name)s is not among KUMOBAN_OUTSIDE_SYSTEMS (%(known)s).") % {"name": system, "known": known}
        )
    _made, secret = make_machine_token(None, MachineTokenForm(system=system, days=days))
    if as_json:
        print_json({"system": system, "days": days, "token": secret})
    else:
        click.echo(secret)


@click.command(cls=Command, help=gettext_noop("Revoke all API tokens of somebody."))
@click.argument("user_name")
@as_json
def revoke(user_name: str, as_json: bool) -> None:
    start_django()
    from kumoban.desk.sign_in import revoke_all_tokens, user_of

    revoked = revoke_all_tokens(user_of(_person(user_name)))
    if as_json:
        print_json({"user_name": user_name, "revoked": revoked})
    else:
        click.echo(_("%(n)d tokens revoked.") % {"n": revoked})


def _person(user_name: str) -> Person:
    from kumoban.estate.models import Person

    person = Person.objects.filter(user_name=user_name, absent_since=None).first()
    if person is None:
        raise click.ClickException(_("There is nobody called %(name)s in the directory.") % {"name": user_name})
    return person


@click.command(cls=Command, help=gettext_noop("Check this installation, changing nothing."))
@as_json
def doctor(as_json: bool) -> None:
    start_django()
    from kumoban.cli.doctor import examine

    checks = []
    for check in examine():
        checks.append(check)
        if not as_json:
            click.echo(check.line())
    if as_json:
        print_json([check.stored() for check in checks])
    sys.exit(0 if all(check.ok for check in checks) else 1)


@click.group(cls=Group, help=gettext_noop("The record."))
def ledger() -> None:
    """A group of its own: more than one thing is done with the record."""


@ledger.command("verify", help=gettext_noop("Read the whole record and say whether it was touched."))
@as_json
def ledger_verify(as_json: bool) -> None:
    start_django()
    from kumoban.ledger.verify import verify

    verdict = verify()
    if as_json:
        print_json({"entries": verdict.entries, "whole": verdict.whole, "faults": verdict.faults})
    elif verdict.whole:
        click.echo(_("OK: %(n)d entries, the chain is whole.") % {"n": verdict.entries})
    else:
        for seq, code in verdict.faults:
            click.echo(_("entry %(seq)s: %(code)s") % {"seq": seq, "code": code})
    sys.exit(0 if verdict.whole else 1)


@ledger.command("erase", help=gettext_noop("Erase names and free text of entries; the chain goes on proving the rest."))
@click.argument("entries", nargs=-1, type=int, required=True)
@click.option("--reason", required=True, help=gettext_noop("why, for the record"), cls=Option)
@as_json
def ledger_erase(entries: tuple[int, ...], reason: str, as_json: bool) -> None:
    start_django()
    from kumoban.ledger.record import SYSTEM, erase_texts

    erased = erase_texts(list(entries), actor=SYSTEM, reason=reason)
    if as_json:
        print_json({"erased": erased})
    else:
        click.echo(_("%(n)d texts erased.") % {"n": erased})


@ledger.command("export", help=gettext_noop("Put what is new into the locked store now, and read all of it back."))
def ledger_export() -> None:
    start_django()
    from kumoban.aws.errors import AwsError
    from kumoban.desk.archive import ExportFault, archived, export, verify_export

    if not archived().configured:
        raise click.ClickException(_("KUMOBAN_ARCHIVE_BUCKET and KUMOBAN_ARCHIVE_ROLE are not set"))
    try:
        exported, verified = export(), verify_export()
    except (AwsError, ExportFault) as wrong:
        raise click.ClickException(str(wrong)) from wrong
    told = _("%(n)s entries were put, %(parts)s parts read back; the store holds the ledger up to entry %(until)s.")
    click.echo(told % {"n": exported, "parts": verified, "until": archived().until})


@ledger.command(
    "accept",
    help=gettext_noop("Go on from a restored, older record; the seals of what was lost are kept. See: kumoban orphans"),
)
@click.option("--reason", required=True, help=gettext_noop("why, for the record"), cls=Option)
@as_json
def ledger_accept(reason: str, as_json: bool) -> None:
    start_django()
    from kumoban.ledger.seal import accept

    try:
        aside = accept(reason)
    except ValueError as error:
        raise click.ClickException(_("The record contains what was sealed; there is nothing to accept.")) from error
    if as_json:
        print_json({"kept": str(aside)})
    else:
        click.echo(_("Work goes on. The seals of what was lost are in %(file)s") % {"file": aside})


COMMANDS = (demo, migrate, web, runner, emulator, scan, demo_rules, token, machine_token, revoke, doctor, ledger)
