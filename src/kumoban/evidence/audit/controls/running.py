"""Running the queries of the controls: by the desk every day over the last thirty, by who audits over any period."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from django.db.models import Max

from kumoban.desk.people import Actor
from kumoban.evidence.audit.controls.queries import QUERIES
from kumoban.evidence.audit.models import ControlRun
from kumoban.evidence.audit.room import Period, auditing, looking, within
from kumoban.ledger.clock import database_now
from kumoban.ledger.record import SYSTEM, record, writing

__all__ = ["last_runs", "run", "run_daily"]

_NAMED = 200
_LAST = timedelta(days=30)


def run(actor: Actor, period: Period) -> list[ControlRun]:
    """All of them. Raises Refused for who does not audit, and for a period not theirs."""
    auditing(actor)
    return _run(within(actor, period), actor.id)


def run_daily() -> None:
    """Over the last thirty days, so that an exception is seen before an auditor asks."""
    now = database_now()
    _run(Period(now - _LAST, now), SYSTEM)
    ControlRun.objects.filter(by=SYSTEM, at__lt=now - timedelta(days=400)).delete()


def _run(period: Period, by: str) -> list[ControlRun]:
    looked = {name: query(period) for name, query in QUERIES.items()}
    with writing():
        now = database_now()
        made = [
            ControlRun.objects.create(
                query=name,
                since=period.since,
                until=period.until,
                count=found.count,
                exceptions=len(found.exceptions),
                named=list(found.exceptions[:_NAMED]),
                at=now,
                by=by,
            )
            for name, found in looked.items()
        ]
        facts = {
            "since": period.since,
            "until": period.until,
            "results": {one.query: [one.count, one.exceptions] for one in made},
        }
        record("audit.controls_run", actor=by, subject="controls", facts=facts)
    return made


def last_runs(actor: Actor) -> Mapping[str, ControlRun]:
    """By query, the newest that this person may see: a guest their own."""
    looking(actor)
    runs = ControlRun.objects.filter(by=actor.id) if actor.guest else ControlRun.objects.all()
    newest = runs.values("query").annotate(last=Max("pk")).values("last")
    return {one.query: one for one in ControlRun.objects.filter(pk__in=newest)}
