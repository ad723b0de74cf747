"""What one was told, and how one wants to be told."""

from __future__ import annotations

from typing import Any

import click

from kumoban.cli.api_client import ApiClient
from kumoban.cli.language import columns, gettext_noop, local
from kumoban.cli.language import gettext as _
from kumoban.cli.remote import command, say
from kumoban.cli.spoken import Option

__all__: list[str] = []

STATES = {
    "waiting": gettext_noop("waits"),
    "failing": gettext_noop("is tried again"),
    "sent": gettext_noop("sent"),
    "dropped": gettext_noop("mattered no more"),
    "given_up": gettext_noop("given up"),
}


@command("notices", gettext_noop("What you were told, newest first."))
@click.option("--undelivered", is_flag=True, cls=Option, help=gettext_noop("what reached nobody (operations team)"))
@click.option("--try-again", type=int, default=None, cls=Option, help=gettext_noop("send this one after all"))
def notices(client: ApiClient, undelivered: bool, try_again: int | None, as_json: bool) -> None:
    if try_again is not None:
        client.post(f"notices/{try_again}/try-again", {})
    found = client.get("notices/undelivered" if undelivered or try_again is not None else "me/notices")
    say(found, _lines(found), as_json)


def _lines(found: list[dict[str, Any]]) -> list[str]:
    head = ("#", _("When"), _("What"), _("Request"), _("Channel"), _("State"))
    return columns(head, [_row(one) for one in found]) if found else [_("Nothing fits.")]


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    said = STATES[one["state"]]
    return (str(one["id"]), local(one["created_at"]), one["said"], one["request"] or "", one["channel"], _(said))


@command("notice-settings", gettext_noop("How you want to be told; without options, how it is."))
@click.option("--mail/--no-mail", default=None, cls=Option, help=gettext_noop("by mail"))
@click.option("--slack/--no-slack", default=None, cls=Option, help=gettext_noop("by Slack"))
@click.option("--quiet", default=None, cls=Option, help=gettext_noop("hours such as 22:00-07:00; empty: none"))
@click.option("--digest/--no-digest", default=None, cls=Option, help=gettext_noop("once a morning, at 8:50"))
def notice_settings(
    client: ApiClient, mail: bool | None, slack: bool | None, quiet: str | None, digest: bool | None, as_json: bool
) -> None:
    now = client.get("me/notice-settings")
    chosen = {"mail": mail, "slack": slack, "digest": digest}
    given: dict[str, Any] = {name: value for name, value in chosen.items() if value is not None}
    if quiet is not None:
        begins, _dash, ends = quiet.partition("-")
        given |= {"quiet_from": begins.strip(), "quiet_to": ends.strip()}
    if given:
        kept = {name: value for name, value in now.items() if name != "reach"}
        now = {**client.put("me/notice-settings", {**kept, **given}), "reach": now["reach"]}
    say(now, _wishes(now), as_json)


def _wishes(now: dict[str, Any]) -> list[str]:
    quiet = f"{now['quiet_from']}–{now['quiet_to']}" if now["quiet_from"] else _("none")
    slack = _yes(now["slack"]) if now["reach"]["slack"] else _("not linked")
    rows = (
        (_("Mail"), _yes(now["mail"])),
        (_("Slack"), slack),
        (_("Quiet hours"), quiet),
        (_("Once a morning, at 8:50"), _yes(now["digest"])),
    )
    return [f"{name}: {value}" for name, value in rows]


def _yes(value: bool) -> str:
    return _("yes") if value else _("no")


@command("link-slack", gettext_noop("A code that links your Slack account, to be sent to the app in Slack."))
@click.option("--undo", is_flag=True, cls=Option, help=gettext_noop("unlink it"))
def link_slack(client: ApiClient, undo: bool, as_json: bool) -> None:
    if undo:
        client.delete("me/slack")
        say({}, [_("Your Slack account is no longer linked.")], as_json)
        return
    made = client.post("me/slack-code", {})
    until = _("Send it to the app in Slack until %(at)s.") % {"at": local(made["expires_at"])}
    say(made, [made["code"], until], as_json)
