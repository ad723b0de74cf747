"""What the estate has that nobody asked the desk for, account by account. AWS is not asked: the scan keeps the rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kumoban.core.signing import canonical, digest
from kumoban.desk.models import Thing
from kumoban.desk.routine import Asked
from kumoban.estate.models import Account, Adoptable, Assignment, Entitlement, IamUser, Person, Team
from kumoban.routines.adopt.form import AdoptForm
from kumoban.services.identity_center import assignment_thing

__all__ = ["Found", "Seen", "digest_of", "look", "unknown_in"]


@dataclass(frozen=True)
class Found:
    """What is not known yet in one account: how much, whose, and the digest of exactly these."""

    account: Account
    people: int
    groups: int
    digest: str
    entitlements: int = 0
    users: int = 0

    @property
    def count(self) -> int:
        """The assignments."""
        return self.people + self.groups


@dataclass(frozen=True)
class Seen:
    """``missing`` are accounts asked for that the estate does not have; ``teams`` names by slug."""

    found: Sequence[Found]
    missing: Sequence[str]
    teams: Mapping[str, str]
    owner: Person | None


def look(form: AdoptForm, asked: Asked, *, live: bool, request: str = "") -> Seen:
    accounts = Account.objects.filter(absent_since=None).select_related("ou").order_by("id")
    chosen = list(accounts.filter(id__in=form.accounts) if form.accounts else accounts)
    unknown = unknown_in([account.id for account in chosen])
    found = [_found(account, unknown[account.id]) for account in chosen if unknown.get(account.id)]
    return Seen(
        found,
        sorted(set(form.accounts) - {account.id for account in chosen}),
        dict(Team.objects.filter(absent_since=None).values_list("slug", "name")),
        Person.objects.filter(pk__in=form.owner, absent_since=None, enabled=True).first(),
    )


def unknown_in(accounts: Sequence[str]) -> dict[str, list[Adoptable]]:
    """By account what is there, not adopted, and not made by the desk for a grant: four queries."""
    ours = set(Thing.objects.filter(closed_at=None, existed_before=False).values_list("key", flat=True))
    found: dict[str, list[Adoptable]] = {}
    unknown = {"account_id__in": accounts, "absent_since": None, "adopted_request": ""}
    rows = Assignment.objects.filter(**unknown)
    for row in rows.order_by("account_id", "permission_set_arn", "principal_type", "principal_id"):
        if assignment_thing(row.principal_id, row.account_id, row.permission_set_arn) not in ours:
            found.setdefault(row.account_id, []).append(row)
    users = (user for user in IamUser.objects.filter(**unknown).order_by("arn") if user.gives_access)
    for other in (*Entitlement.objects.filter(**unknown).order_by("id"), *users):
        found.setdefault(other.account_id, []).append(other)
    return found


def _found(account: Account, rows: Sequence[Adoptable]) -> Found:
    assignments = [row for row in rows if isinstance(row, Assignment)]
    people = sum(row.principal_type == "USER" for row in assignments)
    entitlements = sum(isinstance(row, Entitlement) for row in rows)
    users = len(rows) - len(assignments) - entitlements
    return Found(account, people, len(assignments) - people, digest_of(rows), entitlements, users)


def digest_of(rows: Sequence[Adoptable]) -> str:
    """Over who has what: one more, or one less, is another plan. A key more or less of an IAM user is none."""
    said = {
        "assignments": sorted(
            f"{row.permission_set_arn} {row.principal_type} {row.principal_id}"
            for row in rows
            if isinstance(row, Assignment)
        ),
        "entitlements": sorted(row.id for row in rows if isinstance(row, Entitlement)),
        "users": sorted(row.arn for row in rows if isinstance(row, IamUser)),
    }
    return digest(canonical({kind: found for kind, found in said.items() if found or kind == "assignments"}))
