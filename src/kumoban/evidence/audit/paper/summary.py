"""The first thing a person reads of a pack: the period in figures, what was looked at, and what was found wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from kumoban.desk.states import RequestState
from kumoban.evidence.audit.models import Pack, Sample
from kumoban.evidence.audit.pack.tables import Row
from kumoban.evidence.audit.paper.binder import moment
from kumoban.evidence.audit.paper.sheet import Block, Document, Facts, Heading, Said, Table
from kumoban.evidence.audit.population import KINDS, Population, Proof

__all__ = ["summary"]


def summary(
    pack: Pack, tables: Mapping[str, Sequence[Row]], proved: Sequence[Population], samples: Sequence[Sample]
) -> Document:
    """In the active language. The manifest's digest is not in it: the manifest names this file by its own."""
    people = {row["key"]: row["name"] for row in tables["people"]}
    blocks: list[Block] = [
        Facts(
            [
                (_("Desk"), settings.KUMOBAN_BASE_URL),
                (_("Period"), f"{moment(pack.since)} – {moment(pack.until)}"),
                (_("Ordered by"), f"{pack.ordered_by.display_name}, {moment(pack.ordered_at)}"),
            ]
        ),
        Said(_("python3 verify.py, in the same folder, verifies all of this without Kumoban.")),
        Heading(_("Populations, and whether they are complete")),
        Table(
            (_("Population"), _("Count"), _("Completeness"), _("Digest of the list")),
            [_proof(found) for found in proved],
            (0.28, 0.1, 0.22, 0.40),
        ),
        *_faults(proved),
        Heading(_("Requests by state")),
        Table((_("State"), _("Count")), _by_state(tables["requests"]), (0.7, 0.3)),
        Heading(_("Which requests")),
        Table(
            (_("Number"), _("About"), _("Requester"), _("Asked"), _("State")),
            [_request(row, people) for row in tables["requests"]],
            (0.1, 0.42, 0.2, 0.16, 0.12),
        ),
        Heading(_("Samples")),
        Table(
            ("#", _("Population"), _("Count"), _("Seed"), _("Drawn")),
            [_sample(one) for one in samples] or [("", _("none"), "", "", "")],
            (0.08, 0.26, 0.12, 0.3, 0.24),
        ),
    ]
    title = _("Audit pack %(since)s – %(until)s") % {"since": moment(pack.since)[:10], "until": moment(pack.until)[:10]}
    return Document(title, blocks, f"Kumoban · {title}", get_language() or "ja")


def _proof(found: Population) -> tuple[str, str, str, str]:
    state = _("proved") if found.proof.complete else _("faults found")
    return _(KINDS[found.kind].title), str(len(found.items)), state, found.digest


def _faults(proved: Sequence[Population]) -> list[Block]:
    rows = [
        (_(KINDS[found.kind].title), name, ", ".join(str(one) for one in faults)[:1500])
        for found in proved
        for name, faults in _named(found.proof)
        if faults
    ]
    return [Table((_("Population"), _("What"), _("Which")), rows, (0.25, 0.25, 0.5))] if rows else []


def _named(proof: Proof) -> list[tuple[str, list[Any]]]:
    return [
        (_("Ledger"), proof.chain),
        (_("Entries without their row"), proof.rows_missing),
        (_("Rows without their entry"), proof.rows_unrecorded),
        (_("Rows that are not as their entry says"), proof.rows_differ),
        (_("Numbers never given out"), proof.numbers_unused),
    ]


def _state(code: str) -> str:
    return str(RequestState(code).label) if code in RequestState.values else code


def _by_state(rows: Sequence[Row]) -> list[tuple[str, str]]:
    counted: dict[str, int] = {}
    for row in rows:
        counted[row["state"]] = counted.get(row["state"], 0) + 1
    return [(_state(code), str(n)) for code, n in sorted(counted.items())] or [(_("none"), "")]


def _request(row: Row, people: Mapping[str, str]) -> tuple[str, ...]:
    who = people.get(row["requester"], row["requester"])
    return row["key"], row["about"], who, _asked(row), _state(row["state"])


def _asked(row: Row) -> str:
    return moment(datetime.fromisoformat(row["asked_at"]))[:16] if row["asked_at"] else ""


def _sample(one: Sample) -> tuple[str, ...]:
    return f"{one.pk}", _(KINDS[one.kind].title), f"{len(one.chosen)} / {one.count}", one.seed, moment(one.drawn_at)
