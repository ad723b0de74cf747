"""``kumoban reviews``: campaigns read, opened and answered from the command line."""

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

STATES = {
    "open": gettext_noop("To be answered"),
    "kept": gettext_noop("Keep"),
    "changed": gettext_noop("Change"),
    "dropped": gettext_noop("Remove"),
    "expired": gettext_noop("Nobody answered"),
    "gone": gettext_noop("Gone by itself"),
}


@click.group("reviews", cls=Group, help=gettext_noop("Reviews: is it still needed?"))
def reviews() -> None:
    """Campaigns and their lines."""


COMMANDS.append(reviews)


@command("list", gettext_noop("Reviews, the newest first."), group=reviews)
def list_(client: ApiClient, as_json: bool) -> None:
    found = client.get("reviews")
    rows = [(str(one["id"]), one["title"], one["due_on"], _counts(one["lines"])) for one in found]
    say(found, columns(("", _("Review"), _("Due"), _("State")), rows) if rows else [_("Nothing fits.")], as_json)


def _counts(counted: dict[str, int]) -> str:
    return ", ".join(" ".join((_named(state), str(n))) for state, n in counted.items())


def _named(state: str) -> str:
    text = STATES[state]
    return _(text)


@command("open", gettext_noop("Open a review (operations team)."), group=reviews)
@click.argument("title")
@click.option(
    "--due", type=click.DateTime(["%Y-%m-%d"]), required=True, cls=Option, help=gettext_noop("a business day")
)
@click.option("--group", "groups", multiple=True, cls=Option, help=gettext_noop("only this part, such as grants"))
@click.option("--say", "said", default="", cls=Option, help=gettext_noop("what the owners should know"))
def open_(client: ApiClient, title: str, due: datetime, groups: tuple[str, ...], said: str, as_json: bool) -> None:
    body = {"title": title, "due_on": f"{due:%Y-%m-%d}", "groups": list(groups), "said": said}
    made = client.post("reviews", body)
    say(made, [f"{made['id']}  {made['title']}  {_counts(made['lines'])}"], as_json)


@command("lines", gettext_noop("What a review asks about."), group=reviews)
@click.argument("review", type=int)
@click.option("--mine", is_flag=True, cls=Option, help=gettext_noop("only what you are asked"))
@click.option("--state", type=click.Choice(["", *STATES]), default="", cls=Option)
def lines(client: ApiClient, review: int, mine: bool, state: str, as_json: bool) -> None:
    found = list(_every(client, review, mine, state))
    rows = [(str(one["id"]), _named(one["state"]), one["title"]["detail"], _answered(one)) for one in found]
    heads = ("", _("State"), _("What is asked about"), _("Answer"))
    say(found, columns(heads, rows) if rows else [_("Nothing fits.")], as_json)


def _every(client: ApiClient, review: int, mine: bool, state: str) -> Iterator[dict[str, Any]]:
    after = 0
    while page := client.get(f"reviews/{review}/lines", mine=str(mine).lower(), state=state, after=str(after)):
        yield from page
        after = page[-1]["id"]


def _answered(one: dict[str, Any]) -> str:
    return f"{one['answered_by']} {local(one['answered_at'])} {one['said']}".strip() if one["answered_by"] else ""


@command("answer", gettext_noop("Answer for some lines: keep, change or drop."), group=reviews)
@click.argument("review", type=int)
@click.argument("answer", type=click.Choice(["keep", "change", "drop"]))
@click.argument("lines", type=int, nargs=-1, required=True)
@click.option("--comment", default="", cls=Option)
def answer(client: ApiClient, review: int, answer: str, lines: tuple[int, ...], comment: str, as_json: bool) -> None:
    done = client.post(f"reviews/{review}/answers", {"lines": list(lines), "answer": answer, "comment": comment})
    say(done, [f"{one['id']}  {_(STATES[one['state']])}  {one['title']['detail']}" for one in done], as_json)
