"""A finding in the reader's words: its evidence by name, and the requests it proposes that this person may ask for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from kumoban.desk.people import Actor
from kumoban.desk.routine import Routine, routines_for
from kumoban.desk.speech import local, said
from kumoban.findings.models import Finding
from kumoban.findings.watch import watch_of

__all__ = ["Offered", "evidence_of", "offered", "watch_title"]


def watch_title(name: str) -> str:
    """Its own name for a watch this version no longer has."""
    watch = watch_of(name)
    return _(watch.title) if watch else name


def evidence_of(finding: Finding) -> list[tuple[str, str]]:
    """(label, value), in the order in which the watch names them; what it has no label for stands last."""
    watch = watch_of(finding.watch)
    labels = watch.labels if watch else {}
    order = {name: position for position, name in enumerate(labels)}
    names = sorted(finding.evidence, key=lambda name: (order.get(name, len(order)), name))
    return [(_(labels[name]) if name in labels else name, _value(finding.evidence[name])) for name in names]


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, str) and "T" in value:
        with suppress(ValueError):
            return local(datetime.fromisoformat(value))
    return str(value)


@dataclass(frozen=True)
class Offered:
    """A proposed request that this person may ask for, and where its form is."""

    routine: Routine
    title: str
    address: str


def offered(actor: Actor, finding: Finding) -> Iterator[Offered]:
    """Of several that are called the same, the first that this person may ask for."""
    if finding.resolved_at is not None:
        return
    routines = {routine.name: routine for routine in routines_for(actor.ops)}
    called: set[str] = set()
    for proposal in finding.proposals:
        routine, title = routines.get(proposal["routine"]), said(proposal["title"])
        if routine is not None and title not in called:
            called.add(title)
            yield Offered(routine, title, f"/ask/{routine.name}?finding={finding.pk}")
