"""``kumoban evidence R-12``: what was done with what a request granted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from kumoban.cli.api_client import ApiClient
from kumoban.cli.language import columns, gettext_noop, local
from kumoban.cli.language import gettext as _
from kumoban.cli.remote import command, say

__all__: list[str] = []


@command("evidence", gettext_noop("What was done with the grants of a request, from CloudTrail."))
@click.argument("number")
def evidence(client: ApiClient, number: str, as_json: bool) -> None:
    found = client.get(f"requests/{number}/evidence")
    say(found, _lines(found), as_json)


def _lines(found: dict[str, Any]) -> Iterator[str]:
    told = _("Actions that change something: %(changing)s. Reading: %(reading)s.")
    yield told % {"changing": found["changing"], "reading": found["reading"]}
    yield from (remark["detail"] for remark in found["remarks"])
    if not found["complete"]:
        yield _("Not complete yet.")
    rows = [
        (local(event["at"]), "!" if event["changing"] else "", event["service"], event["name"], event["error"])
        for event in found["events"]
    ]
    if rows:
        yield from columns(("", "", _("Service"), _("Action"), _("Refused")), rows)
