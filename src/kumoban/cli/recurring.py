"""``kumoban recurring``: requests that the desk asks again by itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import click

from kumoban.cli.api_client import ApiClient
from kumoban.cli.language import columns, gettext_noop, local
from kumoban.cli.language import gettext as _
from kumoban.cli.remote import COMMANDS, command, filled_in, say
from kumoban.cli.spoken import Group, Option

__all__: list[str] = []

STATES = {"active": gettext_noop("Recurring"), "paused": gettext_noop("Paused"), "ended": gettext_noop("Ended")}
_EVERY = ("business_day", "week", "month_day", "business_day_of_month", "last_business_day", "weekday_of_month")


@click.group("recurring", cls=Group, help=gettext_noop("Requests that the desk asks again by itself."))
def recurring() -> None:
    """Lists, saves and changes them."""


COMMANDS.append(recurring)


@command("list", gettext_noop("Your recurring requests, with their next dates."), group=recurring)
def list_(client: ApiClient, as_json: bool) -> None:
    found = client.get("recurring")
    say(found, _lines(found) if found else [_("No recurring requests.")], as_json)


@command(
    "add",
    gettext_noop("Save a request as recurring, after showing its dates. FIELDS as for request, without times."),
    group=recurring,
    context_settings={"ignore_unknown_options": True},
)
@click.argument("name")
@click.argument("routine")
@click.argument("fields", nargs=-1, type=click.UNPROCESSED)
@click.option("--every", type=click.Choice(_EVERY), required=True, cls=Option)
@click.option("--at", required=True, cls=Option, help=gettext_noop("22:00, up to 47:59"))
@click.option("--length", required=True, cls=Option, help=gettext_noop("such as 2h"))
@click.option("--last-day", required=True, cls=Option, help=gettext_noop("the last day, as 2027-03-31"))
@click.option(
    "--weekday", "weekdays", multiple=True, type=click.IntRange(0, 6), cls=Option, help=gettext_noop("0: Monday")
)
@click.option("--nth", default=1, cls=Option, help=gettext_noop("day, business day or weekday of the month"))
@click.option("--closed", type=click.Choice(("same", "skip", "before", "after")), default="same", cls=Option)
@click.option("--yes", is_flag=True, cls=Option, help=gettext_noop("without asking first"))
def add(
    client: ApiClient, name: str, routine: str, fields: tuple[str, ...], yes: bool, as_json: bool, **when: Any
) -> None:
    last_day, weekdays = when.pop("last_day"), list(when.pop("weekdays"))
    said = {**when, "until": last_day, "weekdays": weekdays, "name": name}
    if not yes:
        click.echo("\n".join(_dates(client.post("recurring/preview", said))), err=as_json)
        click.confirm(_("Save it as recurring?"), abort=True, err=as_json)
    made = client.post("recurring", {**filled_in(client, routine, fields), "when": said})
    say(made, _lines([made]), as_json)


def _change(act: str, help_text: str) -> None:
    @command(act, help_text, group=recurring)
    @click.argument("number", type=int)
    def changed(client: ApiClient, number: int, as_json: bool) -> None:
        made = client.post(f"recurring/{number}/{act}", {})
        say(made, _lines([made]), as_json)


_change("pause", gettext_noop("Ask for no more of its dates for now."))
_change("resume", gettext_noop("Ask for its dates again."))
_change("end", gettext_noop("End it for good; what was asked already goes on."))


def _lines(found: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for one in found:
        state = STATES[one["state"]]
        yield f"{one['id']}  {one['name']}  {one['routine']}  {_(state)}  ≤ {one['until']}"
        yield from (f"   {reason['detail']}" for reason in one["why"])
        yield from (f"   {line}" for line in _dates(one["next"]))
        rows = [(past["day"], past["request"] or "✕", _why(past)) for past in one["occurrences"]]
        yield from (f"   {line}" for line in (columns(("", "", ""), rows)[1:] if rows else ()))


def _why(past: Mapping[str, Any]) -> str:
    return " ".join(reason["detail"] for reason in past["why"]) or str(past["state"])


def _dates(windows: Iterable[Mapping[str, Any]]) -> list[str]:
    return [f"{local(one['starts_at'])} - {local(one['ends_at'])}" for one in windows]
