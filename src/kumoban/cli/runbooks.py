"""Runbooks on the command line: read them, say so, and confirm somebody's exercise."""

from __future__ import annotations

import click

from kumoban.cli.api_client import ApiClient
from kumoban.cli.language import columns, gettext_noop, local
from kumoban.cli.language import gettext as _
from kumoban.cli.remote import command, say
from kumoban.cli.spoken import Option

__all__: list[str] = []


@command("runbook", gettext_noop("A routine's runbook; with --read it is recorded that you have read it."))
@click.argument("routine")
@click.option("--read", is_flag=True, cls=Option, help=gettext_noop("I have read this version"))
def runbook(client: ApiClient, routine: str, read: bool, as_json: bool) -> None:
    found = client.get(f"runbooks/{routine}")
    if read:
        client.post(f"runbooks/{routine}/read", {"digest": found["digest"]})
    done = [_("It is recorded that you have read this version.")] if read else []
    say(found, [found["text"], *done], as_json)


@command("exercises", gettext_noop("Who finished a routine's exercise; --confirm adds somebody (operations team)."))
@click.argument("routine")
@click.option("--confirm", default=None, metavar="PERSON", cls=Option, help=gettext_noop("this person has finished it"))
@click.option("--reference", default="", cls=Option, help=gettext_noop("the request on the practice desk"))
def exercises(client: ApiClient, routine: str, confirm: str | None, reference: str, as_json: bool) -> None:
    if confirm:
        client.post(f"runbooks/{routine}/exercises", {"person": confirm, "reference": reference})
    found = client.get(f"runbooks/{routine}/exercises")
    rows = [(local(one["at"]), one["person"], one["reference"], one["confirmed_by"]) for one in found]
    head = (_("When"), _("Person"), _("Reference"), _("Confirmed by"))
    say(found, columns(head, rows) if rows else [_("Nothing fits.")], as_json)
