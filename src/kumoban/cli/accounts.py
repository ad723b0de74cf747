"""``kumoban accounts``: the account register, read and kept from the command line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from kumoban.cli.api_client import ApiClient
from kumoban.cli.language import columns, gettext_noop, local
from kumoban.cli.language import gettext as _
from kumoban.cli.remote import COMMANDS, command, say
from kumoban.cli.spoken import Group, Option

__all__: list[str] = []


@click.group("accounts", cls=Group, help=gettext_noop("The account register."))
def accounts() -> None:
    """What people know of each account."""


COMMANDS.append(accounts)


@command("list", gettext_noop("The accounts you may see."), group=accounts)
@click.option("--search", "q", default="", cls=Option)
@click.option("--team", default="", cls=Option)
@click.option("--environment", default="", cls=Option)
@click.option("--gap", default="", cls=Option, help=gettext_noop("only with this gap, such as no_owner or owner_gone"))
def list_(client: ApiClient, as_json: bool, **wanted: str) -> None:
    found = list(_every(client, wanted))
    say(found, _list_lines(found), as_json)


def _every(client: ApiClient, wanted: dict[str, str]) -> Iterator[dict[str, Any]]:
    offset = 0
    while page := client.get("accounts", **wanted, offset=offset):
        yield from page
        offset += len(page)


def _list_lines(found: list[dict[str, Any]]) -> list[str]:
    if not found:
        return [_("Nothing fits.")]
    names = ("product", "environment", "owner", "deputy", "confirmed_on")
    rows = [(one["id"], one["name"], *(_marked(one, name) for name in names)) for one in found]
    head = (_("Account ID"), _("Account name"), _("Product"), _("Environment (register)"), _("Account owner"))
    return columns((*head, _("Deputy owner"), _("Last confirmed")), rows)


def _marked(one: dict[str, Any], name: str) -> str:
    """What is a gap is marked, as on the pages."""
    gone = one.get(f"{name}_gone") or (name == "environment" and one["environment_differs"])
    text = one["values"][name]
    return f"⚠ {text}" if gone else text


@command("show", gettext_noop("One account: what the register says, and its history."), group=accounts)
@click.argument("account")
@click.option("--history", is_flag=True, cls=Option, help=gettext_noop("who changed what"))
def show(client: ApiClient, account: str, history: bool, as_json: bool) -> None:
    account = _id(account)
    if history:
        savings = client.get(f"accounts/{account}/history")
        say(savings, _history_lines(savings), as_json)
        return
    one = client.get(f"accounts/{account}")
    titles = {} if as_json else {field["name"]: field["title"] for field in client.get("accounts/fields")}
    say(one, [] if as_json else _account_lines(one, titles), as_json)


def _id(account: str) -> str:
    """Ids are shown with hyphens."""
    return account.replace("-", "") if account.replace("-", "").isdigit() else account


def _account_lines(one: dict[str, Any], titles: dict[str, str]) -> list[str]:
    about = [(_("Account ID"), one["id"]), (_("Account name"), one["name"]), (_("Team"), one["team"])]
    values = [(titles[name], _marked(one, name)) for name in one["values"]]
    return columns(("", ""), [*about, *values, (_("Version"), str(one["version"]))])[1:]


def _history_lines(savings: list[dict[str, Any]]) -> Iterator[str]:
    for saving in savings:
        yield f"{local(saving['at'])}  {saving['by']}  {saving['kind']}"
        for change in saving["changes"]:
            yield f"  {change['field']}: {_said(change['before'])} → {_said(change['after'])}"


def _said(text: str | None) -> str:
    return _("erased") if text is None else text or "—"


@command(
    "set",
    gettext_noop("Write fields: name=value …, as kumoban accounts show --json names them; name= clears."),
    group=accounts,
)
@click.argument("account")
@click.argument("values", nargs=-1, required=True)
@click.option("--version", type=int, default=None, cls=Option, help=gettext_noop("the version you have read"))
def set_(client: ApiClient, account: str, values: tuple[str, ...], version: int | None, as_json: bool) -> None:
    account = _id(account)
    asked: dict[str, str] = {}
    for value in values:
        name, sign, text = value.partition("=")
        if not sign:
            raise click.ClickException(_("Write --name value or name=value, not %(field)s") % {"field": value})
        asked[name] = text
    read = client.get(f"accounts/{account}")["version"] if version is None else version
    made = client.put(f"accounts/{account}", {"version": read, "values": asked})
    say(made, [f"{made['name']}: {_('Saved.')}"], as_json)


@command("confirm", gettext_noop("Say that the register is right as you have read it."), group=accounts)
@click.argument("account")
@click.option("--version", type=int, required=True, cls=Option, help=gettext_noop("the version you have read"))
def confirm(client: ApiClient, account: str, version: int, as_json: bool) -> None:
    made = client.post(f"accounts/{_id(account)}/confirm", {"version": version})
    say(made, [_("%(account)s is confirmed.") % {"account": made["name"]}], as_json)


@command("export", gettext_noop("The register as a file, .csv or .xlsx by its name."), group=accounts)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def export(client: ApiClient, file: Path, as_json: bool) -> None:
    kind = "xlsx" if file.suffix == ".xlsx" else "csv"
    file.write_bytes(client.content(f"accounts/export.{kind}"))
    say({"file": str(file)}, [str(file)], as_json)


@command(
    "import",
    gettext_noop("What a CSV would change; with --write exactly that is written, or nothing."),
    group=accounts,
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--write", is_flag=True, cls=Option, help=gettext_noop("write it"))
def import_(client: ApiClient, file: Path, write: bool, as_json: bool) -> None:
    text = _text(file.read_bytes())
    seen = client.post("accounts/import/preview", {"csv": text})
    if write:
        client.post("accounts/import", {"csv": text, "digest": seen["digest"]})
    say(seen, _preview_lines(seen, written=write), as_json)


def _text(content: bytes) -> str:
    """As the desk reads an uploaded file."""
    from kumoban.core.spreadsheet import decoded

    text = decoded(content)
    if text is None or content.startswith(b"PK"):
        said = _("This is no text in UTF-8 or Shift JIS (CP932). Save it as “CSV UTF-8” in your spreadsheet.")
        raise click.ClickException(said)
    return text


def _preview_lines(seen: dict[str, Any], *, written: bool) -> Iterator[str]:
    for name in seen["unknown"]:
        yield f"? {name}"
    for line in seen["lines"]:
        yield f"{line['line']}  {line['account'] or '—'}"
        yield from (f"  ✕ {one['field']} {one['reason']['detail']}".replace("  ", " ") for one in line["refused"])
        yield from (f"  {one['field']}: {_said(one['before'])} → {_said(one['after'])}" for one in line["changes"])
        yield from (f"  {note['detail']}" for note in line["mended"])
    yield _("Written.") if written else _("Nothing is written yet: give --write.")
