"""A CloudTrail record of every call. Source: CloudTrail user guide, "CloudTrail record contents".

The newest ``capacity`` events are kept for LookupEvents; ``trail_files`` writes them to S3 as a trail would.
"""

from __future__ import annotations

import calendar
import json
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from kumoban_emulator.keys import Principal

__all__ = ["Event", "Seen", "Trail", "event_from_record", "write_record"]

HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"
_SOURCES = {
    "sso-admin": "sso",
    "sts": "sts",
    "cloudwatch": "monitoring",
    "elbv2": "elasticloadbalancing",
    "sesv2": "ses",
}
_GLOBAL = ("iam", "organizations", "route53", "cloudfront")
#: members that never appear in a record, lower case
_SECRETS = (
    "secretaccesskey",
    "sessiontoken",
    "accesstoken",
    "password",
    "secretstring",
    "secretbinary",
    "clientsecret",
    "token",
)
_PERSONAL = (
    "username",
    "displayname",
    "name",
    "nickname",
    "emails",
    "phonenumbers",
    "addresses",
    "title",
    "attributevalue",
)
_DATA_EVENTS = ("GetObject", "PutObject", "DeleteObject", "HeadObject", "DeleteObjects", "UploadPart", "CopyObject")


@dataclass(frozen=True, slots=True)
class Event:
    id: str
    time: float
    name: str
    source: str
    account: str
    region: str
    read_only: bool
    management: bool
    user_name: str
    access_key: str
    resources: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class Seen:
    """What the gateway knows of one finished call."""

    service: str
    operation: str
    region: str
    reading: bool
    wall: float
    request_id: str
    event_id: str
    principal: Principal | None
    access_key: str
    params: Any
    result: Any
    error_code: str = ""
    error_message: str = ""
    agent: str = ""
    store_arn: str = ""


class Trail:
    """The newest events, and those not yet written to S3."""

    def __init__(self, capacity: int = 20_000) -> None:
        self._events: deque[Event] = deque(maxlen=capacity)
        self._fresh: deque[Event] = deque(maxlen=capacity)
        self._lock = threading.Lock()

    def add(self, events: Iterable[Event]) -> None:
        with self._lock:
            for event in events:
                self._events.append(event)
                self._fresh.append(event)

    def events(self, account: str, region: str) -> list[Event]:
        """Management events of an account in a Region, newest first."""
        with self._lock:
            found = [
                event
                for event in self._events
                if event.account == account and event.region == region and event.management
            ]
        return found[::-1]

    def take_fresh(self) -> list[Event]:
        """The events that came since the last time."""
        with self._lock:
            found = list(self._fresh)
            self._fresh.clear()
        return found

    def restore(self, events: Iterable[Event]) -> None:
        with self._lock:
            self._events.extend(events)

    def __iter__(self) -> Iterator[Event]:
        with self._lock:
            return iter(list(self._events))


def write_record(seen: Seen) -> list[Event]:
    """The event as each account concerned sees it: the caller's, and for AssumeRole the role's."""
    caller = seen.principal.account if seen.principal else ""
    accounts = [caller] if caller else []
    if seen.operation == "AssumeRole" and isinstance(seen.params, dict):
        role_account = str(seen.params.get("RoleArn", "")).split(":")[4:5]
        accounts += [account for account in role_account if account and account not in accounts]
    if seen.service == "sso" and isinstance(seen.params, dict) and not accounts:
        accounts = [str(seen.params.get("accountId") or "")]
    return [_event(seen, account) for account in accounts if account]


def _event(seen: Seen, account: str) -> Event:
    record = _record(seen, account)
    principal = seen.principal
    return Event(
        record["eventID"],
        seen.wall,
        seen.operation,
        record["eventSource"],
        account,
        record["awsRegion"],
        seen.reading,
        record["managementEvent"],
        (principal.session_name or principal.user_name) if principal else "",
        seen.access_key,
        _resources(seen.params),
        json.dumps(record, ensure_ascii=False, separators=(",", ":"), default=str),
    )


def event_from_record(record: dict[str, Any]) -> Event:
    """The event again, from a record in a log file."""
    identity = record["userIdentity"]
    session = identity["arn"].rsplit("/", 1)[-1] if identity.get("type") == "AssumedRole" else ""
    return Event(
        record["eventID"],
        float(calendar.timegm(time.strptime(record["eventTime"], "%Y-%m-%dT%H:%M:%SZ"))),
        record["eventName"],
        record["eventSource"],
        record["recipientAccountId"],
        record["awsRegion"],
        record["readOnly"],
        record["managementEvent"],
        session or identity.get("userName", ""),
        identity.get("accessKeyId", ""),
        _resources(record["requestParameters"]),
        json.dumps(record, ensure_ascii=False, separators=(",", ":")),
    )


def _record(seen: Seen, account: str) -> dict[str, Any]:
    hide = seen.service == "identitystore"
    record: dict[str, Any] = {
        "eventVersion": "1.11",
        "userIdentity": _identity(seen),
        "eventTime": datetime.fromtimestamp(int(seen.wall), UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": f"{_SOURCES.get(seen.service, seen.service)}.amazonaws.com",
        "eventName": seen.operation,
        "awsRegion": "us-east-1" if seen.service in _GLOBAL else seen.region,
        "sourceIPAddress": "127.0.0.1",
        "userAgent": seen.agent,
        "requestParameters": _shown(seen.params, hide) or None,
        "responseElements": None if seen.reading or seen.error_code else _shown(seen.result, hide) or None,
        "requestID": seen.request_id,
        "eventID": seen.event_id,
        "readOnly": seen.reading,
        "eventType": "AwsApiCall",
        "managementEvent": not (seen.service == "s3" and seen.operation in _DATA_EVENTS),
        "recipientAccountId": account,
    }
    record["eventCategory"] = "Management" if record["managementEvent"] else "Data"
    if seen.error_code:
        record |= {"errorCode": seen.error_code, "errorMessage": seen.error_message}
    return record


def _identity(seen: Seen) -> dict[str, Any]:
    principal = seen.principal
    if principal is None:
        return {"type": "Unknown", "accessKeyId": seen.access_key} if seen.access_key else {"type": "Unknown"}
    identity: dict[str, Any] = {
        "type": "AssumedRole" if principal.is_session else "IAMUser",
        "principalId": principal.principal_id,
        "arn": principal.arn,
        "accountId": principal.account,
        "accessKeyId": seen.access_key,
    }
    if principal.role is None:
        return {**identity, "userName": principal.user_name}
    identity["sessionContext"] = {
        "sessionIssuer": {
            "type": "Role",
            "principalId": principal.role.role_id,
            "arn": principal.role.arn,
            "accountId": principal.account,
            "userName": principal.role.name,
        },
        "attributes": {
            "creationDate": datetime.fromtimestamp(int(principal.since), UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "mfaAuthenticated": "false",
        },
    }
    if principal.on_behalf_of:
        identity["onBehalfOf"] = {"userId": principal.on_behalf_of, "identityStoreArn": seen.store_arn}
    return identity


def _shown(value: Any, hide: bool, depth: int = 0) -> Any:
    """A value as CloudTrail shows it: first letters lower case, secrets and personal data hidden, cut where long."""
    if isinstance(value, dict):
        return {_lower(str(key)): _member(str(key), item, hide, depth) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_shown(item, hide, depth + 1) for item in value[:100]]
    if isinstance(value, datetime):
        return value.strftime("%b %d, %Y, %I:%M:%S %p")
    if isinstance(value, bytes):
        return None
    return value[:4000] if isinstance(value, str) else value


def _member(key: str, value: Any, hide: bool, depth: int) -> Any:
    name = key.casefold()
    if name in _SECRETS or (hide and name in _PERSONAL):
        return HIDDEN
    return _shown(value, hide, depth + 1) if depth < 8 else None


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]


def _resources(params: Any) -> tuple[str, ...]:
    """The values that name what a call was about, for LookupEvents by ResourceName."""
    if not isinstance(params, dict):
        return ()
    names = [
        value for key, value in params.items() if isinstance(value, str) and key.lower().endswith(("arn", "id", "name"))
    ]
    return tuple(dict.fromkeys(names))[:5]
