"""Reading what was: the plans of a request, the ledger; why somebody may; and one's own tokens."""

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


@command("plans", gettext_noop("All plans of a request; with two of them, what differs."))
@click.argument("number")
@click.option("--from", "before", type=int, default=None, cls=Option, help=gettext_noop("compare this plan …"))
@click.option("--to", "after", type=int, default=None, cls=Option, help=gettext_noop("… with this one (1, 2, …)"))
def plans(client: ApiClient, number: str, before: int | None, after: int | None, as_json: bool) -> None:
    if before is None or after is None:
        found = client.get(f"requests/{number}/plans")
        say(found, _plan_lines(found), as_json)
    else:
        told = client.get(f"requests/{number}/plans/compare", **{"from": before, "to": after})
        say(told, _change_lines(told), as_json)


def _plan_lines(found: list[dict[str, Any]]) -> list[str]:
    rows = [
        (
            str(plan["ordinal"]),
            plan["number"],
            local(plan["made_at"]),
            local(plan["void_at"]),
            " ".join(why["detail"] for why in plan["void_why"]),
            ", ".join(seal["person"] for seal in plan["approvals"]),
        )
        for plan in found
    ]
    return columns(("#", _("Plan"), _("Made"), _("Void"), _("Why"), _("Approval")), rows)


def _change_lines(told: dict[str, Any]) -> Iterator[str]:
    if not told["changes"]:
        yield _("Nothing of what is approved differs.")
    for change in told["changes"]:
        yield change["detail"]
        yield from (f"  - {line}" for line in change["before"])
        yield from (f"  + {line}" for line in change["after"])


@command("entries", gettext_noop("Entries of the ledger you may see, newest first."))
@click.option("--subject", default="", cls=Option, help=gettext_noop("about this, such as R-12"))
@click.option("--kind", default="", cls=Option, help=gettext_noop("of kinds that begin so, such as grant."))
@click.option("--actor", default="", cls=Option, help=gettext_noop("by this user name, or desk"))
@click.option("--since", default=None, cls=Option, help=gettext_noop("from this time on (ISO 8601 with offset)"))
@click.option("--until", default=None, cls=Option, help=gettext_noop("before this time"))
@click.option("--all", "everything", is_flag=True, cls=Option, help=gettext_noop("all of them, not the newest 100"))
def entries(client: ApiClient, everything: bool, as_json: bool, **wanted: str | None) -> None:
    query = {name: value for name, value in wanted.items() if value}
    found = list(_every(client, query)) if everything else client.get("ledger", **query)
    say(found, _entry_lines(found), as_json)


def _every(client: ApiClient, query: dict[str, str]) -> Iterator[dict[str, Any]]:
    page = client.get("ledger", **query)
    while page:
        yield from page
        page = client.get("ledger", **query, before=page[-1]["seq"])


def _entry_lines(found: list[dict[str, Any]]) -> list[str]:
    rows = [(str(one["seq"]), local(one["at"]), one["kind"], one["actor"], one["subject"]) for one in found]
    return columns(("#", _("When"), _("What"), _("Who"), _("About what")), rows) if rows else [_("Nothing fits.")]


@command("tokens", gettext_noop("Your API tokens: list them, make one, revoke one."))
@click.option("--make", "name", default=None, cls=Option, help=gettext_noop("make a token of this name; shown once"))
@click.option("--scope", "scopes", multiple=True, default=("read",), cls=Option, help=gettext_noop("its scopes"))
@click.option("--days", default=90, show_default=True, cls=Option, help=gettext_noop("how long it works"))
@click.option("--revoke", type=int, default=None, cls=Option, help=gettext_noop("revoke the token with this number"))
def tokens(
    client: ApiClient, name: str | None, scopes: tuple[str, ...], days: int, revoke: int | None, as_json: bool
) -> None:
    if name:
        made = client.post("tokens", {"name": name, "scopes": list(scopes), "days": days})
        say(made, [made["secret"]], as_json)
        return
    if revoke is not None:
        client.delete(f"tokens/{revoke}")
    found = client.get("tokens")
    say(found, _token_lines(found), as_json)


def _token_lines(found: list[dict[str, Any]]) -> list[str]:
    rows = [
        (str(one["id"]), one["name"], " ".join(one["scopes"]), local(one["expires_at"]), local(one["last_used_at"]))
        for one in found
    ]
    return columns(("#", _("Name"), _("Scopes"), _("Works until"), _("Last used")), rows)


@command("explain", gettext_noop("May this person have this: why, why not, and who could approve it now."))
@click.argument("person")
@click.argument("values", nargs=-1, required=True)
@click.option("--routine", default="temporary-access", show_default=True, cls=Option)
@click.option("--minutes", default=60, show_default=True, cls=Option, help=gettext_noop("for how long"))
def explain(client: ApiClient, person: str, values: tuple[str, ...], routine: str, minutes: int, as_json: bool) -> None:
    asked: dict[str, list[str]] = {}
    for value in values:
        name, sign, given = value.partition("=")
        if not sign:
            raise click.ClickException(_("Write --name value or name=value, not %(field)s") % {"field": value})
        asked.setdefault(name, []).append(given)
    body = {"person": person, "routine": routine, "values": asked, "minutes": minutes}
    told = client.post("rules/explain", body)
    say(told, _explained(told), as_json)


def _explained(told: dict[str, Any]) -> Iterator[str]:
    yield _("allowed") if told["allowed"] else _("not allowed")
    yield from (reason["detail"] for reason in told["reasons"])
    for rule in told["rules"]:
        mark, missed = "✓" if rule["matched"] else "○", ", ".join(rule["missed"])
        yield f"{mark} {rule['name']} ({rule['effect']}) {missed}".rstrip()
    for slot in told["approvals"]:
        yield f"{_('Approval')}: {slot['count']} × {', '.join(slot['people'])}"
