"""What the desk made on AWS and no longer knows: found by the names of its role sessions in CloudTrail.

After a backup is restored, grants made since are unknown to the desk: nobody would end them. They are listed here, and
never removed by the desk itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from kumoban.aws.door import Pass, door, pages
from kumoban.core.action import Presence
from kumoban.core.needs import needs
from kumoban.desk.models import Hold, Request
from kumoban.desk.routine import action_of
from kumoban.desk.states import IN_FORCE
from kumoban.estate.models import Account, PermissionSet, Person
from kumoban.ledger.clock import database_now
from kumoban.services.identity_center import ASSIGN, assignment_thing

__all__ = ["KEPT", "READS", "Orphan", "find_orphans"]

READS = needs("cloudtrail", "lookup_events")
#: how far back LookupEvents reaches (CloudTrail user guide)
KEPT = timedelta(days=90)
_SESSION = re.compile(r".*:assumed-role/[^/]+/kumoban-(R-\d+)")
_MADE, _REMOVED = "CreateAccountAssignment", "DeleteAccountAssignment"


@dataclass(frozen=True)
class Orphan:
    """An assignment that is there, that a session of the desk made, and that no grant in force holds.

    ``known``: the desk knows the request by number; after a restore the number may mean another one.
    """

    request: str
    known: bool
    person: str
    account: str
    permission_set: str
    made_at: datetime
    event: str


@dataclass(frozen=True)
class _Call:
    name: str
    at: datetime
    event: str
    request: str
    params: dict[str, str]

    @property
    def thing(self) -> str:
        return assignment_thing(self.params["principal"], self.params["account"], self.params["permission_set"])


def find_orphans(since: timedelta = KEPT) -> list[Orphan]:
    """Those made within ``since``, the newest first. Reads CloudTrail, and each suspect assignment. Raises AwsError."""
    aws = door().open("kumoban-orphans")
    newest: dict[str, _Call] = {}
    for call in sorted(_calls(aws, since), key=lambda call: (call.at, call.name == _MADE)):
        newest[call.thing] = call
    held = set(Hold.objects.filter(key__in=newest, state__in=IN_FORCE).values_list("key", flat=True))
    suspects = [call for thing, call in newest.items() if call.name == _MADE and call.request and thing not in held]
    there = [call for call in suspects if action_of(ASSIGN).look(aws, call.params).presence == Presence.PRESENT]
    return _told(sorted(there, key=lambda call: call.at, reverse=True))


def _calls(aws: Pass, since: timedelta) -> Iterator[_Call]:
    start = database_now() - since
    for name in (_MADE, _REMOVED):
        wanted = [{"AttributeKey": "EventName", "AttributeValue": name}]
        for event in pages(aws, "cloudtrail", "lookup_events", "Events", LookupAttributes=wanted, StartTime=start):
            if call := _call(event):
                yield call


def _call(event: dict[str, Any]) -> _Call | None:
    """None for what AWS refused, or what is about a group."""
    told = json.loads(event["CloudTrailEvent"])
    asked = told.get("requestParameters") or {}
    if told.get("errorCode") or asked.get("principalType") != "USER":
        return None
    session = _SESSION.fullmatch((told.get("userIdentity") or {}).get("arn", ""))
    params = {
        "instance": asked["instanceArn"],
        "account": asked["targetId"],
        "permission_set": asked["permissionSetArn"],
        "principal": asked["principalId"],
    }
    return _Call(event["EventName"], event["EventTime"], event["EventId"], session[1] if session else "", params)


def _told(calls: list[_Call]) -> list[Orphan]:
    """With names, where the estate has them."""
    people = _names(Person, "display_name", {call.params["principal"] for call in calls})
    accounts = _names(Account, "name", {call.params["account"] for call in calls})
    sets = _names(PermissionSet, "name", {call.params["permission_set"] for call in calls})
    known = set(Request.objects.filter(number__in={call.request for call in calls}).values_list("number", flat=True))
    return [
        Orphan(
            call.request,
            call.request in known,
            people.get(call.params["principal"], call.params["principal"]),
            accounts.get(call.params["account"], call.params["account"]),
            sets.get(call.params["permission_set"], call.params["permission_set"]),
            call.at,
            call.event,
        )
        for call in calls
    ]


def _names(model: Any, field: str, keys: set[str]) -> dict[str, str]:
    return dict(model.objects.filter(pk__in=keys).values_list("pk", field))
