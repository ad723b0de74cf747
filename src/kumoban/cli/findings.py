"""``kumoban findings``: what the desk noticed by itself, read and decided about from the command line."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import click

from kumoban.cli.api_client import ApiClient
from kumoban.cli.language import columns, gettext_noop, local
from kumoban.cli.language import gettext as _
from kumoban.cli.remote import COMMANDS, command, say
from kumoban.cli.spoken import Group, Option

__all__: list[str] = []

SEVERITIES = {"high": gettext_noop("High"), "medium": gettext_noop("Medium"), "low": gettext_noop("Low")}
STATES = {
    "open": gettext_noop("New"),
    "acknowledged": gettext_noop("Acknowledged"),
    "snoozed": gettext_noop("Snoozed"),
    "suppressed": gettext_noop("Suppressed"),
    "resolved": gettext_noop("Resolved"),
}


@click.group("findings", cls=Group, help=gettext_noop("What the desk noticed by itself."))
def findings() -> None:
    """Read and decided about."""


COMMANDS.append(findings)


@command("list", gettext_noop("What should be looked at, the gravest first."), group=findings)
@click.option("--state", type=click.Choice(["standing", *STATES, "all"]), default="standing", cls=Option)
@click.option("--severity", type=click.Choice(["", *SEVERITIES]), default="", cls=Option)
@click.option("--watch", default="", cls=Option, help=gettext_noop("only of this watch, such as drift"))
@click.option("--account", default="", cls=Option, help=gettext_noop("only of this account, by id"))
def list_(client: ApiClient, as_json: bool, **wanted: str) -> None:
    found = list(_every(client, {name: value for name, value in wanted.items() if value}))
    say(found, _list_lines(found), as_json)


def _every(client: ApiClient, wanted: dict[str, str]) -> Iterator[dict[str, Any]]:
    page = client.get("findings", **wanted)
    yield from page["findings"]
    while page["next"]:
        page = client.get("findings", **wanted, after=page["next"])
        yield from page["findings"]


def _list_lines(found: list[dict[str, Any]]) -> list[str]:
    if not found:
        return [_("Nothing fits.")]
    rows = [
        (
            str(one["id"]),
            *_standing(one),
            one["team"] or one["person"] or _("operations team"),
            one["title"]["detail"],
        )
        for one in found
    ]
    return columns(("", _("Severity"), _("State"), _("Owner"), _("Finding")), rows)


def _standing(one: dict[str, Any]) -> tuple[str, str]:
    """Its severity and its state, in words."""
    severity, state = SEVERITIES[one["severity"]], STATES[one["state"]]
    return _(severity), _(state)


@command("show", gettext_noop("One finding, with its evidence and the requests that would settle it."), group=findings)
@click.argument("finding", type=int)
def show(client: ApiClient, finding: int, as_json: bool) -> None:
    _say(client.get(f"findings/{finding}"), as_json)


def _say(one: dict[str, Any], as_json: bool) -> None:
    say(one, _one_lines(one), as_json)


def _one_lines(one: dict[str, Any]) -> Iterator[str]:
    yield one["title"]["detail"]
    until = f" ({local(one['until'])})" if one["until"] else ""
    yield f"{' · '.join(_standing(one))}{until}"
    yield from columns(("", ""), [(name, str(value)) for name, value in one["evidence"].items()])[1:]
    if one["decided_by"]:
        yield f"{one['decided_by']}  {local(one['decided_at'])}  {' '.join(one['said'].split())}"
    yield from (f"→ {proposal['title']} (kumoban request {proposal['routine']})" for proposal in one["proposals"])


@command("acknowledge", gettext_noop("Say that you are looking after it."), group=findings)
@click.argument("finding", type=int)
@click.option("--comment", default="", cls=Option)
def acknowledge(client: ApiClient, finding: int, comment: str, as_json: bool) -> None:
    _say(client.post(f"findings/{finding}/acknowledge", {"comment": comment}), as_json)


_until = click.option(
    "--until", type=click.DateTime(["%Y-%m-%d"]), required=True, cls=Option, help=gettext_noop("such as 2026-12-24")
)


@command("snooze", gettext_noop("Put it off until a day, 90 days at most."), group=findings)
@click.argument("finding", type=int)
@_until
@click.option("--comment", default="", cls=Option)
def snooze(client: ApiClient, finding: int, until: datetime, comment: str, as_json: bool) -> None:
    _say(client.post(f"findings/{finding}/snooze", {"until": f"{until:%Y-%m-%d}", "comment": comment}), as_json)


@command("suppress", gettext_noop("Say why it is meant to be so, and when to ask again."), group=findings)
@click.argument("finding", type=int)
@_until
@click.option("--reason", required=True, cls=Option)
def suppress(client: ApiClient, finding: int, until: datetime, reason: str, as_json: bool) -> None:
    _say(client.post(f"findings/{finding}/suppress", {"until": f"{until:%Y-%m-%d}", "reason": reason}), as_json)


@command("reopen", gettext_noop("Take back what was decided about it."), group=findings)
@click.argument("finding", type=int)
@click.option("--comment", default="", cls=Option)
def reopen(client: ApiClient, finding: int, comment: str, as_json: bool) -> None:
    _say(client.post(f"findings/{finding}/reopen", {"comment": comment}), as_json)
