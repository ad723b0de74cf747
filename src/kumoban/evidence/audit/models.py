"""Samples that were drawn, and packs. What is drawn from is read from the ledger each time, never kept."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from kumoban.estate.models import Person

__all__ = ["ControlRun", "Pack", "PackPart", "Sample"]


class Sample(models.Model):
    """One draw. All that is needed to draw it again stands here and, as digests, in the ledger."""

    kind = models.CharField(max_length=20)
    #: [since, until)
    since = models.DateTimeField()
    until = models.DateTimeField()
    #: the ledger's last entry when the population was read; what came later does not belong to it
    head = models.BigIntegerField()
    #: how many there were, and SHA-256 over the list of their keys: see ``population.Population``
    count = models.IntegerField()
    digest = models.CharField(max_length=64)
    #: see ``population.Proof``
    proof = models.JSONField()
    seed = models.CharField(max_length=64)
    size = models.IntegerField()
    #: ``[{"key", "seq", "subject", "score"}]`` in the order of the draw
    chosen = models.JSONField()
    drawn_at = models.DateTimeField()
    drawn_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["kind", "since", "until"], name="audit_sample_of")]


class Pack(models.Model):
    """監査資料: ordered, then made by the runner; its bytes are parts beside, so that every node can hand it out."""

    class State(models.TextChoices):
        ORDERED = "ordered", _("being made")
        MADE = "made", _("ready")
        FAILED = "failed", _("failed")
        DROPPED = "dropped", _("no longer kept")

    since = models.DateTimeField()
    until = models.DateTimeField()
    #: of the summary: ja or en
    language = models.CharField(max_length=5)
    ordered_at = models.DateTimeField()
    ordered_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=8, choices=State.choices, default=State.ORDERED)
    error = models.CharField(max_length=300, default="")
    tries = models.IntegerField(default=0)
    made_at = models.DateTimeField(null=True)
    #: SHA-256 of the manifest: what the ledger, the page and the summary say
    digest = models.CharField(max_length=64, default="")
    #: SHA-256 and bytes of the ZIP
    file_digest = models.CharField(max_length=64, default="")
    size = models.BigIntegerField(default=0)
    counts = models.JSONField(default=dict)
    #: which making its parts are of: one that was cut off leaves others
    making = models.CharField(max_length=16, default="")


class PackPart(models.Model):
    pack = models.ForeignKey(Pack, on_delete=models.CASCADE, related_name="parts")
    making = models.CharField(max_length=16)
    position = models.IntegerField()
    content = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["pack", "making", "position"], name="audit_part_once")]


class ControlRun(models.Model):
    """What a control's query found when it was run over a period."""

    query = models.CharField(max_length=40)
    since = models.DateTimeField()
    until = models.DateTimeField()
    count = models.IntegerField()
    exceptions = models.IntegerField()
    #: keys of the first exceptions
    named = models.JSONField(default=list)
    at = models.DateTimeField()
    #: a person's id, or the desk
    by = models.CharField(max_length=80)

    class Meta:
        indexes = [models.Index(fields=["query", "-id"], name="audit_control_last")]
