"""What a routine is to the desk, and the registry that routines enter at start."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol

from kumoban.core.action import Action
from kumoban.core.form import Form, Reading
from kumoban.core.needs import Need
from kumoban.core.plan import Plan
from kumoban.core.reason import Reason
from kumoban.core.request_text import Understood
from kumoban.desk.models import Request
from kumoban.estate.models import Person

__all__ = [
    "Asked",
    "Bundle",
    "Dimension",
    "Routine",
    "action_of",
    "all_actions",
    "all_routines",
    "known_actions",
    "register",
    "routine_of",
    "routines_for",
    "texts",
]


@dataclass(frozen=True)
class Asked:
    """Who asks, for whom, and when: what a planner may know beside the form and what was seen.

    ``since`` is when it was asked, ``now`` when it is planned: a start that has passed meanwhile is only late.
    """

    requester: Person
    workers: Sequence[Person]
    now: datetime
    since: datetime
    #: to be approved afterwards (事後承認)
    emergency: bool = False
    #: the company's own fields as they were filled; None where nobody filled them yet
    extra: Mapping[str, str] | None = None
    #: the key of the request where it is stored already
    request: int | None = None
    #: the name of the machine identity that asks; the requester is its owner
    machine: str = ""

    @classmethod
    def by(cls, requester: Person, workers: Iterable[Person], now: datetime, since: datetime | None = None) -> Asked:
        """Workers in the order of their ids, so that the same people always make the same plan."""
        return cls(requester, tuple(sorted(workers, key=lambda worker: worker.id)), now, since or now)

    @classmethod
    def of(cls, request: Request, now: datetime) -> Asked:
        """Those of a stored request, as the estate knows them now."""
        requester = Person.objects.get(pk=request.requester_id)
        asked = cls.by(requester, request.workers.all(), now, request.created_at)
        machine = request.machine.name if request.machine else ""
        return replace(asked, emergency=request.emergency, extra=request.extra, request=request.pk, machine=machine)


@dataclass(frozen=True)
class Dimension:
    """One thing rules can distinguish: ``matches(pattern, value, context)``; context maps an account to its OUs."""

    name: str
    title: str
    kind: Literal["account", "id", "pattern", "word"]


@dataclass(frozen=True)
class Bundle:
    """Values of a field that may be chosen at once, such as the accounts of an OU; ``key`` is written for them all."""

    key: str
    label: str
    values: tuple[str, ...]


class Look(Protocol):
    """See the estate (``live`` False, for pages) or AWS (``live`` True, before applying); the same type either way."""

    def __call__(self, form: Any, asked: Asked, *, live: bool, request: str = "") -> Any: ...


@dataclass(frozen=True)
class Routine:
    """One kind of operation the desk can perform.

    ``title``/``summary`` are msgids; ``texts`` maps the codes of its Reasons to msgids; ``choices`` offers a
    field's values for one person: ``choices(source, person, query) -> [(value, label, hint)]``.
    """

    name: str
    title: str
    summary: str
    icon: str
    handover: Literal["delegated", "ops_only"]
    form: type[Form]
    look: Look
    plan: Callable[[Any, Any, Asked], Plan]
    dimensions: tuple[Dimension, ...]
    actions: tuple[Action, ...] = ()
    #: what its look calls beside the estate's own reading
    reads: frozenset[Need] = frozenset()
    texts: Mapping[str, str] = field(default_factory=dict)
    choices: Callable[..., list[tuple[str, str, str]]] | None = None
    #: what people may write in place of an id: ``named(source, names)`` → the ids each name may mean
    named: Callable[[str, Sequence[str]], Mapping[str, Sequence[str]]] | None = None
    #: what may be chosen at once by this person; ``word``: only what is called so, and nothing where it is no such word
    bundles: Callable[[str, Person, str | None], list[Bundle]] | None = None
    #: what a pasted text says to this person; never raises
    from_text: Callable[[str, Person, Reading], Understood] | None = None
    #: form → the people who will hold the access; empty means the requester
    workers: Callable[[Any], Sequence[str]] = lambda form: ()
    #: form → the written reason, signed with the plan
    reason: Callable[[Any], str] = lambda form: str(getattr(form, "reason", ""))
    #: no approval is ever needed and no rule is asked: the plan is work for the operations team
    open_to_all: bool = False
    #: carries out a plan of ``desk.…`` steps on the desk's own rows, in the transaction that decided it
    keep: Callable[[Request, Plan, datetime], None] | None = None
    #: after all changes of a plan were seen: the desk's own rows; given what each step found, by position
    finish: Callable[[Request, Plan, Mapping[int, Mapping[str, str]], datetime], None] | None = None
    #: the positions of the changes that are enough for ``finish`` where the rest was given up; None: all of them
    finish_after: tuple[int, ...] | None = None
    #: business time within which the operations team means to be done
    target: timedelta | None = None


_routines: dict[str, Routine] = {}
_actions: dict[str, Action] = {}
_texts: dict[str, str] = {}


def register(routine: Routine) -> None:
    """Enter a routine. Raises ValueError when its name, or another version of its action, is taken."""
    if routine.name in _routines:
        raise ValueError(f"routine {routine.name} is registered twice")
    for action in routine.actions:
        if _actions.setdefault(action.name, action) is not action and type(_actions[action.name]) is not type(action):
            raise ValueError(f"action {action.name} is registered twice")
    _routines[routine.name] = routine
    _texts.update(routine.texts)


def routine_of(name: str) -> Routine | None:
    """None for a routine this version no longer has: its requests are shown as retired."""
    return _routines.get(name)


def all_routines() -> list[Routine]:
    return sorted(_routines.values(), key=lambda routine: routine.name)


def routines_for(ops: bool) -> list[Routine]:
    """What a person is offered to ask for; the rules decide again."""
    return [routine for routine in all_routines() if ops or routine.handover != "ops_only"]


def action_of(name: str) -> Action:
    return _actions[name]


def all_actions() -> list[Action]:
    return [_actions[name] for name in sorted(_actions)]


def known_actions() -> list[str]:
    """A node claims only actions it knows, so that versions can run side by side."""
    return sorted(_actions)


def texts() -> Mapping[str, str]:
    """The msgids of all routines' Reasons by code."""
    return _texts


def unknown(name: str) -> Reason:
    return Reason("routine_retired", {"routine": name})
