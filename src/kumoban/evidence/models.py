"""What was done with one grant: a summary, and the events themselves up to a limit."""

from __future__ import annotations

from django.db import models

from kumoban.desk.models import Hold
from kumoban.evidence.matching.models import (
    Activity,
    Exclusion,
    Gap,
    Month,
    RoleEntry,
    Session,
    TrailAccount,
    TrailDay,
)

__all__ = [
    "Activity",
    "Exclusion",
    "Gap",
    "Month",
    "RoleEntry",
    "Session",
    "SessionEvent",
    "SessionLog",
    "TrailAccount",
    "TrailDay",
]


class SessionLog(models.Model):
    hold = models.OneToOneField(Hold, on_delete=models.PROTECT, related_name="session_log")
    #: the instants between which events were looked for, on AWS's clock
    since = models.DateTimeField()
    until = models.DateTimeField()
    collected_at = models.DateTimeField(null=True, db_index=True)
    #: no credentials of the grant can make another event
    complete = models.BooleanField(default=False)
    due = models.DateTimeField(null=True, db_index=True)
    reading = models.IntegerField(default=0)
    changing = models.IntegerField(default=0)
    refused = models.IntegerField(default=0)
    #: there were more than are kept
    more = models.BooleanField(default=False)
    #: ``{event source: {"reading": n, "changing": n}}``
    services = models.JSONField(default=dict)
    error = models.CharField(max_length=300, default="")


class SessionEvent(models.Model):
    log = models.ForeignKey(SessionLog, on_delete=models.CASCADE, related_name="events")
    event_id = models.CharField(max_length=60)
    at = models.DateTimeField()
    name = models.CharField(max_length=128)
    source = models.CharField(max_length=128)
    region = models.CharField(max_length=30)
    changing = models.BooleanField()
    error = models.CharField(max_length=100, default="")
    address = models.CharField(max_length=64, default="")
    resources = models.CharField(max_length=500, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["log", "event_id"], name="evidence_event_once")]
        indexes = [models.Index(fields=["log", "-changing", "at"], name="evidence_event_order")]
