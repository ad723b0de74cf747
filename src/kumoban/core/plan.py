"""The plan: ordered steps that would make AWS match a form. Pure data; what is signed of it is in ``signing``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kumoban.core.reason import Reason
from kumoban.core.window import Window

__all__ = ["MANUAL", "OWN", "Diff", "Plan", "PlannedStep"]

#: the action of a step that a person does
MANUAL = "manual/1"
#: how the names of actions on the desk's own rows begin
OWN = "desk."


@dataclass(frozen=True)
class Diff:
    """One value that a change sets: ``label`` is the code of its name; empty before where it was not there."""

    label: str
    before: str
    after: str


@dataclass(frozen=True)
class PlannedStep:
    """One thing asked for, also where it is already there (then ``present``): presence is a note, never signed."""

    action: str
    title: Reason
    params: Mapping[str, str] = field(default_factory=dict)
    account: str | None = None
    thing: str | None = None
    person: str | None = None
    #: digests of what gives the change its power, by name: the content of a permission set, a record replaced
    power: Mapping[str, str] = field(default_factory=dict)
    irreversible: bool = False
    #: of a grant without end: whose it is, and the day by which somebody looks at it again
    terms: Mapping[str, str] = field(default_factory=dict)
    #: positions of the changes that must be done before this one
    after: tuple[int, ...] = ()
    #: parameters known only then, by name: the position of the change that finds them, and what it calls them
    takes: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    # unsigned from here on
    present: bool = False
    shown: Mapping[str, str] = field(default_factory=dict)
    diff: tuple[Diff, ...] = ()
    warnings: tuple[Reason, ...] = ()

    @property
    def manual(self) -> bool:
        return self.action == MANUAL

    @property
    def behind(self) -> frozenset[int]:
        """The positions of all that must be done before it."""
        return frozenset(self.after) | {position for position, _ in self.takes.values()}

    @property
    def own(self) -> bool:
        """On the desk's own rows: nothing on AWS is touched, and nothing ends."""
        return self.action.startswith(OWN)

    def stored(self) -> dict[str, Any]:
        return {
            "action": self.action,
            "title": self.title.stored(),
            "params": dict(self.params),
            "account": self.account,
            "thing": self.thing,
            "person": self.person,
            "power": dict(self.power),
            "irreversible": self.irreversible,
            "terms": dict(self.terms),
            "after": list(self.after),
            "takes": {name: list(source) for name, source in self.takes.items()},
            "present": self.present,
            "shown": dict(self.shown),
            "diff": [[one.label, one.before, one.after] for one in self.diff],
            "warnings": [warning.stored() for warning in self.warnings],
        }

    @classmethod
    def from_stored(cls, stored: Mapping[str, Any]) -> PlannedStep:
        return cls(
            action=stored["action"],
            title=Reason.from_stored(stored["title"]),
            params=stored["params"],
            account=stored["account"],
            thing=stored["thing"],
            person=stored["person"],
            power=stored["power"],
            irreversible=stored["irreversible"],
            terms=stored.get("terms", {}),
            after=tuple(stored.get("after", ())),
            takes={name: (int(at), str(what)) for name, (at, what) in stored.get("takes", {}).items()},
            present=stored["present"],
            shown=stored["shown"],
            diff=tuple(Diff(*one) for one in stored.get("diff", ())),
            warnings=tuple(Reason.from_stored(warning) for warning in stored["warnings"]),
        )


@dataclass(frozen=True)
class Plan:
    """What would happen (``steps`` within ``window``), what to know (``warnings``), why it can't be (``refusals``).

    ``dimensions`` are the values the rules decide about, one mapping per combination asked for.
    """

    steps: tuple[PlannedStep, ...]
    window: Window | None = None
    warnings: tuple[Reason, ...] = ()
    refusals: tuple[Reason, ...] = ()
    dimensions: tuple[Mapping[str, str], ...] = ()

    @property
    def own(self) -> bool:
        """Only the desk's own rows are changed."""
        return bool(self.steps) and all(step.own for step in self.steps)

    @property
    def waits_for_people(self) -> bool:
        """Whether a step on AWS comes after a step that a person does: nobody knows how long that takes."""
        by_hand = [step.manual for step in self.steps]
        return True in by_hand and False in by_hand[by_hand.index(True) :]

    def open_from(self, done: int) -> range:
        """The steps on AWS that may go on once everything before position ``done`` is done: up to the next by hand."""
        by_hand = (index for index in range(done, len(self.steps)) if self.steps[index].manual)
        return range(done, next(by_hand, len(self.steps)))

    def stored(self) -> dict[str, Any]:
        return {
            "steps": [step.stored() for step in self.steps],
            "window": self.window.stored() if self.window else None,
            "warnings": [warning.stored() for warning in self.warnings],
            "dimensions": [dict(values) for values in self.dimensions],
        }

    @classmethod
    def from_stored(cls, stored: Mapping[str, Any]) -> Plan:
        return cls(
            steps=tuple(PlannedStep.from_stored(step) for step in stored["steps"]),
            window=Window.from_stored(stored["window"]) if stored["window"] else None,
            warnings=tuple(Reason.from_stored(warning) for warning in stored["warnings"]),
            dimensions=tuple(stored["dimensions"]),
        )
