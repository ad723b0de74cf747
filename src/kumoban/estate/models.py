"""Rows of the estate. They are never deleted: what AWS no longer has gets ``absent_since``."""

from __future__ import annotations

import unicodedata

from django.db import models
from django.utils.translation import gettext_lazy as _

__all__ = [
    "NOT_ADOPTED",
    "Account",
    "Adoptable",
    "Assignment",
    "Employment",
    "Entitlement",
    "Group",
    "IamUser",
    "Membership",
    "Organization",
    "OrganizationalUnit",
    "PermissionSet",
    "PermissionSetContent",
    "Person",
    "RegisterColumn",
    "RegisterEntry",
    "Team",
    "searchable",
]


def searchable(*words: str) -> str:
    """The stored column for search: the same on every database (never by collation)."""
    return unicodedata.normalize("NFKC", " ".join(words)).casefold()


class Seen(models.Model):
    seen_at = models.DateTimeField(db_index=True)
    absent_since = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True

    @property
    def present(self) -> bool:
        return self.absent_since is None


class Organization(Seen):
    """The one organisation and the one Identity Center instance of this installation."""

    id = models.CharField(primary_key=True, max_length=40)
    management_account = models.CharField(max_length=12)
    root_id = models.CharField(max_length=40, default="")
    instance_arn = models.CharField(max_length=120, default="")
    identity_store_id = models.CharField(max_length=60, default="")
    own_account = models.CharField(max_length=12, default="", help_text="the account the desk's roles live in")
    #: when the entitlements of account access manager were last read, and what AWS said where they could not be
    entitlements_seen_at = models.DateTimeField(null=True)
    entitlements_error = models.CharField(max_length=300, default="")

    @property
    def delegated(self) -> bool:
        """Whether the desk is a delegated administrator, who cannot touch the management account."""
        return self.own_account != self.management_account


class OrganizationalUnit(Seen):
    id = models.CharField(primary_key=True, max_length=80)
    name = models.CharField(max_length=128)
    parent = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+")
    #: ids from the root down to this one, joined by "/"
    id_path = models.CharField(max_length=500, default="")
    name_path = models.CharField(max_length=700, default="")


class Account(Seen):
    id = models.CharField(primary_key=True, max_length=12)
    name = models.CharField(max_length=60)
    email = models.CharField(max_length=80)
    status = models.CharField(max_length=30)
    ou = models.ForeignKey(OrganizationalUnit, null=True, on_delete=models.PROTECT, related_name="+")
    team = models.CharField(max_length=60, default="", db_index=True)
    environment = models.CharField(max_length=30, default="")
    tags = models.JSONField(default=dict)
    search = models.CharField(max_length=500, default="")
    assignments_seen_at = models.DateTimeField(null=True)
    #: the look at its IAM users: when it was last tried, when it last worked, and what AWS said where it did not
    users_asked_at = models.DateTimeField(null=True)
    users_seen_at = models.DateTimeField(null=True)
    users_error = models.CharField(max_length=300, default="")
    tags_seen_at = models.DateTimeField(null=True)

    @property
    def spoken_id(self) -> str:
        """4101-2230-7781"""
        return f"{self.id[:4]}-{self.id[4:8]}-{self.id[8:]}"

    @property
    def open(self) -> bool:
        return self.absent_since is None and self.status == "ACTIVE"


class Person(Seen):
    """A user of the identity store."""

    id = models.CharField(primary_key=True, max_length=60)
    user_name = models.CharField(max_length=128)
    #: the id the company's directory gave this user when it provisioned them (SCIM)
    external_id = models.CharField(max_length=256, default="", db_index=True)
    display_name = models.CharField(max_length=1024)
    family_name = models.CharField(max_length=1024, default="")
    email = models.CharField(max_length=1024, default="")
    language = models.CharField(max_length=10, default="")
    title = models.CharField(max_length=1024, default="")
    manager_id = models.CharField(max_length=60, default="")
    #: the same on every account of one human being; who has several never approves what they asked for
    employee_number = models.CharField(max_length=64, default="", db_index=True)
    enabled = models.BooleanField(default=True)
    #: all that the identity store says, as it was typed there: see ``attributes.described_user``
    attributes = models.JSONField(default=dict)
    search = models.CharField(max_length=1500, default="")
    #: when this person's memberships were last read live
    memberships_seen_at = models.DateTimeField(null=True)

    @property
    def can_act(self) -> bool:
        return self.absent_since is None and self.enabled

    @property
    def short_name(self) -> str:
        """The family name where there is one: what a Japanese seal shows."""
        return self.family_name or self.display_name.split()[0]


class Group(Seen):
    id = models.CharField(primary_key=True, max_length=60)
    name = models.CharField(max_length=1024, db_index=True)
    description = models.CharField(max_length=1024, default="")
    members_seen_at = models.DateTimeField(null=True)


class Membership(Seen):
    person_id = models.CharField(max_length=60)
    group_id = models.CharField(max_length=60)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person_id", "group_id"], name="estate_membership_once")]
        indexes = [models.Index(fields=["group_id", "person_id"], name="estate_membership_members")]


class PermissionSet(Seen):
    arn = models.CharField(primary_key=True, max_length=120)
    name = models.CharField(max_length=64)
    description = models.CharField(max_length=700, default="")
    session_seconds = models.IntegerField(default=3600)
    #: what gives it its power: managed and customer managed policies, inline policy, permissions boundary
    content = models.JSONField(default=dict)
    #: SHA-256 over the canonical content
    digest = models.CharField(max_length=64, default="")
    #: provisioned in the management account: a delegated administrator cannot assign it anywhere
    in_management_account = models.BooleanField(default=False)
    search = models.CharField(max_length=900, default="")


class PermissionSetContent(models.Model):
    """A content that some permission set had, kept by its digest: what an old plan signed can still be read."""

    digest = models.CharField(primary_key=True, max_length=64)
    content = models.JSONField()
    first_seen_at = models.DateTimeField()


class Adoptable(Seen):
    """What gives somebody access: when it came, and whether it was adopted."""

    account_id = models.CharField(max_length=12)
    #: the look that first saw it, since it was last absent; None: it was there when its account was first looked at
    appeared_at = models.DateTimeField(null=True)
    #: 管理対象に取り込み済み: the request that adopted it, when, and whose it is; falls when it goes
    adopted_request = models.CharField(max_length=20, default="")
    adopted_at = models.DateTimeField(null=True)
    owner_team = models.CharField(max_length=60, default="")
    owner_person = models.CharField(max_length=60, default="")

    class Meta:
        abstract = True


#: what an adoptable row holds once it is gone
NOT_ADOPTED: dict[str, str | None] = {
    "adopted_request": "",
    "adopted_at": None,
    "owner_team": "",
    "owner_person": "",
}


class Assignment(Adoptable):
    principal_type = models.CharField(max_length=5)
    principal_id = models.CharField(max_length=60, db_index=True)
    permission_set_arn = models.CharField(max_length=120)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account_id", "permission_set_arn", "principal_type", "principal_id"],
                name="estate_assignment_once",
            )
        ]


class Entitlement(Adoptable):
    """Of AWS account access manager: a person or group may take on an IAM role, without a permission set."""

    id = models.CharField(primary_key=True, max_length=200)
    application_arn = models.CharField(max_length=2048)
    principal_type = models.CharField(max_length=5)
    principal_id = models.CharField(max_length=60, db_index=True)
    role_arn = models.CharField(max_length=700)
    role_name = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    #: the account's and the role's names
    search = models.CharField(max_length=200, default="")

    class Meta:
        indexes = [models.Index(fields=["account_id", "role_name", "id"], name="estate_entitlement_place")]


class IamUser(Adoptable):
    """A user of IAM in one account, with what it can sign in with. Never a secret: AWS does not tell any."""

    arn = models.CharField(primary_key=True, max_length=700)
    name = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    console = models.BooleanField(default=False)
    mfa = models.BooleanField(default=False)
    console_used_at = models.DateTimeField(null=True)
    #: ``[{id, active, created_at, last_used_at, service}]``
    keys = models.JSONField(default=list)
    active_keys = models.IntegerField(default=0)
    #: the latest of the console and all keys; None: never, or before AWS kept it
    last_used_at = models.DateTimeField(null=True)
    search = models.CharField(max_length=200, default="")

    class Meta:
        indexes = [models.Index(fields=["account_id", "name"], name="estate_iam_user_place")]

    @property
    def gives_access(self) -> bool:
        return self.console or self.active_keys > 0


class Team(Seen):
    """The unit of ownership, known by the group of its members and the tag of its accounts."""

    slug = models.CharField(primary_key=True, max_length=60)
    name = models.CharField(max_length=200)
    group_id = models.CharField(max_length=60, db_index=True)
    leads_group_id = models.CharField(max_length=60, default="")


class RegisterEntry(models.Model):
    """アカウント台帳: what people know of an account and AWS does not. One row an account, made when first written."""

    class RootMfa(models.TextChoices):
        YES = "yes", _("has MFA")
        NO = "no", _("no MFA")
        UNKNOWN = "unknown", _("not known")

    account = models.OneToOneField(Account, primary_key=True, on_delete=models.PROTECT, related_name="register")
    number = models.CharField(max_length=40, default="", help_text="管理番号")
    product = models.CharField(max_length=120, default="", help_text="商材")
    environment = models.CharField(max_length=40, default="", help_text="as people say; the tag is the account's")
    owner = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    deputy = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    department = models.CharField(max_length=40, default="", help_text="部門コード")
    data_class = models.CharField(max_length=40, default="", help_text="情報区分")
    contacts = models.TextField(default="", help_text="連絡網")
    #: a month's, in ``currency``
    budget = models.DecimalField(null=True, max_digits=16, decimal_places=2)
    currency = models.CharField(max_length=3, default="")
    root_mfa = models.CharField(max_length=8, choices=RootMfa.choices, default=RootMfa.UNKNOWN)
    root_mfa_checked = models.DateField(null=True)
    note = models.TextField(default="")
    #: the company's own columns, ``{key: text}``
    own = models.JSONField(default=dict)
    #: when somebody last said that all of it is right; by nobody where an earlier register said so
    confirmed_on = models.DateField(null=True, db_index=True)
    confirmed_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    #: when the owner was asked to confirm, and last reminded; None once confirmed
    asked_at = models.DateTimeField(null=True, db_index=True)
    reminded_at = models.DateTimeField(null=True)
    #: counted up by every change: who saves says which one they had read
    version = models.IntegerField(default=0)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    search = models.TextField(default="")


class Detector(models.Model):
    """GuardDuty of the organisation's administrator in one region: what a new account becomes a member of."""

    region = models.CharField(primary_key=True, max_length=30)
    administrator = models.CharField(max_length=12)
    #: empty where the region has none
    detector = models.CharField(max_length=300, default="")
    #: NEW, ALL or NONE: which accounts AWS makes members by itself
    auto_enable = models.CharField(max_length=8, default="NONE")
    #: AWS's code, where it could not be read
    error = models.CharField(max_length=100, default="")
    seen_at = models.DateTimeField()


class RegisterColumn(models.Model):
    """A column the company adds to the account register, as data."""

    key = models.SlugField(max_length=40, unique=True)
    label_ja = models.CharField(max_length=80)
    label_en = models.CharField(max_length=80)
    #: text, number, date, choice or url
    kind = models.CharField(max_length=12, default="text")
    required = models.BooleanField(default=False)
    choices = models.JSONField(default=list)
    position = models.IntegerField(default=0)


class Employment(models.Model):
    """From ``valid_from`` on, until a later row: where somebody works, under whom, and how long their contract runs."""

    class Kind(models.TextChoices):
        EMPLOYEE = "employee"
        DISPATCHED = "dispatched"
        CONTRACTOR = "contractor"

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="employments")
    valid_from = models.DateField()
    department = models.CharField(max_length=200, default="")
    department_code = models.CharField(max_length=40, default="")
    #: slugs; several where somebody works in two teams at once (兼務); empty: not said
    teams = models.JSONField(default=list)
    #: the manager's employee number; empty: as the identity store says
    manager_number = models.CharField(max_length=64, default="")
    kind = models.CharField(max_length=12, choices=Kind.choices, default=Kind.EMPLOYEE)
    #: the last day of the contract, or of work here; no grant outlives it
    last_day = models.DateField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "valid_from"], name="estate_employment_once_a_day")]
        indexes = [models.Index(fields=["last_day"], name="estate_employment_ends")]
