"""A campaign and its lines: one line is one thing that one owner answers for."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from kumoban.estate.models import Person

__all__ = ["Campaign", "Line", "LineState"]


class Campaign(models.Model):
    kind = models.CharField(max_length=40)
    title = models.CharField(max_length=200)
    #: what the owners should know
    said = models.TextField(default="")
    opened_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()
    #: answers are due by the end of this business day; what is still silent is given notice until ``expires_on``
    due_on = models.DateField()
    expires_on = models.DateField()
    reminded_at = models.DateTimeField(null=True)
    noticed_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True, db_index=True)

    @property
    def subject(self) -> str:
        """How the ledger calls it."""
        return f"campaign:{self.pk}"


class LineState(models.TextChoices):
    OPEN = "open", _("To be answered")
    KEPT = "kept", _("Keep")
    CHANGED = "changed", _("Change")
    DROPPED = "dropped", _("Remove")
    EXPIRED = "expired", _("Nobody answered")
    GONE = "gone", _("Gone by itself")


class Line(models.Model):
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="lines")
    #: what it is about, in the kind's own words
    key = models.CharField(max_length=300)
    #: the kind of thing, as lists group them
    group = models.CharField(max_length=40)
    title = models.JSONField(help_text="a stored Reason")
    #: what the owner sees of it: names as they were, instants in ISO 8601
    shown = models.JSONField(default=dict)
    #: whose answer it is: a person by id, a team by slug, or the operations team's where both are empty
    person = models.CharField(max_length=60, default="")
    team = models.CharField(max_length=60, default="")
    #: the person it is about, who never answers for it
    about = models.CharField(max_length=60, default="")
    account = models.CharField(max_length=12, default="")
    state = models.CharField(max_length=10, choices=LineState.choices, default=LineState.OPEN)
    said = models.TextField(default="")
    answered_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    answered_at = models.DateTimeField(null=True)
    #: ``[{routine, title, form}]``: requests that would carry the answer out
    proposals = models.JSONField(default=list)
    #: when what was answered was seen to be so
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["campaign", "key"], name="reviews_line_once")]
        indexes = [
            models.Index(fields=["campaign", "state"], name="reviews_line_state"),
            models.Index(fields=["state", "person"], name="reviews_line_person"),
            models.Index(fields=["state", "team"], name="reviews_line_team"),
        ]
