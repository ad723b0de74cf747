"""What a kind of campaign is: where its lines come from, and what an answer does. News and clean-ups can be others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kumoban.core.reason import Reason
from kumoban.reviews.models import Line

__all__ = ["Carried", "Kind", "Matter", "Proposal", "all_kinds", "kind_of", "register"]


@dataclass(frozen=True)
class Matter:
    """One line to be. ``person`` or ``team`` answers, the operations team where both are empty."""

    key: str
    group: str
    title: Reason
    person: str = ""
    team: str = ""
    about: str = ""
    account: str = ""
    shown: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Proposal:
    """A request that carries an answer out: a routine and its form as far as it is known."""

    routine: str
    title: Reason
    form: Mapping[str, Any]

    def stored(self) -> dict[str, Any]:
        return {"routine": self.routine, "title": self.title.stored(), "form": dict(self.form)}


@dataclass(frozen=True)
class Carried:
    """What the desk did about an answer by itself, and what is left for somebody to ask for."""

    proposals: Sequence[Proposal] = ()
    settled: bool = False


@dataclass(frozen=True)
class Kind:
    """``title``/``groups`` are msgids. ``collect(groups)`` gives the lines.

    ``keep``, ``change`` and ``drop`` carry an answer out, in the transaction that writes it; ``settled`` says of
    dropped lines which are seen gone.
    """

    name: str
    title: str
    groups: Mapping[str, str]
    collect: Callable[[Iterable[str]], Iterable[Matter]]
    keep: Callable[[Line, datetime], Carried]
    change: Callable[[Line, datetime], Carried]
    drop: Callable[[Line, str, datetime], Carried]
    settled: Callable[[Sequence[Line]], Iterable[int]]
    #: open lines of what is no longer there
    gone: Callable[[Sequence[Line]], Iterable[int]]


_kinds: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    """Raises ValueError where the name is taken."""
    if kind.name in _kinds:
        raise ValueError(f"campaign kind {kind.name} is registered twice")
    _kinds[kind.name] = kind


def kind_of(name: str) -> Kind | None:
    """None for a kind this version no longer has; its lines are still shown."""
    return _kinds.get(name)


def all_kinds() -> list[Kind]:
    return [_kinds[name] for name in sorted(_kinds)]
