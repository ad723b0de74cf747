"""Machine identities, kept by the operations team through the API."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from kumoban.cli.api_client import ApiClient
from kumoban.cli.language import columns, gettext_noop
from kumoban.cli.language import gettext as _
from kumoban.cli.remote import COMMANDS, command, say
from kumoban.cli.spoken import Group, Option

__all__: list[str] = []


@click.group("machines", cls=Group, help=gettext_noop("Machines that ask for their owners."))
def _machines() -> None: ...


COMMANDS.append(_machines)

_days = click.option("--days", type=click.IntRange(1, 365), default=90, show_default=True, cls=Option)
_read_only = click.option("--read-only", is_flag=True, cls=Option, help=gettext_noop("its token does not ask"))


@command("list", gettext_noop("All machines there ever were."), _machines)
def list_machines(client: ApiClient, as_json: bool) -> None:
    found = client.get("machines")
    rows = [(one["name"], one["owner"], _state(one), _until(one)) for one in found]
    say(found, columns((_("Machine"), _("Answers for it"), _("State"), _("Works until")), rows), as_json)


@command("make", gettext_noop("Make a machine with an owner (a user name) and its first token."), _machines)
@click.argument("name")
@click.argument("owner")
@_days
@_read_only
def make(client: ApiClient, name: str, owner: str, days: int, read_only: bool, as_json: bool) -> None:
    body = {"name": name, "owner": owner, "days": days, "scopes": _scopes(read_only=read_only)}
    made = client.post("machines", body)
    say(made, [made["secret"]], as_json)


@command("rotate", gettext_noop("Make another token; the last one goes on for a while."), _machines)
@click.argument("name")
@_days
@_read_only
@click.option("--overlap-hours", type=click.IntRange(0, 168), default=24, show_default=True, cls=Option)
def rotate(client: ApiClient, name: str, days: int, read_only: bool, overlap_hours: int, as_json: bool) -> None:
    scopes = {"scopes": ["read"]} if read_only else {}  # else it may do what the last one might
    body = {"days": days, **scopes, "overlap_hours": overlap_hours}
    made = client.post(f"machines/{name}/rotate", body)
    say(made, [made["secret"]], as_json)


@command("hand-over", gettext_noop("Give it another owner (a user name)."), _machines)
@click.argument("name")
@click.argument("owner")
def hand_over(client: ApiClient, name: str, owner: str, as_json: bool) -> None:
    found = client.post(f"machines/{name}/hand-over", {"owner": owner})
    say(found, _line(found), as_json)


@command("stop", gettext_noop("Stop it for good."), _machines)
@click.argument("name")
def stop(client: ApiClient, name: str, as_json: bool) -> None:
    found = client.post(f"machines/{name}/stop", {})
    say(found, _line(found), as_json)


def _line(machine: dict[str, Any]) -> Iterator[str]:
    yield f"{machine['name']}: {machine['owner']}  {_state(machine)}"


def _state(machine: dict[str, Any]) -> str:
    said = {
        None: _("works"),
        "machine_stopped": _("stopped"),
        "machine_without_owner": _("its owner left"),
        "machine_expired": _("no token works"),
    }
    return said.get(machine["why_not"], str(machine["why_not"]))


def _until(machine: dict[str, Any]) -> str:
    return max((token["expires_at"] for token in machine["tokens"]), default="—")


def _scopes(*, read_only: bool) -> list[str]:
    return ["read"] if read_only else ["read", "ask"]
