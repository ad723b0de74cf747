"""Access that is there, that no grant holds and that nobody adopted. Only rows are read: the scan keeps them.

What was there when an account was first looked at is one finding of that account, to be adopted in one plan; what
appeared later is a finding each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from django.conf import settings

from kumoban.core.reason import Reason
from kumoban.estate.content import administers
from kumoban.estate.models import Account, Assignment, Entitlement, IamUser
from kumoban.findings.models import Severity
from kumoban.findings.watch import Noticed, Proposal, Round
from kumoban.watches.drift.proposals import adopt, remove, take_away
from kumoban.watches.drift.ways import Names, Way, key_of, unknown_ways

__all__ = ["detect"]


def detect() -> Round:
    ways, unsure = unknown_ways()
    later = [way for way in ways if way.appeared_at]
    before = [way for way in ways if not way.appeared_at]
    names = Names.of(ways, later)
    return Round([*(_one(way, names) for way in later), *_standing(before, names)], unsure)


def _one(way: Way, names: Names) -> Noticed:
    """What appeared while the desk was looking."""
    account = names.accounts[way.account_id]
    title, severity, evidence = _told(way, account, names)
    evidence |= {"account": account.id, "environment": account.environment}
    if way.appeared_at:
        evidence["appeared_at"] = way.appeared_at.isoformat()
    person = names.people.get(way.principal_id) if not isinstance(way, IamUser) else None
    return Noticed(
        key=key_of(way),
        title=title,
        severity=severity,
        seen_at=way.seen_at,
        account=account.id,
        team=names.team(account.id),
        about=person.id if person else "",
        evidence={name: value for name, value in evidence.items() if value not in ("", None)},
        proposals=(*_by_routine(way), remove(title, account.id, account.name), adopt(account.id, account.name)),
    )


def _by_routine(way: Way) -> Iterator[Proposal]:
    if isinstance(way, Assignment):
        yield take_away(way.principal_type, way.principal_id, way.account_id, way.permission_set_arn)


def _told(way: Way, account: Account, names: Names) -> tuple[Reason, Severity, dict[str, Any]]:
    match way:
        case Assignment():
            return _assignment(way, account, names)
        case Entitlement():
            return _entitlement(way, account, names)
        case IamUser():
            return _iam_user(way, account)


def _assignment(way: Assignment, account: Account, names: Names) -> tuple[Reason, Severity, dict[str, Any]]:
    found = names.sets.get(way.permission_set_arn)
    permission_set = found.name if found else way.permission_set_arn
    powerful = found is not None and administers(found.content)
    said: dict[str, str | int] = {
        "who": names.who(way),
        "permission_set": permission_set,
        "account": account.name,
    }
    evidence = {
        **_principal(way, names),
        "permission_set": permission_set,
        "permission_set_arn": way.permission_set_arn,
        "administers": powerful,
    }
    code = "drift_group" if way.principal_type == "GROUP" else "drift_person"
    return Reason(code, said), _severity(account, grave=powerful), evidence


def _entitlement(way: Entitlement, account: Account, names: Names) -> tuple[Reason, Severity, dict[str, Any]]:
    """What the role may do is not known to the estate."""
    said: dict[str, str | int] = {"who": names.who(way), "role": way.role_name, "account": account.name}
    evidence = {
        **_principal(way, names),
        "role_arn": way.role_arn,
        "entitlement": way.pk,
        "created_at": way.created_at.isoformat(),
    }
    return Reason("drift_entitlement", said), _severity(account), evidence


def _iam_user(way: IamUser, account: Account) -> tuple[Reason, Severity, dict[str, Any]]:
    said: dict[str, str | int] = {"user": way.name, "account": account.name}
    evidence = {
        "user_arn": way.arn,
        "console": way.console,
        "mfa": way.mfa,
        "active_keys": ", ".join(key["id"] for key in way.keys if key["active"]),
        "created_at": way.created_at.isoformat(),
        "last_used_at": way.last_used_at.isoformat() if way.last_used_at else None,
    }
    return Reason("drift_iam_user", said), _severity(account, grave=way.console and not way.mfa), evidence


def _principal(way: Assignment | Entitlement, names: Names) -> dict[str, Any]:
    person, group = names.people.get(way.principal_id), names.groups.get(way.principal_id)
    return {
        "principal_type": way.principal_type,
        "principal": way.principal_id,
        "user_name": person.user_name if person else None,
        "members": names.members.get(way.principal_id, 0) if group else None,
    }


def _severity(account: Account, *, grave: bool = False) -> Severity:
    in_production = account.environment in settings.KUMOBAN_PRODUCTION_ENVIRONMENTS
    return Severity.HIGH if in_production or grave else Severity.MEDIUM


def _standing(ways: Sequence[Way], names: Names) -> Iterator[Noticed]:
    """By account, what was there before the desk looked."""
    for account_id, of_account in groupby(ways, lambda way: way.account_id):
        there, account = list(of_account), names.accounts[account_id]
        kinds = [type(way) for way in there]
        counted: dict[str, str | int] = {
            "n": len(there),
            "assignments": kinds.count(Assignment),
            "entitlements": kinds.count(Entitlement),
            "users": kinds.count(IamUser),
        }
        yield Noticed(
            key=f"before:{account_id}",
            title=Reason("drift_before", {"account": account.name, "n": len(there)}),
            severity=Severity.LOW,
            seen_at=max(way.seen_at for way in there),
            account=account_id,
            team=names.team(account_id),
            evidence={"account": account_id, "environment": account.environment, **counted},
            proposals=(adopt(account_id, account.name),),
        )
