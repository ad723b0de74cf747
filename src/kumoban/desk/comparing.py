"""Two plans of one request side by side: what an approval of the first does not cover in the second."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from kumoban.core.plan import PlannedStep
from kumoban.core.reason import Reason, Refused
from kumoban.core.signing import differences
from kumoban.core.window import Window
from kumoban.desk.models import Plan, Request
from kumoban.estate.models import PermissionSetContent, Person

__all__ = ["Change", "Comparison", "Value", "compare", "plan_of", "plans_of"]

#: one line of a side: a text as it is, or something a face says in the reader's language and zone
Value: TypeAlias = str | datetime | timedelta | Reason
_STEP = re.compile(r"steps\[(?P<key>.*?)\](?:\.(?P<name>.*))?")


@dataclass(frozen=True)
class Change:
    """One thing that differs; a side without lines had nothing there."""

    what: Reason
    before: tuple[Value, ...]
    after: tuple[Value, ...]


@dataclass(frozen=True)
class Comparison:
    before: Plan
    after: Plan
    changes: tuple[Change, ...]


def plans_of(request: Request) -> list[Plan]:
    """All plans there were, the newest first, with the seals each had."""
    return list(request.plans.prefetch_related("approvals__person", "approvals__on_behalf_of").order_by("-ordinal"))


def plan_of(request: Request, ordinal: int) -> Plan:
    """Raises Refused where the request has no such plan."""
    found = request.plans.filter(ordinal=ordinal).first()
    if found is None:
        raise Refused(Reason("no_such_plan", {"plan": ordinal}))
    return found


def compare(before: Plan, after: Plan) -> Comparison:
    """What was signed with one and differs in the other; wording, prices and presence are not signed."""
    places = [difference.where for difference in differences(before.signed.encode(), after.signed.encode())]
    told = [*_about_request(places, before, after), *_about_steps(places, before, after)]
    return Comparison(before, after, tuple(told))


# --- what stands beside the steps


def _about_request(places: list[str], before: Plan, after: Plan) -> Iterator[Change]:
    old, new = _signed(before), _signed(after)
    if any(place.startswith("workers") for place in places):
        yield Change(Reason("changed_workers"), _names(old["workers"]), _names(new["workers"]))
    if any(place.startswith("window") for place in places):
        yield Change(Reason("changed_window"), _window(before), _window(after))
    for place in places:
        name, _sign, key = place.partition(".")
        if name == "extra":
            what = Reason("changed_extra", {"key": key})
            yield Change(what, _line(old["extra"].get(key)), _line(new["extra"].get(key)))
        elif name in ("reason", "handover", "requester"):
            yield Change(Reason(f"changed_{name}"), _line(old[name]), _line(new[name]))


def _signed(plan: Plan) -> dict[str, Any]:
    signed: dict[str, Any] = json.loads(plan.signed)
    return signed


def _names(ids: list[str]) -> tuple[Value, ...]:
    names = dict(Person.objects.filter(id__in=ids).values_list("id", "display_name"))
    return tuple(names.get(one, one) for one in ids)


def _window(plan: Plan) -> tuple[Value, ...]:
    window: Window | None = plan.value.window
    if window is None:
        return ()
    if window.duration is not None:
        return (Reason("from_approval"), window.duration)
    return tuple(at for at in (window.starts_at, window.ends_at) if at)


def _line(value: Any) -> tuple[Value, ...]:
    return (str(value),) if value not in (None, "") else ()


# --- the steps


def _about_steps(places: list[str], before: Plan, after: Plan) -> Iterator[Change]:
    old, new = _steps(before), _steps(after)
    named: dict[str, list[str]] = {}
    for place in places:
        if found := _STEP.fullmatch(place):
            named.setdefault(found["key"], []).append(found["name"] or "")
    if places == ["steps"]:
        yield Change(Reason("steps_in_another_order"), _titles(before), _titles(after))
    for key, names in named.items():
        if key not in old:
            yield Change(Reason("step_added"), (), (new[key].title,))
        elif key not in new:
            yield Change(Reason("step_removed"), (old[key].title,), ())
        else:
            yield from (_about_step(name, old[key], new[key]) for name in names)


def _titles(plan: Plan) -> tuple[Value, ...]:
    return tuple(step.title for step in plan.value.steps)


def _steps(plan: Plan) -> dict[str, PlannedStep]:
    return {step.thing or str(index): step for index, step in enumerate(plan.value.steps)}


def _about_step(name: str, before: PlannedStep, after: PlannedStep) -> Change:
    about = {**after.shown, "thing": after.thing or ""}
    if name == "power.permission_set":
        return Change(Reason("changed_content", about), _content(before), _content(after))
    if name == "power.session_seconds":
        return Change(Reason("changed_session", about), _session(before), _session(after))
    what = Reason("changed_step", {**about, "name": name})
    return Change(what, _line(_at(before, name)), _line(_at(after, name)))


def _at(step: PlannedStep, path: str) -> Any:
    """The signed value of a step by its path (``params.account``)."""
    name, _sign, key = path.partition(".")
    value = getattr(step, name, None)
    return value.get(key) if isinstance(value, Mapping) else value


def _session(step: PlannedStep) -> tuple[Value, ...]:
    return (timedelta(seconds=int(step.power.get("session_seconds", 0))),)


def _content(step: PlannedStep) -> tuple[Value, ...]:
    """What the permission set contained when this was signed."""
    signed = step.power.get("permission_set", "")
    known = PermissionSetContent.objects.filter(digest=signed).first()
    if known is None:
        return (Reason("content_not_kept", {"digest": signed[:8]}),)
    content = known.content
    return (
        *(arn.removeprefix("arn:aws:iam::aws:policy/") for arn in content.get("managed", ())),
        *content.get("customer", ()),
        *(text for text in (content.get("inline", ""), content.get("boundary", "")) if text and text != "{}"),
    )
