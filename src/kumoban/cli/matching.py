"""``kumoban matching``: access without a request, read, explained and signed from the command line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from kumoban.cli.api_client import ApiClient
from kumoban.cli.language import columns, gettext_noop, local
from kumoban.cli.language import gettext as _
from kumoban.cli.remote import COMMANDS, command, say
from kumoban.cli.spoken import Group, Option

__all__: list[str] = []

OUTCOMES = {
    "matched": gettext_noop("Matched"),
    "no_request": gettext_noop("No request"),
    "out_of_time": gettext_noop("Out of time"),
    "excluded": gettext_noop("Excluded"),
}


@click.group("matching", cls=Group, help=gettext_noop("Privileged sessions, matched to what was asked for."))
def matching() -> None:
    """Read, explained and signed."""


COMMANDS.append(matching)


@command("list", gettext_noop("The months, the newest first."), group=matching)
def list_(client: ApiClient, as_json: bool) -> None:
    found = client.get("matching")
    rows = [
        (
            one["month"],
            str(sum(one["figures"].get("sessions", {}).values())),
            str(one["to_explain"] + one["gaps_to_explain"]),
            local(one["signed_at"]) if one["signed_at"] else _("not signed"),
        )
        for one in found
    ]
    say(found, columns(("", _("Sessions"), _("To be explained"), _("Signature")), rows), as_json)


@command("show", gettext_noop("A month: its numbers, its gaps, and its sessions."), group=matching)
@click.argument("month")
@click.option("--outcome", type=click.Choice(["", "asked", *OUTCOMES]), default="asked", cls=Option)
@click.option("--account", default="", cls=Option, help=gettext_noop("only of this account, by id"))
def show(client: ApiClient, month: str, outcome: str, account: str, as_json: bool) -> None:
    found = client.get(f"matching/{month}")
    asked = {name: value for name, value in (("outcome", outcome), ("account", account)) if value}
    gaps, sessions = client.get(f"matching/{month}/gaps"), list(_every(client, month, asked))
    say({**found, "sessions": sessions, "gaps": gaps}, _lines(found, sessions, gaps), as_json)


def _every(client: ApiClient, month: str, asked: dict[str, str]) -> Iterator[dict[str, Any]]:
    after = 0
    while after is not None:
        page = client.get(f"matching/{month}/sessions", **asked, after=after)
        yield from page["sessions"]
        after = page["next"]


def _lines(found: dict[str, Any], sessions: list[dict[str, Any]], gaps: list[dict[str, Any]]) -> Iterator[str]:
    figures = found["figures"]
    counted = figures.get("sessions", {})
    yield " · ".join(f"{_(word)}: {counted.get(code, 0)}" for code, word in OUTCOMES.items())
    told = _("Log files: %(files)s, events: %(records)s, files that could not be read: %(unreadable)s.")
    yield told % {name: figures.get(name, 0) for name in ("files", "records", "unreadable")}
    yield f"SHA-256 {found['digest']}"
    yield from (reason["detail"] for reason in found["not_yet"])
    rows = [
        (str(one["id"]), _(OUTCOMES[one["outcome"]]), local(one["first"]), one["account"], one["who"],
         one["why"]["detail"])
        for one in sessions
    ]  # fmt: skip
    if rows:
        yield from columns(("", _("Outcome"), _("When"), _("Account"), _("Who"), _("Why")), rows)
    blanks = [
        (str(gap["id"]), gap["account"], str(len(gap["days"])), str(len(gap["unreadable"])), gap["said"])
        for gap in gaps
        if not gap["explained"]
    ]
    if blanks:
        head = ("", _("Account"), _("Days without a file (UTC)"), _("Could not be read"), _("Explanation"))
        yield from columns(head, blanks)


@command("explain", gettext_noop("Write why some sessions or gaps were right."), group=matching)
@click.argument("month")
@click.argument("comment")
@click.option("--session", "sessions", multiple=True, type=int, cls=Option)
@click.option("--gap", "gaps", multiple=True, type=int, cls=Option)
def explain(
    client: ApiClient, month: str, comment: str, sessions: tuple[int, ...], gaps: tuple[int, ...], as_json: bool
) -> None:
    body = {"sessions": list(sessions), "gaps": list(gaps), "comment": comment}
    made = client.post(f"matching/{month}/explain", body)
    say(made, [_("%(n)s are explained.") % {"n": made["explained"]}], as_json)


@command("sign", gettext_noop("Sign a month, by the digest that was looked at."), group=matching)
@click.argument("month")
@click.argument("digest")
@click.option("--comment", default="", cls=Option)
def sign(client: ApiClient, month: str, digest: str, comment: str, as_json: bool) -> None:
    made = client.post(f"matching/{month}/sign", {"digest": digest, "comment": comment})
    say(made, [_("%(month)s is signed.") % {"month": month}], as_json)


@command("exclusions", gettext_noop("What is excluded, by whom, until when."), group=matching)
def exclusions(client: ApiClient, as_json: bool) -> None:
    found = client.get("matching/exclusions")
    rows = [
        (str(one["id"]), one["pattern"], one["owner"], one["valid_from"], one["valid_until"], one["reason"])
        for one in found
    ]
    say(found, columns(("", _("What"), _("Owner"), _("From"), _("Valid until"), _("Reason")), rows), as_json)


@command("exclude", gettext_noop("Exclude an IAM user, a role, an account or a provider outside."), group=matching)
@click.argument("pattern")
@click.argument("reason")
@click.option("--owner", required=True, cls=Option, help=gettext_noop("a person, by id"))
@click.option("--from", "valid_from", required=True, cls=Option, help=gettext_noop("a day, such as 2026-12-01"))
@click.option("--until", "valid_until", required=True, cls=Option, help=gettext_noop("a day, such as 2026-12-01"))
def exclude(client: ApiClient, pattern: str, reason: str, as_json: bool, **given: str) -> None:
    made = client.post("matching/exclusions", {"pattern": pattern, "reason": reason, **given})
    say(made, [f"{made['id']} {made['pattern']}"], as_json)


@command("end-exclusion", gettext_noop("Ask about its sessions again from now on."), group=matching)
@click.argument("number", type=int)
def end_exclusion(client: ApiClient, number: int, as_json: bool) -> None:
    made = client.post(f"matching/exclusions/{number}/end", {})
    say(made, [f"{made['id']} {made['pattern']}"], as_json)
