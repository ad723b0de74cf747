"""A finding: one row from when it was noticed until it was seen gone; what comes back later is another one."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from kumoban.estate.models import Person

__all__ = ["Finding", "FindingState", "Severity"]


class Severity(models.IntegerChoices):
    LOW = 1, _("Low")
    MEDIUM = 2, _("Medium")
    HIGH = 3, _("High")


class FindingState(models.TextChoices):
    OPEN = "open", _("New")
    ACKNOWLEDGED = "acknowledged", _("Acknowledged")
    SNOOZED = "snoozed", _("Snoozed")
    SUPPRESSED = "suppressed", _("Suppressed")
    RESOLVED = "resolved", _("Resolved")


class Finding(models.Model):
    watch = models.CharField(max_length=40)
    #: what it is about, in the watch's own words; unique while it is not resolved
    key = models.CharField(max_length=300)
    title = models.JSONField(help_text="a stored Reason")
    severity = models.IntegerField(choices=Severity.choices)
    #: whose it is: a team by slug, a person by id, or the operations team's where both are empty
    team = models.CharField(max_length=60, default="")
    person = models.CharField(max_length=60, default="")
    #: the person it is about, who may read it and never decides about it
    about = models.CharField(max_length=60, default="")
    account = models.CharField(max_length=12, default="")
    #: ids, codes, names and instants (ISO 8601); no secrets
    evidence = models.JSONField(default=dict)
    #: ``[{routine, title, form, texts}]``; ``texts`` are stored Reasons for fields, said in the asker's language
    proposals = models.JSONField(default=list)
    #: USD a month, where a watch looks for savings
    monthly_saving = models.DecimalField(null=True, max_digits=14, decimal_places=2)
    state = models.CharField(max_length=12, choices=FindingState.choices, default=FindingState.OPEN)
    #: snoozed or suppressed until then; open again after it
    until = models.DateTimeField(null=True)
    #: who last decided about it, when, and what they wrote
    decided_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True)
    said = models.TextField(default="")
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["watch", "key"], condition=models.Q(resolved_at=None), name="findings_one_unresolved"
            )
        ]
        indexes = [
            models.Index(fields=["state", "-severity", "-id"], name="findings_by_urgency"),
            models.Index(fields=["team", "state"], name="findings_of_team"),
            models.Index(fields=["account", "state"], name="findings_of_account"),
        ]

    @property
    def subject(self) -> str:
        """How the ledger calls it."""
        return f"finding:{self.pk}"

    @property
    def severity_code(self) -> str:
        return Severity(self.severity).name.lower()
