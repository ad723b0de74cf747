"""Requests that wait for one person and ask for the same thing: decided together, each plan with its own seal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kumoban.desk.models import Request

__all__ = ["alike"]


def alike(found: Iterable[Request]) -> list[Sequence[Request]]:
    """Groups of two or more, of the same routine, permission sets and environments.

    What was done in an emergency is read alone.
    """
    groups: dict[tuple[object, ...], list[Request]] = {}
    for one in found:
        things = one.plan.value.dimensions if one.plan and not one.ratification else ()
        if things:
            sets = frozenset(thing.get("permission_set", "") for thing in things)
            environments = frozenset(thing.get("environment", "") for thing in things)
            groups.setdefault((one.routine, sets, environments), []).append(one)
    return [group for group in groups.values() if len(group) > 1]
