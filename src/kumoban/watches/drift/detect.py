"""Assignments that are there, that no grant holds and that nobody adopted. Only rows are read: the scan keeps them.

What was there when an account was first looked at is one finding of that account, to be adopted in one plan; what
appeared later is a finding each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

from django.conf import settings
from django.db.models import Count

from kumoban.core.reason import Reason
from kumoban.desk.accounted import closed_since, held_things
from kumoban.estate.content import administers
from kumoban.estate.models import Account, Assignment, Group, Membership, PermissionSet, Person, Team
from kumoban.findings.models import Severity
from kumoban.findings.watch import Noticed, Round
from kumoban.services.identity_center import assignment_thing
from kumoban.watches.drift.proposals import adopt, remove

__all__ = ["detect"]


def detect() -> Round:
    unknown = {_key(row): row for row in _unknown()}
    ended = closed_since(unknown.keys(), min(row.seen_at for row in unknown.values())) if unknown else {}
    unsure = {key for key, at in ended.items() if at >= unknown[key].seen_at}
    sure = [row for key, row in unknown.items() if key not in unsure]
    names = _Names.of(sure)
    later = [_one(row, names) for row in sure if row.appeared_at]
    return Round([*later, *_standing([row for row in sure if not row.appeared_at], names)], unsure)


def _key(row: Assignment) -> str:
    return assignment_thing(row.principal_id, row.account_id, row.permission_set_arn)


def _unknown() -> Iterator[Assignment]:
    """There, not adopted, not held, in an account that is there, in the order of accounts."""
    open_accounts = Account.objects.filter(absent_since=None).values("id")
    rows = Assignment.objects.filter(absent_since=None, adopted_request="", account_id__in=open_accounts)
    held = held_things()
    return (row for row in rows.order_by("account_id", "id").iterator() if _key(row) not in held)


@dataclass(frozen=True)
class _Names:
    """What the rows' ids stand for, read once for all of them."""

    accounts: Mapping[str, Account]
    sets: Mapping[str, PermissionSet]
    people: Mapping[str, Person]
    groups: Mapping[str, Group]
    members: Mapping[str, int]
    teams: frozenset[str]

    @classmethod
    def of(cls, rows: Iterable[Assignment]) -> _Names:
        later = [row for row in rows if row.appeared_at]
        who = {row.principal_id for row in later}
        counted = Membership.objects.filter(group_id__in=who, absent_since=None).values_list("group_id")
        return cls(
            Account.objects.in_bulk({row.account_id for row in rows}),
            PermissionSet.objects.in_bulk({row.permission_set_arn for row in later}),
            Person.objects.in_bulk(who),
            Group.objects.in_bulk(who),
            dict(counted.annotate(Count("id"))),
            frozenset(Team.objects.filter(absent_since=None).values_list("slug", flat=True)),
        )

    def team(self, account: str) -> str:
        """The account's team, where there is such a team."""
        slug = self.accounts[account].team
        return slug if slug in self.teams else ""


def _one(row: Assignment, names: _Names) -> Noticed:
    """An assignment that appeared while the desk was looking."""
    account, found = names.accounts[row.account_id], names.sets.get(row.permission_set_arn)
    permission_set = found.name if found else row.permission_set_arn
    person, group = names.people.get(row.principal_id), names.groups.get(row.principal_id)
    who = person.display_name if person else group.name if group else row.principal_id
    said: dict[str, str | int] = {"who": who[:120], "permission_set": permission_set, "account": account.name}
    code = "drift_group" if row.principal_type == "GROUP" else "drift_person"
    title = Reason(code, said)
    powerful = found is not None and administers(found.content)
    evidence = {
        "principal_type": row.principal_type,
        "principal": row.principal_id,
        "user_name": person.user_name if person else "",
        "members": names.members.get(row.principal_id, 0) if group else None,
        "permission_set": permission_set,
        "permission_set_arn": row.permission_set_arn,
        "account": row.account_id,
        "environment": account.environment,
        "administers": powerful,
        "appeared_at": row.appeared_at.isoformat() if row.appeared_at else None,
    }
    return Noticed(
        key=_key(row),
        title=title,
        severity=_severity(account, powerful=powerful),
        seen_at=row.seen_at,
        account=account.id,
        team=names.team(account.id),
        about=person.id if person else "",
        evidence={name: value for name, value in evidence.items() if value not in ("", None)},
        proposals=(remove(title, account.id, account.name), adopt(account.id, account.name)),
    )


def _severity(account: Account, *, powerful: bool) -> Severity:
    in_production = account.environment in settings.KUMOBAN_PRODUCTION_ENVIRONMENTS
    return Severity.HIGH if in_production or powerful else Severity.MEDIUM


def _standing(rows: Iterable[Assignment], names: _Names) -> Iterator[Noticed]:
    """By account, what was there before the desk looked."""
    for account_id, of_account in groupby(rows, lambda row: row.account_id):
        there, account = list(of_account), names.accounts[account_id]
        people = sum(row.principal_type == "USER" for row in there)
        counted: dict[str, str | int] = {"n": len(there), "people": people, "groups": len(there) - people}
        yield Noticed(
            key=f"before:{account_id}",
            title=Reason("drift_before", {"account": account.name, **counted}),
            severity=Severity.LOW,
            seen_at=max(row.seen_at for row in there),
            account=account_id,
            team=names.team(account_id),
            evidence={"account": account_id, "environment": account.environment, **counted},
            proposals=(adopt(account_id, account.name),),
        )
