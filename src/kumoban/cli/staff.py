"""人事: the HR department's table, one person's sheet, and their leaving, through the API."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from kumoban.cli.api_client import ApiClient
from kumoban.cli.language import columns, gettext_noop
from kumoban.cli.language import gettext as _
from kumoban.cli.remote import command, say
from kumoban.cli.spoken import Option

__all__: list[str] = []

_TITLES = {
    "name": gettext_noop("Person"),
    "department": gettext_noop("Department"),
    "teams": gettext_noop("Teams"),
    "groups": gettext_noop("Groups"),
    "manager": gettext_noop("Manager"),
    "last_day": gettext_noop("Last day"),
    "grants": gettext_noop("Grants in force or to come"),
    "waiting": gettext_noop("Asked for, not applied yet"),
    "working": gettext_noop("Asked for by others, with them as a worker, not applied yet"),
    "accounts_owned": gettext_noop("Accounts they own"),
    "rules": gettext_noop("Rules that name them"),
    "delegate_for": gettext_noop("Stands in for"),
}


@command("staff", gettext_noop("What the HR department's table would do; with --write it is taken as it was shown."))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--write", is_flag=True, cls=Option, help=gettext_noop("write it"))
def staff(client: ApiClient, file: Path, write: bool, as_json: bool) -> None:
    content = file.read_bytes()
    seen = client.upload("staff/preview", content)
    if write:
        client.upload("staff", content, digest=seen["digest"])
    say(seen, _lines(seen, written=write), as_json)


def _lines(seen: dict[str, Any], *, written: bool) -> Iterator[str]:
    yield from (f"? {name}" for name in seen["unknown"])
    for line in seen["lines"]:
        yield from (f"✕ {line['line']} {line['employee_number']}: {reason['detail']}" for reason in line["refused"])
    for loss in seen["losses"]:
        yield f"{loss['person']}  {loss['day']}"
        yield from (f"  − {team} ({count})" for team, count in loss["teams"].items())
        yield from (f"  − {number}" for number in loss["grants"])
        if loss["last_day"]:
            yield f"  {_('Last day')}: {loss['last_day']}"
    for one in seen["unanswerable"]:
        yield f"⚠ {_('Nobody could decide any more')}: {one['what']} {one['who']}"
    said = _("%(rows)s rows would be written, %(same)s change nothing.")
    yield said % {"rows": seen["rows"], "same": seen["unchanged"]}
    yield _("Written.") if written else _("Nothing is written yet: give --write.")


@command("person", gettext_noop("Everything of one person: your own, or for operations and auditors anybody's."))
@click.argument("name")
def person(client: ApiClient, name: str, as_json: bool) -> None:
    one = client.get(f"people/{name}")
    rows = [(_(title), _said(one[key])) for key, title in _TITLES.items() if one[key]]
    say(one, columns(("", ""), rows)[1:], as_json)


def _said(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)


@command("leave", gettext_noop("Somebody leaves: ends all that is theirs; the rest is one request (operations team)."))
@click.argument("name")
def leave(client: ApiClient, name: str, as_json: bool) -> None:
    made = client.post(f"people/{name}/leave", {})
    say(made, [made["number"]], as_json)
