"""What is wanted of a user or group, what it was when it was planned, and what AWS says it is."""

from __future__ import annotations

from collections.abc import Mapping

from kumoban.core.action import Presence, Seen

__all__ = ["before_of", "seen_as", "wanted_of"]

#: a parameter that says what an attribute was when the change was planned
_WAS = "was."


def wanted_of(params: Mapping[str, str], names: Mapping[str, object]) -> dict[str, str]:
    """The attributes that the parameters set."""
    return {name: params[name] for name in names if name in params}


def before_of(params: Mapping[str, str]) -> dict[str, str]:
    """The same attributes as they were when the change was planned."""
    return {name.removeprefix(_WAS): value for name, value in params.items() if name.startswith(_WAS)}


def seen_as(wanted: Mapping[str, str], before: Mapping[str, str], is_now: Mapping[str, str], by: str) -> Seen:
    """Present: all as wanted. Absent: each as wanted or as it was, so that the change may be made. Else it differs."""
    now = {name: is_now.get(name, "") for name in wanted}
    if now == dict(wanted):
        return Seen(Presence.PRESENT, {"by": by})
    other = sorted(name for name, value in now.items() if value not in (wanted[name], before.get(name, "")))
    if other:
        return Seen(Presence.DIFFERS, {"by": by, "attributes": ", ".join(other)})
    return Seen(Presence.ABSENT, {"by": by})
