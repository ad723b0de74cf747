"""Taking in what other tools knew, on the machine itself. What is not understood is told by its line."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kumoban.cli.language import gettext as _
from kumoban.cli.language import gettext_noop, language
from kumoban.cli.machine import start_django
from kumoban.cli.spoken import Group, Option, as_json, print_json

if TYPE_CHECKING:
    from kumoban.core.reason import Reason

__all__ = ["COMMANDS"]

#: lines refused that are shown
_SHOWN = 50


@click.group("import", cls=Group, help=gettext_noop("Take in what other tools knew."))
def take_in() -> None:
    """A group of its own: history, and what a tool in use before had."""


@take_in.command(
    "history",
    help=gettext_noop("A CSV of who had what: person, account, permission set, start, end. Taken once, never twice."),
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@as_json
def history(file: Path, as_json: bool) -> None:
    start_django()
    from kumoban.desk.past import judge_past, take_csv

    taken = take_csv(_decoded(file.read_bytes()))
    judged = judge_past()
    refused = [{"line": line, "code": why.code, "detail": _said(why)} for line, why in taken.refused]
    if as_json:
        print_json({"rows": taken.rows, "new": taken.new, "judged": judged, "refused": refused})
    else:
        for one in refused[:_SHOWN]:
            click.echo(_("line %(line)s: %(why)s") % {"line": one["line"], "why": one["detail"]})
        said = _("%(rows)s lines understood, %(new)s of them new; %(refused)s refused.")
        click.echo(said % {"rows": taken.rows, "new": taken.new, "refused": len(refused)})
    sys.exit(1 if refused else 0)


def _decoded(content: bytes) -> str:
    """UTF-8, or as Japanese spreadsheets write it."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp932", errors="replace")


def _said(why: Reason) -> str:
    from django.utils import translation

    from kumoban.desk.words import say

    with translation.override(language()):
        return say(why)


@take_in.command(
    "team",
    help=gettext_noop("AWS's TEAM sample: a folder or file of its DynamoDB export. Shows what would be made."),
)
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option("--apply", "apply_it", is_flag=True, cls=Option, help=gettext_noop("make the rules, take the history"))
@click.option("--enable", is_flag=True, cls=Option, help=gettext_noop("make the rules enabled at once"))
@click.option("--nested-ous", is_flag=True, cls=Option, help=gettext_noop("OUs with all below them: wider than TEAM's"))
@as_json
def team(path: Path, apply_it: bool, enable: bool, nested_ous: bool, as_json: bool) -> None:
    start_django()
    from kumoban.desk.from_team import history_rows, propose, read_export, save
    from kumoban.desk.past import judge_past, keep

    export = read_export(path)
    proposed = propose(export, nested=nested_ous)
    rows, refused_rows = history_rows(export)
    made = save(proposed, enabled=enable) if apply_it else 0
    new = keep("team", rows) if apply_it and rows else 0
    if new:
        judge_past()
    told = {
        "rules": [{**one.values, "notes": [_said(note) for note in one.notes]} for one in proposed.rules],
        "notes": [_said(note) for note in proposed.notes],
        "refused": [{"name": name, "detail": _said(why)} for name, why in (*proposed.refused, *refused_rows)],
        "history": len(rows),
        "unread": export.unread,
        "unknown": export.unknown,
        "made": made,
        "new": new,
    }
    if as_json:
        print_json(told)
        return
    for line in _team_lines(told, applied=apply_it):
        click.echo(line)


def _team_lines(told: dict[str, Any], *, applied: bool) -> Iterator[str]:
    for rule in told["rules"]:
        places, sets = (len(rule["dimensions"][name]) for name in ("account", "permission_set"))
        said = _("+ %(name)s: %(places)s accounts or OUs, %(sets)s permission sets, %(minutes)s minutes")
        counts = {"places": places, "sets": sets, "minutes": rule["limits"]["max_minutes"]}
        yield said % {"name": rule["name"], **counts}
        yield from (f"    {note}" for note in rule["notes"])
    yield from (_("✕ %(name)s: %(why)s") % {"name": one["name"], "why": one["detail"]} for one in told["refused"])
    yield from told["notes"]
    if told["unread"] or told["unknown"]:
        said = _("Not of TEAM: %(items)s items, files %(files)s")
        yield said % {"items": told["unknown"], "files": ", ".join(told["unread"]) or "-"}
    if applied:
        said = _("%(made)s rules made, %(new)s rows of history taken.")
        yield said % {"made": told["made"], "new": told["new"]}
    else:
        said = _("Nothing was made: %(rules)s rules, %(history)s rows of history would be. Again with --apply.")
        yield said % {"rules": len(told["rules"]), "history": told["history"]}


COMMANDS = (take_in,)
