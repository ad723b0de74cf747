"""``kumoban rules``: tried before they are saved, and kept as a file."""

from __future__ import annotations

import json
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


@command("export", gettext_noop("All rules as YAML, with names beside the ids."), group=rules)
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), default=None, cls=Option)
def export(client: ApiClient, output: Path | None, as_json: bool) -> None:
    told = client.get("rules/export")
    if output is not None:
        output.write_text(told["text"], "utf-8")
        return
    say({"base": told["base"], "rules": told["rules"]}, told["text"].splitlines(), as_json)


@command("plan", gettext_noop("What the rules in FILE would change, and for which past requests."), group=rules)
@click.argument("file", type=_FILE)
def plan(client: ApiClient, file: Path, as_json: bool) -> None:
    told = client.post("rules/plan", _given(client, file))
    say(told, _plan_lines(told), as_json)


@command(
    "apply", gettext_noop("Save the rules in FILE, all of them or none; what is not in it is disabled."), group=rules
)
@click.argument("file", type=_FILE)
@click.option("--yes", is_flag=True, cls=Option, help=gettext_noop("without asking"))
def apply(client: ApiClient, file: Path, yes: bool, as_json: bool) -> None:
    given = _given(client, file)
    if not yes:
        say({}, _plan_lines(client.post("rules/plan", given)), as_json=False)
        click.confirm(_("Save this?"), abort=True)
    told = client.post("rules/apply", given)
    counts = {name: len(told[name]) for name in ("added", "changed", "disabled")}
    say(told, [_("Saved: %(added)s added, %(changed)s changed, %(disabled)s disabled.") % counts], as_json)


def _given(client: ApiClient, file: Path) -> dict[str, Any]:
    """The file; of rules that are in it as they are now only the ids, so that thousands fit into one call."""
    found = _read(file)
    if not isinstance(found, dict) or not isinstance(found.get("rules"), list):
        raise click.ClickException(_("%(file)s is not a file of rules: base and rules are missing.") % {"file": file})
    now = {rule["id"]: rule for rule in client.get("rules/export")["rules"]}
    kept = [
        {"id": one["id"]} if isinstance(one, dict) and one == now.get(one.get("id")) else one for one in found["rules"]
    ]
    return {**found, "rules": kept}


def _plan_lines(told: dict[str, Any]) -> Iterator[str]:
    if told["stale"]:
        yield _("The rules have changed since this file was taken out: it cannot be saved.")
    yield from (f"+ {values['name']}" for values in told["added"])
    for rule in told["changed"]:
        yield f"~ {rule['id']} {rule['name']}"
        for name, side in rule["fields"].items():
            yield f"    {name}: {_json(side['before'])} → {_json(side['after'])}"
    yield from (f"- {rule['id']} {rule['name']} ({_('disabled')})" for rule in told["disabled"])
    if not (told["added"] or told["changed"] or told["disabled"]):
        yield _("Nothing would change.")
    yield from _what_if_lines(told["what_if"])


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


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
