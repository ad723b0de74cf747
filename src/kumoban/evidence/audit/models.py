"""Samples that were drawn. What is drawn from is read from the ledger each time, never kept."""

from __future__ import annotations

from django.db import models

from kumoban.estate.models import Person

__all__ = ["Sample"]


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
