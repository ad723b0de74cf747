"""The operations team's morning on the command line, and what it leaves to the next shift."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from kumoban.cli import shown
from kumoban.cli.api_client import ApiClient
from kumoban.cli.language import columns, gettext_noop, local
from kumoban.cli.language import gettext as _
from kumoban.cli.remote import command, say
from kumoban.cli.spoken import Option

__all__: list[str] = []


@command("today", gettext_noop("Today's operations (operations team)."))
def today(client: ApiClient, as_json: bool) -> None:
    found = client.get("today")
    say(found, _today_lines(found), as_json)


def _today_lines(found: dict[str, Any]) -> Iterator[str]:
    figures = found["figures"]
    yield f"{_('Grants past their end')}: {figures['overdue_ends']}"
    yield f"{_('Failed, or needs a person')}: {figures['trouble']}"
    yield f"{_('Requests past their target')}: {figures['past_target']}"
    yield f"{_('Account register to confirm')}: {figures['unconfirmed']}"
    findings = _("Findings to be looked at")
    yield f"{findings}: {found['findings']['standing']}"
    yield from _part(_("Work from now until the next morning"), piece_lines(found["tonight"]))
    yield from _part(_("Ends due or overdue"), shown.grant_lines(found["ends"]) if found["ends"] else [])
    yield from _part(_("Work of the operations team"), shown.requests_lines(found["work"]) if found["work"] else [])
    yield from _part(_("Notes for the next shift"), _note_lines(found["notes"]))


def _part(title: str, lines: list[str]) -> Iterator[str]:
    if lines:
        yield from ("", f"— {title}", *lines)


def piece_lines(pieces: list[dict[str, Any]]) -> list[str]:
    """What stands in the calendar, the earliest first; ⚠ where two requests meet in an account."""
    rows = [
        (
            local(piece["starts_at"]),
            local(piece["ends_at"]),
            piece["account_name"],
            piece["what"],
            ", ".join(piece["people"]),
            piece["request"],
            shown.state(piece["state"]),
            f"⚠ {', '.join(piece['meets'])}" if piece["meets"] else "",
        )
        for piece in pieces
    ]
    head = (_("From"), _("To"), _("Account"), _("What"), _("Workers"), _("Request"), _("State"), "")
    return columns(head, rows) if rows else []


def _note_lines(notes: list[dict[str, Any]]) -> list[str]:
    return [f"{note['id']}  {local(note['at'])}  {note['person']}  {' '.join(note['text'].split())}" for note in notes]


@command("calendar", gettext_noop("The work calendar of a week."))
@click.option("--week", default="", cls=Option, help=gettext_noop("of this day, such as 2026-11-24"))
@click.option("--search", "q", default="", cls=Option)
def calendar(client: ApiClient, week: str, q: str, as_json: bool) -> None:
    found = client.get("calendar", q=q, **({"week": week} if week else {}))
    say(found, piece_lines(found["pieces"]) or [_("Nothing fits.")], as_json)


@command("notes", gettext_noop("Notes for the next shift: list them, leave one, take one off (operations team)."))
@click.option("--leave", default=None, cls=Option, help=gettext_noop("leave this note"))
@click.option("--take-off", type=int, default=None, cls=Option, help=gettext_noop("take off the note with this number"))
def notes(client: ApiClient, leave: str | None, take_off: int | None, as_json: bool) -> None:
    if leave:
        client.post("shift-notes", {"text": leave})
    if take_off is not None:
        client.delete(f"shift-notes/{take_off}")
    found = client.get("shift-notes")
    say(found, _note_lines(found) or [_("No notes.")], as_json)


@command("handover", gettext_noop("How far each routine is in the teams' own hands (operations and auditors)."))
def handover(client: ApiClient, as_json: bool) -> None:
    seen = client.get("handover")
    head = (_("Month"), _("Routine"), _("Requests"), _("Without the operations team"), _("Work by hand"))
    rows = [
        (
            one["month"][:7],
            one["routine"],
            str(one["requests"]),
            str(one["without_operations"]),
            f"{one['minutes_by_hand']} min",
        )
        for one in seen["months"]
    ]
    say(seen, [*columns(head, rows), *_part(_("Who has done what"), _performed_lines(seen["performed"]))], as_json)


def _performed_lines(performed: list[dict[str, Any]]) -> list[str]:
    head = (_("Routine"), _("Person"), _("Times"), _("Last, for real"), _("Last, in practice"), _("Runbook read"))
    moments = ("last_at", "practised_at", "read_at")
    rows = [
        (one["routine"], one["person"], str(one["times"]), *(local(one[at]) if one[at] else "—" for at in moments))
        for one in performed
    ]
    return columns(head, rows) if rows else []
