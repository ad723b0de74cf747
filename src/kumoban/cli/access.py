"""Who has access, and how today's rules would have decided what was had before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from kumoban.cli.api_client import ApiClient
from kumoban.cli.language import columns, gettext_noop, local
from kumoban.cli.language import gettext as _
from kumoban.cli.remote import command, say
from kumoban.cli.spoken import Option

__all__: list[str] = []

OUTCOMES = {
    "allowed": gettext_noop("allowed without approval"),
    "approval": gettext_noop("allowed with approval"),
    "refused": gettext_noop("would be refused"),
    "unknown": gettext_noop("not known to the estate"),
}


@command("access", gettext_noop("Who has access: people, accounts, permission sets and the way to them."))
@click.argument("text", default="")
@click.option("--person", default="", cls=Option, help=gettext_noop("only this user name or id"))
@click.option("--account", default="", cls=Option, help=gettext_noop("only this account, by name or id"))
@click.option("--permission-set", default="", cls=Option, help=gettext_noop("only this permission set, by name or ARN"))
@click.option("--environment", default="", cls=Option, help=gettext_noop("only accounts of this environment"))
@click.option("--path", type=click.Choice(["", "direct", "group", "entitlement", "iam_user"]), default="", cls=Option)
@click.option(
    "--standing",
    type=click.Choice(["", "managed", "adopted", "out_of_band"]),
    default="",
    cls=Option,
    help=gettext_noop("granted by the desk, adopted, or neither"),
)
@click.option("--adopted", type=click.Choice(["", "yes", "no"]), default="", cls=Option)
@click.option("--all", "everything", is_flag=True, cls=Option, help=gettext_noop("all of them, not the first 100"))
def access(client: ApiClient, everything: bool, as_json: bool, **wanted: str) -> None:
    query = {name: value for name, value in wanted.items() if value}
    found = list(_every(client, query)) if everything else client.get("access", **query)["lines"]
    say(found, _lines(found), as_json)


def _every(client: ApiClient, query: dict[str, str]) -> Iterator[dict[str, Any]]:
    page = client.get("access", **query)
    yield from page["lines"]
    while page["next"]:
        page = client.get("access", **query, after=page["next"])
        yield from page["lines"]


def _lines(found: list[dict[str, Any]]) -> list[str]:
    rows = [
        (
            one["person"],
            one["account"],
            one["permission_set"],
            one["group"] or _path(one),
            one["request"] or one["adopted"] or _("out of band"),
            local(one["ends_at"]),
        )
        for one in found
    ]
    head = (_("Person"), _("Account"), _("Permission set"), _("Path"), _("Grant"), _("Ends"))
    return columns(head, rows) if rows else [_("Nothing fits.")]


def _path(one: dict[str, Any]) -> str:
    """The way they have it, where it is no group; of an IAM user when it was last used."""
    if one["sign_in"] is not None:
        used = one["sign_in"]["last_used_at"]
        return f"{_('IAM user')} ({local(used) if used else _('never used')})"
    return _("account access manager") if one["path"] == "entitlement" else _("assigned directly")


@command("past", gettext_noop("Access of before the desk, and how today's rules would have decided."))
@click.argument("text", default="")
@click.option("--outcome", type=click.Choice(["", *sorted(OUTCOMES)]), default="", cls=Option)
@click.option("--all", "everything", is_flag=True, cls=Option, help=gettext_noop("all of them, not the first 100"))
def past(client: ApiClient, text: str, outcome: str, everything: bool, as_json: bool) -> None:
    query = {name: value for name, value in (("text", text), ("outcome", outcome)) if value}
    rows = list(_every_past(client, query)) if everything else client.get("past-access", **query)
    told = {"summary": client.get("past-access/summary", text=text), "rows": rows}
    say(told, _past_lines(told), as_json)


def _every_past(client: ApiClient, query: dict[str, str]) -> Iterator[dict[str, Any]]:
    page = client.get("past-access", **query)
    while page:
        yield from page
        page = client.get("past-access", **query, before=page[-1]["id"])


def _past_lines(told: dict[str, Any]) -> Iterator[str]:
    summary, rows = told["summary"], told["rows"]
    for outcome, title in OUTCOMES.items():
        yield f"{_(title)}: {summary['outcomes'][outcome]}"
    for rule in summary["rules"]:
        yield f"  {rule['name']}: {rule['rows']}"
    if rows:
        yield ""
        head = (_("Person"), _("Account"), _("Permission set"), _("Start"), "", "")
        yield from columns(head, [_past(one) for one in rows])


def _past(one: dict[str, Any]) -> tuple[str, ...]:
    why = " ".join(reason["detail"] for reason in one["why"])
    names = (one["person"], one["account"], one["permission_set"], local(one["starts_at"]))
    outcome = OUTCOMES.get(one["outcome"], "")
    return (*names, _(outcome) if outcome else _("not judged yet"), why)
