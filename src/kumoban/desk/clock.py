"""The clock of windows, dues and lapses: the database's, moved ahead in demo mode only."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings

from kumoban.aws.door import door
from kumoban.core.reason import Reason, Refused
from kumoban.desk.models import DemoClock
from kumoban.ledger.clock import database_now
from kumoban.ledger.record import record, writing

__all__ = ["advance", "now", "offset"]


def offset() -> timedelta:
    """How far ahead the windows' clock is; zero outside demo mode, whatever the database says."""
    if not settings.KUMOBAN_DEMO:
        return timedelta()
    moved = DemoClock.objects.filter(pk=1).values_list("offset_seconds", flat=True).first()
    return timedelta(seconds=moved or 0)


def now() -> datetime:
    return database_now() + offset()


def advance(by: timedelta, *, actor: str) -> None:
    """Demo mode: move the windows' clock forward. Raises Refused outside demo mode or backwards."""
    if not settings.KUMOBAN_DEMO:
        raise Refused(Reason("demo_only"))
    if not timedelta() < by <= timedelta(days=400):
        raise Refused(Reason("clock_only_forward"))
    with writing():
        clock, _ = DemoClock.objects.select_for_update().get_or_create(pk=1)
        clock.offset_seconds += by.total_seconds()
        clock.save()
        record("demo.clock_advanced", actor=actor, subject="demo", facts={"seconds": int(by.total_seconds())})
    door().drop_credentials()
