"""What was read of the trail, what was done by hour, the sessions of a month, and its signature."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from kumoban.estate.models import Person

__all__ = [
    "Activity",
    "Exclusion",
    "Gap",
    "Month",
    "Outcome",
    "PrincipalKind",
    "RoleEntry",
    "Session",
    "TrailAccount",
    "TrailDay",
]


class PrincipalKind(models.TextChoices):
    """Whose session it is, as CloudTrail tells it."""

    IDENTITY_CENTER = "identity_center", _("Identity Center")
    IAM_USER = "iam_user", _("IAM user")
    ROOT = "root", _("Root user")
    OUTSIDE = "outside", _("Role assumed from outside")
    CHAINED = "chained", _("Role assumed by a person")
    EMERGENCY = "emergency", _("Emergency role")
    DESK = "desk", _("The desk itself")
    UNKNOWN = "unknown", _("Unknown")


class Outcome(models.TextChoices):
    """突合の結果."""

    MATCHED = "matched", _("Matched")
    NO_REQUEST = "no_request", _("No request")
    OUT_OF_TIME = "out_of_time", _("Out of time")
    EXCLUDED = "excluded", _("Excluded")


class TrailAccount(models.Model):
    """How far the log files of an account have been looked for."""

    account = models.CharField(primary_key=True, max_length=12)
    regions = models.JSONField(default=list)
    #: when its newest files were last looked for, and when all of them since ``swept_from``
    looked_at = models.DateTimeField(null=True, db_index=True)
    swept_at = models.DateTimeField(null=True)
    swept_from = models.DateField(null=True)
    #: files that were read are to be read again
    unread = models.BooleanField(default=False)
    error = models.CharField(max_length=300, default="")


class TrailDay(models.Model):
    """The log files of one account and Region that were delivered on one UTC day; each file is one packed record."""

    account = models.CharField(max_length=12)
    region = models.CharField(max_length=40)
    day = models.DateField(db_index=True)
    #: see ``files.py``
    files = models.BinaryField(default=bytes)
    n_files = models.IntegerField(default=0)
    n_records = models.BigIntegerField(default=0)
    #: files whose content was read under another name
    n_duplicates = models.IntegerField(default=0)
    #: ``{class: records}`` of those that are no session's
    counted = models.JSONField(default=dict)
    #: ``{file name: code}``
    unreadable = models.JSONField(default=dict)
    #: SHA-256 over the packed records
    digest = models.CharField(max_length=64, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "region", "day"], name="evidence_trail_day_once")]


class RoleEntry(models.Model):
    """Somebody whom the matching asks about took on a role: what the role's session does is theirs."""

    event_id = models.CharField(max_length=64)
    #: the session's ARN, and the account it is in
    target = models.CharField(max_length=300)
    account = models.CharField(max_length=12)
    at = models.DateTimeField()
    kind = models.CharField(max_length=20, choices=PrincipalKind.choices)
    #: the account or identity provider outside, or who took it on
    origin = models.CharField(max_length=700, default="")
    #: of a person of the organisation: the key, account and Identity Center role of the session it was taken on from
    caller = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["event_id", "target"], name="evidence_role_entry_once")]
        indexes = [models.Index(fields=["account", "at"], name="evidence_role_entry_place")]


class Activity(models.Model):
    """What one principal did in one account within one hour; every event counts once, however often it was read."""

    #: SHA-256 over kind, principal, account and role
    key = models.CharField(max_length=64)
    hour = models.DateTimeField()
    #: came after the month was signed
    late = models.BooleanField(default=False)
    month = models.CharField(max_length=7)
    kind = models.CharField(max_length=20, choices=PrincipalKind.choices)
    principal = models.CharField(max_length=700)
    account = models.CharField(max_length=12)
    role = models.CharField(max_length=700, default="")
    name = models.CharField(max_length=200, default="")
    person = models.CharField(max_length=60, default="")
    origin = models.CharField(max_length=700, default="")
    caller = models.JSONField(default=dict)
    first = models.DateTimeField()
    last = models.DateTimeField()
    #: when the newest of the credentials was made, where CloudTrail tells
    issued = models.DateTimeField(null=True)
    #: nine bytes an event: eight of its id, and flags
    events = models.BinaryField(default=bytes)
    digest = models.CharField(max_length=64, default="", help_text="SHA-256 over the events")
    reading = models.IntegerField(default=0)
    changing = models.IntegerField(default=0)
    refused = models.IntegerField(default=0)
    addresses = models.JSONField(default=list)
    access_keys = models.JSONField(default=list)
    #: ids of events that began it: sign-ins, roles taken on
    begun_by = models.JSONField(default=list)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key", "hour", "late"], name="evidence_activity_once")]
        indexes = [models.Index(fields=["month", "key", "hour"], name="evidence_activity_month")]


class Explained(models.Model):
    """What somebody wrote about it. It stands for what it was written about: what changed since is asked again."""

    digest = models.CharField(max_length=64)
    explained_digest = models.CharField(max_length=64, default="")
    said = models.TextField(default="")
    explained_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    explained_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True

    @property
    def explained(self) -> bool:
        return self.explained_digest == self.digest


class Session(Explained):
    """特権セッション: one principal's continuous use of one account, within one month."""

    month = models.CharField(max_length=7)
    after_signature = models.BooleanField(default=False)
    key = models.CharField(max_length=64, db_index=True)
    kind = models.CharField(max_length=20, choices=PrincipalKind.choices)
    principal = models.CharField(max_length=700)
    account = models.CharField(max_length=12)
    role = models.CharField(max_length=700, default="")
    name = models.CharField(max_length=200, default="")
    person = models.CharField(max_length=60, default="")
    origin = models.CharField(max_length=700, default="")
    first = models.DateTimeField()
    last = models.DateTimeField()
    reading = models.IntegerField(default=0)
    changing = models.IntegerField(default=0)
    refused = models.IntegerField(default=0)
    addresses = models.JSONField(default=list)
    outcome = models.CharField(max_length=12, choices=Outcome.choices)
    #: over what its hours hold: a match by adopted access stands while this is the same
    content = models.CharField(max_length=64, default="")
    #: what it is matched by, or why not: a stored Reason
    why = models.JSONField(default=dict)
    request = models.CharField(max_length=20, default="")

    class Meta:
        indexes = [models.Index(fields=["month", "outcome", "-id"], name="evidence_session_outcome")]

    @property
    def subject(self) -> str:
        """How the ledger calls it."""
        return f"session:{self.pk}"


class Gap(Explained):
    """What the trail does not tell of an account in a month."""

    month = models.CharField(max_length=7)
    account = models.CharField(max_length=12)
    #: UTC days without any log file (ISO 8601); all of them where there was none at all
    days = models.JSONField(default=list)
    unreadable = models.JSONField(default=list, help_text="``[[region, file, code]]``")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["month", "account"], name="evidence_gap_once")]

    @property
    def subject(self) -> str:
        return f"gap:{self.month}:{self.account}"


class Month(models.Model):
    """A month of the organisation's zone: its figures, and the signature that froze them."""

    month = models.CharField(primary_key=True, max_length=7)
    computed_at = models.DateTimeField(null=True)
    figures = models.JSONField(default=dict)
    digest = models.CharField(max_length=64, default="")
    signed_at = models.DateTimeField(null=True)
    signed_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    comment = models.TextField(default="")

    @property
    def subject(self) -> str:
        return f"matching:{self.month}"


class Exclusion(models.Model):
    """対象外: for a written reason, from a day to a day, with an owner."""

    #: the ARN of an IAM user or role, an account of 12 digits, or an identity provider; ``*`` for any account in an ARN
    pattern = models.CharField(max_length=700)
    reason = models.TextField()
    owner = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    valid_from = models.DateField()
    valid_until = models.DateField()
    made_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")

    @property
    def subject(self) -> str:
        return f"exclusion:{self.pk}"
