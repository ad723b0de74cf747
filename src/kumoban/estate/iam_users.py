"""IAM users of the member accounts: what each can sign in with, and when it last did; read by each account's reader.

An account that cannot be read (the role is not there, or may not) keeps what AWS said, and hinders no other.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import F, QuerySet

from kumoban.aws.arns import IAM_USER, MEMBER_READER
from kumoban.aws.door import Pass, pages
from kumoban.aws.errors import AwsError, NotFound
from kumoban.core.needs import needs
from kumoban.estate.models import NOT_ADOPTED, Account, IamUser, Organization, searchable
from kumoban.ledger.clock import database_now
from kumoban.ledger.record import writing

__all__ = ["CHAIN", "READS", "accounts_to_ask", "scan_iam_users"]

#: what is called inside an account
READS = needs("iam", "list_users") | needs(
    "iam", "get_access_key_last_used", "get_login_profile", "list_access_keys", "list_mfa_devices", on=(IAM_USER,)
)
#: how the desk's reader comes to be there
CHAIN = needs("sts", "assume_role", on=(MEMBER_READER,))


def accounts_to_ask() -> QuerySet[Account]:
    """Those whose IAM users can be read at all, those asked longest ago first."""
    accounts = Account.objects.filter(absent_since=None, status="ACTIVE").order_by(
        F("users_asked_at").asc(nulls_first=True), "id"
    )
    if settings.KUMOBAN_MEMBER_READER_ROLE:
        return accounts
    return accounts.filter(pk__in=Organization.objects.values("own_account"))


def scan_iam_users(aws: Pass, account: Account) -> None:
    """What AWS refuses is kept for people to see, its throttling too; the next turn tries again."""
    asked, row = database_now(), Account.objects.filter(pk=account.pk)
    try:
        found = [_user(aws, account, user, asked) for user in pages(aws, "iam", "list_users", "Users", account.pk)]
    except AwsError as refused:
        with writing():
            row.update(users_asked_at=asked, users_error=str(refused)[:300])
        return
    with writing():
        _keep(found, account, asked)
        row.update(users_asked_at=asked, users_seen_at=asked, users_error="")


_FIELDS = ("name", "created_at", "console", "mfa", "console_used_at", "keys", "active_keys", "last_used_at", "search")


def _keep(found: list[IamUser], account: Account, asked: datetime) -> None:
    """A user that could not sign in before, and now can, has appeared like a new one."""
    there = {one.arn for one in IamUser.objects.filter(account_id=account.pk, absent_since=None) if one.gives_access}
    there |= {one.arn for one in found if not one.gives_access}
    for user in found:
        user.appeared_at = asked if account.users_seen_at else None
    for known, fields in ((True, ()), (False, ("appeared_at",))):
        IamUser.objects.bulk_create(
            [user for user in found if (user.arn in there) == known],
            update_conflicts=True,
            unique_fields=["arn"],
            update_fields=[*_FIELDS, "seen_at", "absent_since", *fields],
        )
    gone = IamUser.objects.filter(account_id=account.pk, absent_since=None, seen_at__lt=asked)
    gone.update(absent_since=asked, **NOT_ADOPTED)


def _user(aws: Pass, account: Account, user: dict[str, Any], asked: datetime) -> IamUser:
    of, inside = {"UserName": user["UserName"]}, account.pk
    keys = list(_keys(aws, inside, of))
    used = [datetime.fromisoformat(key["last_used_at"]) for key in keys if key["last_used_at"]]
    signed_in = user.get("PasswordLastUsed")
    return IamUser(
        arn=user["Arn"],
        account_id=inside,
        name=user["UserName"],
        created_at=user["CreateDate"],
        console=_has_password(aws, inside, of),
        mfa=next(pages(aws, "iam", "list_mfa_devices", "MFADevices", inside, **of), None) is not None,
        console_used_at=signed_in,
        keys=keys,
        active_keys=sum(key["active"] for key in keys),
        last_used_at=max([*used, *([signed_in] if signed_in else [])], default=None),
        search=searchable(user["UserName"], account.name, inside),
        seen_at=asked,
    )


def _keys(aws: Pass, inside: str, of: dict[str, str]) -> Iterator[dict[str, Any]]:
    for key in pages(aws, "iam", "list_access_keys", "AccessKeyMetadata", inside, **of):
        told = aws.read("iam", "get_access_key_last_used", inside, AccessKeyId=key["AccessKeyId"])
        used = told.get("AccessKeyLastUsed") or {}
        yield {
            "id": key["AccessKeyId"],
            "active": key["Status"] == "Active",
            "created_at": key["CreateDate"].isoformat(),
            "last_used_at": used["LastUsedDate"].isoformat() if used.get("LastUsedDate") else None,
            "service": used.get("ServiceName", ""),
        }


def _has_password(aws: Pass, inside: str, of: dict[str, str]) -> bool:
    try:
        aws.read("iam", "get_login_profile", inside, **of)
    except NotFound:
        return False
    return True
