"""The emergency path is outside the desk, and watched: each use found in CloudTrail is to be approved afterwards.

A use is one assumption of an emergency role, one sign-in of an emergency user, or one hour of that user's calls with
one access key. Each opens one request, whatever was found before: its idempotency key is the use. It is an emergency
like one that was asked for, except that its approvers are not a rule's: somebody of the operations team who did not
use it; two of them where CloudTrail does not say which person of the directory did.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q

from kumoban.aws.door import Pass, door, pages
from kumoban.aws.mode import observing
from kumoban.core.reason import Reason
from kumoban.desk.models import DESK, Request
from kumoban.desk.people import accounts_of_the_same, ops_members
from kumoban.desk.requests import open_by_desk
from kumoban.desk.rules import Decision, Slot
from kumoban.estate.models import Group, Person
from kumoban.ledger.clock import database_now

__all__ = ["Use", "find_uses", "watch_emergency"]

#: CloudTrail tells an event within fifteen minutes or so (user guide); a runner may have been away for a weekend
_LOOK_BACK = timedelta(days=7)
_ROUTINE = "other-request"
#: business days within which a use is to be approved
_BUSINESS_DAYS = 2
#: what a slot that no rule asks for is because of
EMERGENCY_PATH = "緊急アクセス (emergency path)"


@dataclass(frozen=True)
class Use:
    """``key`` names it once and for all; ``said`` is what CloudTrail told, for the request's text.

    ``by`` is how AWS names who did it; ``session`` what they called themselves.
    """

    key: str
    principal: str
    at: datetime
    said: str
    by: str = ""
    session: str = ""


def watch_emergency() -> int:
    """Open a request for each use not yet told; how many. In observe mode it waits until the desk operates again."""
    if not settings.KUMOBAN_EMERGENCY_PRINCIPALS or observing():
        return 0
    opened = 0
    for use in find_uses(_LOOK_BACK):
        if Request.objects.filter(idempotency=use.key, asked_by__login=DESK).exists():
            continue
        members = ops_members()
        if not members:  # the doctor and the figures tell; it is tried again
            return opened
        _open(use, members)
        opened += 1
    return opened


def _open(use: Use, ops: Sequence[Person]) -> None:
    """Whoever may have used it is a worker, and so approves nothing; without anybody, one of operations answers."""
    maybe = _people_called([_last(use.by), use.session])
    people = {person.id: person for person in maybe}
    requester = next(iter(people.values()), ops[0])
    form = {"subject": f"緊急アクセスの使用 / Emergency access used: {_last(use.principal)}"[:120]}
    form |= {"what": use.said, "where": use.principal[:200]}
    open_by_desk(
        _ROUTINE,
        form,
        requester=requester,
        workers=tuple(people.values()),
        idempotency=use.key,
        afterwards=_afterwards(use, ops, {requester.id, *people}, known=_names_a_person(use)),
    )


def _people_called(names: Iterable[str]) -> list[Person]:
    """By user name or mail address: what an identity provider, or the person, makes the name of a session."""
    wanted = [name for name in names if name]
    return list(Person.objects.filter(Q(user_name__in=wanted) | Q(email__in=wanted), absent_since=None).order_by("id"))


def _names_a_person(use: Use) -> bool:
    """Whether AWS itself says which person of the directory it was: any other session's name is its maker's choice."""
    given_by_aws = ":user/" in use.by or ":assumed-role/AWSReservedSSO_" in use.by
    return given_by_aws and bool(_people_called([_last(use.by)]))


def _last(arn: str) -> str:
    return arn.rsplit("/", 1)[-1]


def _afterwards(use: Use, ops: Sequence[Person], without: set[str], *, known: bool) -> Decision:
    """What somebody called themselves proves nothing: then two approve, of whom one at least did not use it."""
    able = {person.id for person in ops} - accounts_of_the_same(without)
    count = 1 if known or len(able) < 2 else 2
    groups = Group.objects.filter(name=settings.KUMOBAN_OPS_GROUP, absent_since=None).order_by("id")
    slot = Slot("group", tuple(group.id for group in groups[:1]), count, (EMERGENCY_PATH,))
    note = Reason("emergency_used", {"principal": use.principal})
    return Decision(slots=(slot,), notes=(note,), afterwards_days=_BUSINESS_DAYS)


def find_uses(since: timedelta) -> list[Use]:
    """Of all emergency principals, the oldest first. Raises AwsError."""
    aws, start = door().open("kumoban-emergency"), database_now() - since
    found = {use.key: use for arn in settings.KUMOBAN_EMERGENCY_PRINCIPALS for use in _uses(aws, arn, start)}
    return sorted(found.values(), key=lambda use: use.at)


def _uses(aws: Pass, arn: str, start: datetime) -> Iterator[Use]:
    name = arn.rsplit("/", 1)[-1]
    attribute = ("ResourceName", arn) if ":role/" in arn else ("Username", name)
    wanted = [{"AttributeKey": attribute[0], "AttributeValue": attribute[1]}]
    for event in pages(aws, "cloudtrail", "lookup_events", "Events", LookupAttributes=wanted, StartTime=start):
        told = json.loads(event["CloudTrailEvent"])
        if key := _key(event, told, arn):
            by, session = _identity(told)
            yield Use(key, arn, event["EventTime"], _said(event, told), by, session)


def _key(event: dict[str, Any], told: dict[str, Any], arn: str) -> str:
    """What names the use; empty where the event is none."""
    if ":role/" in arn:
        assumed = event["EventName"].startswith("AssumeRole") and not told.get("errorCode")
        return f"emergency:{event['EventId']}"[:80] if assumed else ""
    if (told.get("userIdentity") or {}).get("arn") not in (arn, None):
        return ""
    if event["EventName"] == "ConsoleLogin":
        return f"emergency:{event['EventId']}"[:80]
    key = event.get("AccessKeyId") or (told.get("userIdentity") or {}).get("accessKeyId", "")
    return f"emergency:{key}:{event['EventTime']:%Y%m%d%H}"[:80] if key else ""


def _said(event: dict[str, Any], told: dict[str, Any]) -> str:
    """The evidence, as CloudTrail has it: facts to copy, no prose to translate."""
    by, session = _identity(told)
    facts = {
        "CloudTrail": event["EventId"],
        "event": f"{event.get('EventSource', '')} {event['EventName']}",
        "time": f"{event['EventTime']:%Y-%m-%dT%H:%M:%S%z}",
        "by": by,
        "session": session,
        "from": told.get("sourceIPAddress", ""),
        "account": told.get("recipientAccountId", ""),
    }
    return "\n".join(f"{name}: {value}" for name, value in facts.items() if value)


def _identity(told: dict[str, Any]) -> tuple[str, str]:
    """Who did it, as AWS names them, and the name they gave the session."""
    arn = (told.get("userIdentity") or {}).get("arn", "")
    return str(arn), str((told.get("requestParameters") or {}).get("roleSessionName", ""))
