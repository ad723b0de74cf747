"""Who did it, where CloudTrail tells: the call that made an assignment, found in the desk's own account.

LookupEvents answers for the account it is asked in: what the management account's people do there is not in it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from kumoban.aws.door import door, pages
from kumoban.findings.models import Finding
from kumoban.services.identity_center import assignment_thing

__all__ = ["who_did_it"]

#: the call came before the look that first saw it: at most a full turn of the scan
_BEFORE = timedelta(hours=3)


def who_did_it(findings: Sequence[Finding]) -> Mapping[int, Mapping[str, Any]]:
    """Further evidence by finding, of those without it. Raises AwsError."""
    wanted = {one.key: one for one in findings if "appeared_at" in one.evidence and "made_by" not in one.evidence}
    if not wanted:
        return {}
    start = min(datetime.fromisoformat(one.evidence["appeared_at"]) for one in wanted.values()) - _BEFORE
    attribute = [{"AttributeKey": "EventName", "AttributeValue": "CreateAccountAssignment"}]
    aws = door().open("kumoban-drift")
    told: dict[int, Mapping[str, Any]] = {}
    for event in pages(aws, "cloudtrail", "lookup_events", "Events", LookupAttributes=attribute, StartTime=start):
        thing, evidence = _read(event)
        if thing in wanted:
            told.setdefault(wanted[thing].pk, evidence)  # the newest comes first
    return told


def _read(event: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The thing it made, empty where AWS refused; and who made it, from where."""
    said = json.loads(event["CloudTrailEvent"])
    asked, identity = said.get("requestParameters") or {}, said.get("userIdentity") or {}
    if said.get("errorCode") or not {"principalId", "targetId", "permissionSetArn"} <= set(asked):
        return "", {}
    evidence = {
        "made_by": identity.get("arn", ""),
        "made_at": event["EventTime"].isoformat(),
        "made_from": said.get("sourceIPAddress", ""),
        "event": event["EventId"],
    }
    thing = assignment_thing(asked["principalId"], asked["targetId"], asked["permissionSetArn"])
    return thing, {name: value for name, value in evidence.items() if value}
