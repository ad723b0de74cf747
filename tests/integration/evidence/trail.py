"""Log files as CloudTrail writes them, in a bucket of the tests."""

from __future__ import annotations

import gzip
import json
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.trail_aws import ORGANIZATION, TrailAws

__all__ = ["PROD", "deliver", "event", "reserved", "role_session", "root", "taking_on", "user"]

PROD, DATA = "410122300001", "410122300002"
ROLE = "AWSReservedSSO_ProdReadOnly_0123456789abcdef"


def event(account: str, at: datetime, identity: dict[str, Any], **changed: Any) -> dict[str, Any]:
    """A call that changes something, as a record."""
    return {
        "eventVersion": "1.11",
        "userIdentity": identity,
        "eventTime": _time(at),
        "eventSource": "ec2.amazonaws.com",
        "eventName": "TerminateInstances",
        "awsRegion": "ap-northeast-1",
        "sourceIPAddress": "203.0.113.7",
        "requestParameters": {"instancesSet": {"items": [{"instanceId": "i-1"}]}},
        "responseElements": None,
        "eventID": str(uuid.uuid4()),
        "readOnly": False,
        "recipientAccountId": account,
        "eventType": "AwsApiCall",
        **changed,
    }


def reserved(account: str, person: str, name: str, issued: datetime | None = None) -> dict[str, Any]:
    """Somebody of Identity Center with ProdReadOnly; ``person`` empty: as events before 2025 told it."""
    arn = f"arn:aws:iam::{account}:role/aws-reserved/sso.amazonaws.com/ap-northeast-1/{ROLE}"
    attributes = {"creationDate": _time(issued), "mfaAuthenticated": "false"} if issued else {}
    return {
        "type": "AssumedRole",
        "principalId": f"AROA:{name}",
        "arn": f"arn:aws:sts::{account}:assumed-role/{ROLE}/{name}",
        "accountId": account,
        "accessKeyId": f"ASIA{name.upper()}",
        "sessionContext": {
            "sessionIssuer": {"type": "Role", "arn": arn, "accountId": account},
            "attributes": attributes,
        },
        **({"onBehalfOf": {"userId": person, "identityStoreArn": "arn:aws:identitystore::1:d"}} if person else {}),
    }


def user(account: str, name: str) -> dict[str, Any]:
    arn = f"arn:aws:iam::{account}:user/{name}"
    return {"type": "IAMUser", "arn": arn, "accountId": account, "userName": name, "accessKeyId": f"AKIA{name.upper()}"}


def root(account: str) -> dict[str, Any]:
    return {"type": "Root", "arn": f"arn:aws:iam::{account}:root", "accountId": account, "principalId": account}


def role_session(account: str, role: str, name: str) -> dict[str, Any]:
    """The session of an ordinary role."""
    return {
        "type": "AssumedRole",
        "arn": f"arn:aws:sts::{account}:assumed-role/{role}/{name}",
        "accountId": account,
        "principalId": f"AROA:{name}",
        "sessionContext": {"sessionIssuer": {"type": "Role", "arn": f"arn:aws:iam::{account}:role/{role}"}},
    }


def taking_on(account: str, at: datetime, by: dict[str, Any], role: str, name: str, **changed: Any) -> dict[str, Any]:
    """``by`` takes on a role of ``account``; ``seen_in``: the account in whose log it stands."""
    told: dict[str, Any] = {
        "eventSource": "sts.amazonaws.com",
        "eventName": "AssumeRole",
        "readOnly": True,
        "responseElements": {"assumedRoleUser": {"arn": f"arn:aws:sts::{account}:assumed-role/{role}/{name}"}},
    }
    return event(str(changed.pop("seen_in", account)), at, by, **{**told, **changed})


def deliver(
    aws: TrailAws,
    records: Iterable[dict[str, Any]],
    *,
    account: str = PROD,
    region: str = "ap-northeast-1",
    at: datetime | None = None,
    name: str = "",
    body: bytes | None = None,
) -> str:
    """One log file, five minutes after its last record; its key."""
    every = list(records)
    when = (at or datetime.fromisoformat(every[-1]["eventTime"]) + timedelta(minutes=5)).astimezone(UTC)
    content = body if body is not None else gzip.compress(json.dumps({"Records": every}).encode())
    file = name or f"{account}_CloudTrail_{region}_{when:%Y%m%dT%H%MZ}_{uuid.uuid4().hex[:16]}.json.gz"
    key = f"AWSLogs/{ORGANIZATION}/{account}/CloudTrail/{region}/{when:%Y/%m/%d}/{file}"
    aws.put(key, content)
    return key


def _time(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
