"""Somebody of an audit firm, let in for a while."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import Q

from kumoban.estate.models import Person

__all__ = ["Guest"]


class Guest(models.Model):
    """One stay. Who ever had one stays a guest: after the end they may do nothing, until they are let in again."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    firm = models.CharField(max_length=120)
    #: the period whose records they read: [since, until)
    since = models.DateTimeField()
    until = models.DateTimeField()
    #: on the database's clock; no call of theirs is answered from then on
    ends_at = models.DateTimeField()
    let_in_at = models.DateTimeField()
    let_in_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["person", "-id"], name="desk_guest_latest")]

    def over(self, at: datetime) -> bool:
        return self.ended_at is not None or self.ends_at <= at

    @property
    def last(self) -> datetime:
        """When it ended, or will."""
        return min(self.ended_at or self.ends_at, self.ends_at)

    @property
    def sees(self) -> Q:
        """The requests that lived in the period, as a condition on them."""
        return Q(created_at__lt=self.until) & (Q(closed_at=None) | Q(closed_at__gte=self.since))
