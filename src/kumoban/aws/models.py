from __future__ import annotations

from django.db import models

__all__ = ["Bucket"]


class Bucket(models.Model):
    """A rate limit shared by all nodes: the next call may leave at ``next_at`` on the database's clock."""

    name = models.CharField(max_length=60, primary_key=True)
    next_at = models.FloatField(help_text="seconds since 1970 on the database's clock", default=0)
