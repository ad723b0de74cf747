"""What is made in the company's own directory and arrives by SCIM: looked for until it is there, never sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from kumoban.core.action import Action, Caller, Change, Direction, Seen, Started
from kumoban.core.needs import Need
from kumoban.core.plan import MANUAL, PlannedStep
from kumoban.core.reason import Reason
from kumoban.services.identity_store.groups import GROUP_ACTIONS
from kumoban.services.identity_store.members import MEMBER_ACTIONS
from kumoban.services.identity_store.users import USER_ACTIONS

__all__ = ["ARRIVALS", "by_hand"]


class Arrives(Change):
    """The same parameters and the same look as the change it waits for."""

    arrives = True
    writes: frozenset[Need] = frozenset()

    def __init__(self, change: Action) -> None:
        self._change = change
        self.name = _arriving(change.name)
        self.reads = change.reads

    def lock(self, params: Mapping[str, str]) -> str:
        return ""

    def call_name(self, direction: Direction) -> str:
        return ""

    def look(self, aws: Caller, params: Mapping[str, str]) -> Seen:
        return self._change.look(aws, params)

    def send(self, aws: Caller, params: Mapping[str, str], direction: Direction) -> Started:
        raise NotImplementedError("what arrives is never sent")


def _arriving(action: str) -> str:
    """``identity_store.create_user/1`` → ``identity_store.create_user_arrives/1``"""
    name, _, version = action.partition("/")
    return f"{name}_arrives/{version}"


ARRIVALS = tuple(Arrives(change) for change in (*USER_ACTIONS, *GROUP_ACTIONS, *MEMBER_ACTIONS))


def by_hand(steps: tuple[PlannedStep, ...]) -> tuple[PlannedStep, ...]:
    """One step by hand in the directory; what arrives from there is seen, never sent.

    The routine says what ``in_the_directory`` means in its texts.
    """
    hand = PlannedStep(action=MANUAL, title=Reason("in_the_directory", {"count": len(steps)}))
    arrivals = (
        replace(
            step,
            action=_arriving(step.action),
            after=tuple(at + 1 for at in step.after),
            takes={name: (at + 1, what) for name, (at, what) in step.takes.items()},
            irreversible=False,
        )
        for step in steps
    )
    return (hand, *arrivals)
