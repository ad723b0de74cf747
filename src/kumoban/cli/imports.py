"""Taking in what other tools knew, on the machine itself. What is not understood is told by its line."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kumoban.cli.language import gettext as _
from kumoban.cli.language import gettext_noop, language
from kumoban.cli.machine import start_django
from kumoban.cli.spoken import Group, as_json, print_json

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


COMMANDS = (take_in,)
