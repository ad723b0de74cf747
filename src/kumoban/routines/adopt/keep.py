"""Carrying it out: the rows are marked, in the transaction that decided; the rows are the proof."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from kumoban.core.plan import Plan
from kumoban.desk.models import Request
from kumoban.estate.models import Adoptable
from kumoban.ledger.record import SYSTEM, record
from kumoban.routines.adopt.look import digest_of, unknown_in

__all__ = ["keep"]


def keep(request: Request, plan: Plan, now: datetime) -> None:
    """Mark each account's assignments, if they are still exactly those that were signed; else the account is left."""
    unknown = unknown_in([step.params["account"] for step in plan.steps])
    for step in plan.steps:
        rows = unknown.get(step.params["account"], [])
        same = digest_of(rows) == step.power["assignments"]
        if same:
            _mark(
                rows,
                adopted_request=request.number,
                adopted_at=now,
                owner_team=step.params["team"],
                owner_person=step.params["owner"],
            )
        facts = {**step.params, "count": len(rows), "assignments": step.power["assignments"]}
        kind = "access.adopted" if same else "access.not_adopted"
        record(kind, actor=SYSTEM, subject=request.number, facts=facts)


def _mark(rows: Sequence[Adoptable], **values: object) -> None:
    for kind in {type(row) for row in rows}:
        kind._default_manager.filter(pk__in=[row.pk for row in rows if type(row) is kind]).update(**values)
