"""``kumoban audit``: the auditor's room from the command line."""

from __future__ import annotations

import time
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

KINDS = ("requests", "emergencies", "grants", "approvals", "rule_changes")


@click.group("audit", cls=Group, help=gettext_noop("The auditor's room: samples, packs, guests."))
def audit() -> None:
    """What auditors do; everything they take away is recorded."""


COMMANDS.append(audit)

since = click.option(
    "--since", required=True, cls=Option, help=gettext_noop("from this time on (ISO 8601 with offset)")
)
until = click.option("--until", required=True, cls=Option, help=gettext_noop("before this time"))


@command("sample", gettext_noop("Draw a sample that anybody can draw again."), group=audit)
@click.argument("kind", type=click.Choice(KINDS), default="requests")
@since
@until
@click.option("--size", type=click.IntRange(1, 500), default=25, show_default=True, cls=Option)
@click.option("--seed", default="", cls=Option, help=gettext_noop("your own: 8 to 64 letters and digits"))
def sample(client: ApiClient, kind: str, since: str, until: str, size: int, seed: str, as_json: bool) -> None:
    body = {"kind": kind, "since": since, "until": until, "size": size, "seed": seed}
    made = client.post("audit/samples", body)
    say(made, _sample_lines(made), as_json)


@command("samples", gettext_noop("Samples that were drawn, or one of them."), group=audit)
@click.argument("number", type=int, required=False)
def samples(client: ApiClient, number: int | None, as_json: bool) -> None:
    if number is not None:
        found = client.get(f"audit/samples/{number}")
        say(found, _sample_lines(found), as_json)
        return
    every = client.get("audit/samples")
    rows = [
        (str(one["id"]), one["kind"], local(one["since"]), local(one["until"]), str(one["count"]), one["seed"])
        for one in every
    ]
    heads = ("#", _("Population"), _("From"), _("To"), _("Count"), _("Seed"))
    say(every, columns(heads, rows) if rows else [_("Nothing fits.")], as_json)


def _sample_lines(one: dict[str, Any]) -> Iterator[str]:
    yield f"#{one['id']}  {one['kind']}  {local(one['since'])} – {local(one['until'])}"
    yield _("Count") + f": {one['count']}  sha256 {one['digest']}"
    yield _("Completeness") + ": " + (_("proved") if one["complete"] else _("faults found"))
    yield _("Seed") + f": {one['seed']}  ({one['method']}, {one['draw']})"
    rows = [(str(rank), item["key"], str(item["seq"]), item["score"]) for rank, item in enumerate(one["chosen"], 1)]
    yield from columns((_("Rank"), _("Key"), _("Entry"), _("Score")), rows)


@command("binder", gettext_noop("One item of a sample on paper (PDF)."), group=audit)
@click.argument("sample", type=int)
@click.argument("rank", type=int)
@click.option("--out", type=click.Path(path_type=Path), default=None, cls=Option, help=gettext_noop("save it here"))
def binder(client: ApiClient, sample: int, rank: int, out: Path | None, as_json: bool) -> None:
    place = out or Path(f"sample-{sample}-{rank:03}.pdf")
    place.write_bytes(client.content(f"audit/samples/{sample}/binders/{rank}"))
    say({"file": str(place)}, [str(place)], as_json)


@command("pack", gettext_noop("Order an audit pack of a period, wait for it and save it."), group=audit)
@since
@until
@click.option("--language", type=click.Choice(["ja", "en"]), default="ja", show_default=True, cls=Option)
@click.option("--out", type=click.Path(path_type=Path), default=None, cls=Option, help=gettext_noop("save it here"))
def pack(client: ApiClient, since: str, until: str, language: str, out: Path | None, as_json: bool) -> None:
    made = client.post("audit/packs", {"since": since, "until": until, "language": language})
    while made["state"] == "ordered":
        time.sleep(2)
        made = client.get(f"audit/packs/{made['id']}")
    _save(client, made, out, as_json)


@command("packs", gettext_noop("Audit packs, the newest first; with a number, save that one."), group=audit)
@click.argument("number", type=int, required=False)
@click.option("--out", type=click.Path(path_type=Path), default=None, cls=Option, help=gettext_noop("save it here"))
def packs(client: ApiClient, number: int | None, out: Path | None, as_json: bool) -> None:
    if number is not None:
        _save(client, client.get(f"audit/packs/{number}"), out, as_json)
        return
    found = client.get("audit/packs")
    rows = [(str(one["id"]), local(one["since"]), local(one["until"]), one["state"], one["digest"]) for one in found]
    heads = ("#", _("From"), _("To"), _("State"), "SHA-256")
    say(found, columns(heads, rows) if rows else [_("Nothing fits.")], as_json)


def _save(client: ApiClient, made: dict[str, Any], out: Path | None, as_json: bool) -> None:
    place = out or Path(f"audit-pack-{made['id']}.zip")
    place.write_bytes(client.content(f"audit/packs/{made['id']}/file"))
    say(made, [str(place), f"manifest sha256 {made['digest']}"], as_json)


@command(
    "controls", gettext_noop("Every control with the last run of its query; with a period, run them."), group=audit
)
@click.option("--since", default="", cls=Option, help=gettext_noop("from this time on (ISO 8601 with offset)"))
@click.option("--until", default="", cls=Option, help=gettext_noop("before this time"))
def controls(client: ApiClient, since: str, until: str, as_json: bool) -> None:
    if since or until:
        found = client.post("audit/controls/run", {"since": since, "until": until})
    else:
        found = client.get("audit/controls")
    say(found, _control_lines(found), as_json)


def _control_lines(found: list[dict[str, Any]]) -> Iterator[str]:
    rows = [
        (
            one["framework"],
            one["reference"],
            one["query"],
            _figure(one["count"]),
            _figure(one["exceptions"]),
            one["wanted"],
        )
        for one in found
    ]
    yield from columns(
        ("", _("Number in the framework"), _("Query"), _("Looked at"), _("Exceptions"), _("Control")), rows
    )


def _figure(value: int | None) -> str:
    return "–" if value is None else str(value)


@command("conflicts", gettext_noop("Pairs and roles that should not meet."), group=audit)
@since
@until
def conflicts(client: ApiClient, since: str, until: str, as_json: bool) -> None:
    found = client.get("audit/conflicts", since=since, until=until)
    rows = [(one["kind"], one["first"], one["second"], " ".join(one["requests"][:10])) for one in found]
    heads = (_("What"), "", "", _("Which requests"))
    say(found, columns(heads, rows) if rows else [_("Nothing meets that should not.")], as_json)


@command("table", gettext_noop("One table of a period, as an audit pack would hold it."), group=audit)
@click.argument("name", type=click.Choice(["requests", "approvals", "grants", "evidence", "rule_changes"]))
@since
@until
def table(client: ApiClient, name: str, since: str, until: str, as_json: bool) -> None:
    found = client.get(f"audit/tables/{name}", since=since, until=until)
    rows = [tuple(row.values())[:6] for row in found]
    say(found, columns(tuple(found[0])[:6], rows) if rows else [_("Nothing fits.")], as_json)


@command("retention", gettext_noop("How long each class of record is kept."), group=audit)
def retention(client: ApiClient, as_json: bool) -> None:
    found = client.get("audit/retention")
    rows = [(one["title"], "–" if one["days"] is None else str(one["days"]), str(one["count"])) for one in found]
    say(found, columns((_("Class of record"), _("Days"), _("Count")), rows), as_json)


@command("guests", gettext_noop("Guests of an audit firm; let one in, or end a stay (auditors)."), group=audit)
@click.option("--let-in", "person", default="", cls=Option, help=gettext_noop("this user name of the directory"))
@click.option("--firm", default="", cls=Option)
@click.option("--since", default="", cls=Option, help=gettext_noop("reads records from this time on"))
@click.option("--until", default="", cls=Option, help=gettext_noop("… and before this time"))
@click.option("--ends", default="", cls=Option, help=gettext_noop("the end of the stay"))
@click.option("--end", type=int, default=None, cls=Option, help=gettext_noop("end the stay with this number now"))
def guests(
    client: ApiClient, person: str, firm: str, since: str, until: str, ends: str, end: int | None, as_json: bool
) -> None:
    if person:
        body = {"person": person, "firm": firm, "since": since, "until": until, "ends_at": ends}
        client.post("audit/guests", body)
    if end is not None:
        client.delete(f"audit/guests/{end}")
    found = client.get("audit/guests")
    rows = [
        (
            str(one["id"]),
            one["person"],
            one["firm"],
            f"{local(one['since'])} – {local(one['until'])}",
            local(one["ended_at"] or one["ends_at"]),
            _("over") if one["over"] else "",
        )
        for one in found
    ]
    heads = ("#", _("Person"), _("Audit firm"), _("Reads"), _("Access until"), "")
    say(found, columns(heads, rows) if rows else [_("No guest has been let in.")], as_json)
