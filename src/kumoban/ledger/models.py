from __future__ import annotations

from django.db import models

__all__ = ["Entry", "EntryText", "Head", "Segment"]


class Head(models.Model):
    """The end of the chain: one row, locked last in every transaction that writes."""

    seq = models.BigIntegerField(default=0)
    digest = models.CharField(max_length=64)


class Entry(models.Model):
    """One recorded fact. ``body`` holds the canonical bytes; the other columns repeat parts of it for search."""

    seq = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField(db_index=True)
    kind = models.CharField(max_length=60, db_index=True)
    actor = models.CharField(max_length=80, db_index=True)
    subject = models.CharField(max_length=80, db_index=True)
    body = models.TextField()
    digest = models.CharField(max_length=64)


class EntryText(models.Model):
    """Names and free text of an entry, apart from the chain so that they can be erased.

    The entry's body holds SHA-256(salt + text); erasing removes text and salt, and the chain stays whole.
    """

    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    name = models.CharField(max_length=40)
    text = models.TextField(null=True)
    salt = models.CharField(max_length=32, null=True)
    erased_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["entry", "name"], name="ledger_text_once")]


class Segment(models.Model):
    """A part of the chain as it was, or is being, put into a locked store outside."""

    first = models.BigIntegerField(unique=True)
    last = models.BigIntegerField()
    #: the object's name in the store, and the version of it that is ours; no version: not put yet
    key = models.CharField(max_length=300)
    version = models.CharField(max_length=200, default="")
    #: SHA-256 of the object, and the digest of its last entry
    sha256 = models.CharField(max_length=64)
    digest = models.CharField(max_length=64)
    put_at = models.DateTimeField(null=True)
    locked_until = models.DateTimeField()
    #: when it was last read back and compared, and what was wrong then: a code, empty where nothing was
    verified_at = models.DateTimeField(null=True, db_index=True)
    fault = models.CharField(max_length=40, default="")
