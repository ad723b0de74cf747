"""A machine that asks for its owner."""

from __future__ import annotations

from datetime import datetime

from django.db import models

from kumoban.core.reason import Reason
from kumoban.desk.guests.models import Guest
from kumoban.estate.models import Person

__all__ = ["Machine"]


class Machine(models.Model):
    """Once stopped it stays so, and its name is never given again: what the ledger says of it is about one machine."""

    name = models.CharField(max_length=40, unique=True)
    user = models.OneToOneField("desk.User", on_delete=models.PROTECT, related_name="+")
    #: who answers for it: the requester of what it asks for
    owner = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    stopped_at = models.DateTimeField(null=True)
    stopped_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    #: the minute in which it called last, and how often in it
    minute = models.DateTimeField(null=True)
    calls = models.IntegerField(default=0)

    def why_not(self, at: datetime) -> Reason | None:
        """Why it may do nothing at this moment of the database's clock, and nothing it asked for goes on; None: it may.

        It needs an owner who works here, and a token that still works.
        """
        said = {"machine": self.name}
        if self.stopped_at is not None or not self.user.is_active:
            return Reason("machine_stopped", said)
        if not self.owner.can_act or Guest.objects.filter(person=self.owner_id).exists():
            return Reason("machine_without_owner", said)
        if not self.user.tokens.filter(revoked_at=None, expires_at__gt=at).exists():
            return Reason("machine_expired", said)
        return None
