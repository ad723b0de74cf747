"""What a watch is: a detector that the desk runs regularly, and what it noticed. A watch only looks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from kumoban.core.reason import Reason
from kumoban.desk import duties, words
from kumoban.findings.models import Finding, Severity

__all__ = ["Noticed", "Proposal", "Round", "Watch", "all_watches", "register", "watch_of"]


@dataclass(frozen=True)
class Proposal:
    """A request that would settle it: a routine, its form as far as it is known, and texts said when it is opened."""

    routine: str
    title: Reason
    form: Mapping[str, Any] = field(default_factory=dict)
    texts: Mapping[str, Reason] = field(default_factory=dict)

    def stored(self) -> dict[str, Any]:
        texts = {name: reason.stored() for name, reason in self.texts.items()}
        return {"routine": self.routine, "title": self.title.stored(), "form": dict(self.form), "texts": texts}


@dataclass(frozen=True)
class Noticed:
    """One thing as it is now. ``key`` says what it is about; the same key is the same finding until it is resolved.

    ``team`` (slug) or ``person`` (id) is whose it is; ``about`` the person it is about, who never decides about it.
    ``seen_at``: when AWS, or the desk's own row, last showed it.
    """

    key: str
    title: Reason
    severity: Severity
    seen_at: datetime
    account: str = ""
    team: str = ""
    person: str = ""
    about: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    proposals: Sequence[Proposal] = ()
    monthly_saving: Decimal | None = None


@dataclass(frozen=True)
class Round:
    """Everything that is to be noticed now. ``unsure``: keys of which only a newer look can tell."""

    noticed: Sequence[Noticed]
    unsure: Collection[str] = frozenset()


@dataclass(frozen=True)
class Watch:
    """``title``/``summary`` are msgids; ``texts`` maps the codes of its Reasons, ``labels`` the names of its evidence.

    ``detect`` reads rows, never AWS. ``look_closer`` may ask AWS for more about findings not told everything of yet:
    ``look_closer(findings) -> {pk: further evidence}``.
    """

    name: str
    title: str
    summary: str
    every: timedelta
    detect: Callable[[], Round]
    texts: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    look_closer: Callable[[Sequence[Finding]], Mapping[int, Mapping[str, Any]]] | None = None


_watches: dict[str, Watch] = {}


def register(watch: Watch) -> None:
    """Enter a watch: its words, and its duty. Raises ValueError when the name is taken."""
    from kumoban.findings.keeping import run

    if watch.name in _watches:
        raise ValueError(f"watch {watch.name} is registered twice")
    _watches[watch.name] = watch
    words.add(watch.texts)
    duties.add(f"watch_{watch.name}", watch.every, partial(run, watch))


def watch_of(name: str) -> Watch | None:
    """None for a watch this version no longer has; its findings are still shown."""
    return _watches.get(name)


def all_watches() -> list[Watch]:
    return sorted(_watches.values(), key=lambda watch: watch.name)
