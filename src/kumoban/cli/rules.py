"""``kumoban rules``: tried before they are saved, and kept as a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from kumoban.cli.api_client import ApiClient
from kumoban.cli.language import gettext as _
from kumoban.cli.language import gettext_noop, local
from kumoban.cli.remote import COMMANDS, command, say
from kumoban.cli.spoken import Group, Option
from kumoban.core.plain_yaml import NotRead, load

__all__: list[str] = []

KINDS = {
    "refused": gettext_noop("would now be refused"),
    "rerouted": gettext_noop("would need other approvals"),
    "allowed": gettext_noop("would now be allowed"),
}


@click.group("rules", cls=Group, help=gettext_noop("The rules: what a change would mean, before it is saved."))
def rules() -> None:
    """Tried before they are saved."""


COMMANDS.append(rules)
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@command("what-if", gettext_noop("What saving the rule in FILE (YAML or JSON) would have meant."), group=rules)
@click.argument("file", type=_FILE)
@click.option(
    "--replaces", type=int, default=None, cls=Option, help=gettext_noop("in place of the rule of this number")
)
@click.option("--days", default=90, show_default=True, cls=Option, help=gettext_noop("how far back"))
def what_if(client: ApiClient, file: Path, replaces: int | None, days: int, as_json: bool) -> None:
    told = client.post("rules/what-if", {"rule": _read(file), "replaces": replaces, "days": days})
    say(told, _what_if_lines(told), as_json)


def _read(file: Path) -> Any:
    try:
        return load(file.read_text("utf-8"))
    except (NotRead, UnicodeDecodeError) as error:
        line = error.line if isinstance(error, NotRead) else 1
        said = _("%(file)s, line %(line)s: this is not understood. Put text with special characters in quotes.")
        raise click.ClickException(said % {"file": file, "line": line}) from error


def _what_if_lines(told: dict[str, Any]) -> Iterator[str]:
    yield _("%(n)s requests decided again") % {"n": told["replayed"]}
    yield from (f"  {told[kind]} {_(title)}" for kind, title in KINDS.items())
    yield _("  %(n)s as before") % {"n": told["unchanged"]}
    for change in told["changes"]:
        yield ""
        number, who = change["request"] or _("before the desk"), change["requester"]
        yield f"{number} {local(change['at'])} {who}: {_(KINDS[change['change']])}"
        yield from (f"  {' · '.join(value for value in thing.values() if value)}" for thing in change["names"])
        yield f"  - {_side(change['before'])}"
        yield f"  + {_side(change['after'])}"
    if told["untold"]:
        yield _("%(n)s older ones are counted and not listed.") % {"n": told["untold"]}


def _side(side: dict[str, Any]) -> str:
    if not side["allowed"]:
        return _("refused") + ": " + " ".join(reason["detail"] for reason in side["reasons"])
    who = ", ".join(f"{slot['count']} × {', '.join(slot['names'])}" for slot in side["approvals"])
    return f"{_('Approval')}: {who}" if who else _("without approval")
