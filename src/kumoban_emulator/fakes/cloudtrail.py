"""CloudTrail's LookupEvents, from the records the gateway writes itself. Source: CloudTrail API reference.

Management events of the caller's own account and the Region asked, newest first; one attribute at most.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from kumoban_emulator.errors import AwsError
from kumoban_emulator.fakes.registry import Call, Params, fake, moment
from kumoban_emulator.paging import page
from kumoban_emulator.trail import Event

_ATTRIBUTES: dict[str, Callable[[Event], Any]] = {
    "EventId": lambda event: event.id,
    "EventName": lambda event: event.name,
    "ReadOnly": lambda event: "true" if event.read_only else "false",
    "Username": lambda event: event.user_name,
    "ResourceName": lambda event: event.resources,
    "ResourceType": lambda event: (),
    "EventSource": lambda event: event.source,
    "AccessKeyId": lambda event: event.access_key,
}


@fake("cloudtrail", "LookupEvents")
def lookup_events(call: Call, params: Params) -> Params:
    wanted = params.get("LookupAttributes") or []
    if len(wanted) > 1:
        raise AwsError("InvalidLookupAttributesException", "You can specify one lookup attribute only.")
    found = [
        event
        for event in call.trail.events(call.account, call.region)
        if _within(event, params) and _has(event, wanted)
    ]
    answer = page(found, params, "Events", default=50, error="InvalidNextTokenException")
    answer["Events"] = [_shape(event) for event in answer["Events"]]
    return answer


def _within(event: Event, params: Params) -> bool:
    start, end = _seconds(params.get("StartTime")), _seconds(params.get("EndTime"))
    return (start is None or event.time >= start) and (end is None or event.time <= end)


def _seconds(value: Any) -> float | None:
    if value is None:
        return None
    return value.timestamp() if isinstance(value, datetime) else float(value)


def _has(event: Event, wanted: list[Params]) -> bool:
    for attribute in wanted:
        actual: Any = _ATTRIBUTES[attribute["AttributeKey"]](event)
        value = attribute["AttributeValue"]
        if value not in (actual if isinstance(actual, tuple) else (actual,)):
            return False
    return True


def _shape(event: Event) -> Params:
    shape: Params = {
        "EventId": event.id,
        "EventName": event.name,
        "ReadOnly": "true" if event.read_only else "false",
        "EventTime": moment(event.time),
        "EventSource": event.source,
        "Resources": [{"ResourceName": name} for name in event.resources],
        "CloudTrailEvent": event.text,
    }
    if event.user_name:
        shape["Username"] = event.user_name
    if event.access_key:
        shape["AccessKeyId"] = event.access_key
    return shape
