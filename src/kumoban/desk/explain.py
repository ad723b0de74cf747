"""Why, why not, and who could: a decision of the rules taken apart, by the matcher that decides.

Nothing is stored and nobody is asked: anybody signed in may explain for anybody, as everybody may read the rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import product
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from kumoban.core.plan import Plan, PlannedStep
from kumoban.core.reason import Reason
from kumoban.core.window import Window
from kumoban.desk import clock, rules
from kumoban.desk.models import Machine, Rule
from kumoban.desk.people import accounts_of_the_same, stand_ins
from kumoban.desk.planning import authorise
from kumoban.desk.qualified import unmet
from kumoban.desk.routine import Asked, Routine, routine_of
from kumoban.desk.rule_book import MOST_MINUTES
from kumoban.desk.shapes import problem
from kumoban.estate.models import Account, Person

__all__ = ["Explanation", "Placed", "Question", "Seat", "explain"]


class Question(BaseModel):
    """May this person have this? ``values`` holds, by the routine's dimension, the exact things asked for.

    An account's environment is read from the account, so ``environment`` is given only where there is no account.
    """

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    person: str
    routine: str = "temporary-access"
    #: a machine identity that would ask for this person; empty: the person asks
    machine: str = ""
    values: dict[str, list[str]] = Field(default_factory=dict)
    minutes: int = Field(default=60, ge=1, le=10 * MOST_MINUTES)

    @field_validator("person")
    @classmethod
    def _known_person(cls, given: str) -> str:
        people = Person.objects.filter(absent_since=None, enabled=True)
        found = people.filter(user_name=given).first() or people.filter(pk=given).first()
        if found is None:
            raise problem("unknown_person", person=given[:60])
        return found.id

    @field_validator("machine")
    @classmethod
    def _known_machine(cls, given: str) -> str:
        if given and not Machine.objects.filter(name=given).exists():
            raise problem("unknown_machine", machine=given[:40])
        return given

    @field_validator("routine")
    @classmethod
    def _known_routine(cls, given: str) -> str:
        if routine_of(given) is None:
            raise problem("no_such_routine", routine=given[:60])
        return given

    @field_validator("values")
    @classmethod
    def _known_accounts(cls, given: dict[str, list[str]]) -> dict[str, list[str]]:
        accounts = given.get("account", [])
        known = set(Account.objects.filter(id__in=accounts).values_list("id", flat=True))
        for account in accounts:
            if account not in known:
                raise problem("unknown_account", account=account[:40])
        return given

    @model_validator(mode="after")
    def _names_a_thing(self) -> Self:
        routine = routine_of(self.routine)
        names = [dimension.name for dimension in routine.dimensions] if routine else []
        for name in names:
            given = self.values.get(name, [])
            if not given and not (name == "environment" and "account" in names):
                raise problem("shape.missing", f"values.{name}")
            if len(given) > 20:
                raise problem("shape.too_long", f"values.{name}", max_length=20)
        return self


@dataclass(frozen=True)
class Placed:
    """One rule of the routine beside one thing asked for: whether it matched, or which part of it did not.

    ``missed`` names ``disabled``, ``who``, ``length``, ``hours``, ``week`` (its total is used up), ``emergency`` (only
    then), ``qualified`` (runbook and exercise), ``pairs`` or a dimension of the routine.
    """

    rule: Rule
    value: Mapping[str, str]
    missed: tuple[str, ...]

    @property
    def matched(self) -> bool:
        return not self.missed

    @property
    def denies(self) -> bool:
        return self.matched and self.rule.effect == Rule.Effect.DENY


@dataclass(frozen=True)
class Seat:
    """One requirement, and who could fill it now; ``stand_ins`` are (delegate, the one who is away)."""

    slot: rules.Slot
    people: tuple[Person, ...]
    stand_ins: tuple[tuple[Person, Person], ...]


@dataclass(frozen=True)
class Explanation:
    """The decision as it would be taken now, with everything that led to it."""

    person: Person
    routine: Routine
    length: timedelta
    decision: rules.Decision
    placed: tuple[Placed, ...]
    seats: tuple[Seat, ...]
    #: the machine identity that would ask
    machine: Machine | None = None

    @property
    def allowed(self) -> bool:
        return self.decision.allowed


def explain(question: Question) -> Explanation:
    """Decide as for a request that starts now, and say why."""
    routine = routine_of(question.routine)
    assert routine is not None
    person = Person.objects.get(pk=question.person)
    length = timedelta(minutes=question.minutes)
    things = combinations(routine, question.values)
    machine = Machine.objects.select_related("owner").filter(name=question.machine).first()
    asker = machine.owner if machine else person
    case = rules.Case(asker, [person], things, clock.now(), length, machine=question.machine)
    decision = _decided(routine, case)
    placed = tuple(_placed(routine, person, case))
    return Explanation(person, routine, length, decision, placed, _seats(decision, case), machine)


def combinations(routine: Routine, values: Mapping[str, Sequence[str]]) -> list[dict[str, str]]:
    """Every exact thing asked for, in the routine's dimensions; the environment is the account's own."""
    names = [dimension.name for dimension in routine.dimensions]
    of_account = "account" in names and "environment" in names
    free = [name for name in names if not (of_account and name == "environment")]
    found = [dict(zip(free, chosen, strict=True)) for chosen in product(*(values.get(name) or [""] for name in free))]
    if of_account:
        known = dict(Account.objects.filter(id__in=values.get("account", ())).values_list("id", "environment"))
        for thing in found:
            thing["environment"] = known.get(thing["account"], "")
    return found


def _decided(routine: Routine, case: rules.Case) -> rules.Decision:
    """By the function that decides a real plan, so that freezes speak too."""
    steps = tuple(
        PlannedStep(action="", title=Reason("explained"), account=thing["account"])
        for thing in case.combinations
        if thing.get("account")
    )
    plan = Plan(steps, Window(duration=case.length), dimensions=tuple(case.combinations))
    asked = Asked.by(case.requester, case.workers, case.starts_at)
    return authorise(routine, plan, replace(asked, machine=case.machine))


def _placed(routine: Routine, person: Person, case: rules.Case) -> Iterable[Placed]:
    facts = rules.facts_of([person], case.combinations)
    sight = rules.sight_of(routine, case)
    every = list(Rule.objects.filter(routine=routine.name).order_by("-effect", "name", "id"))
    closed = unmet(every, case.requester, routine.name)
    for rule in every:
        for thing in case.combinations:
            match = rules.match(routine, rule, thing, person, facts, case.machine)
            missed = [] if rule.enabled else ["disabled"]
            missed += [] if match.who else ["who"]
            missed += match.missed
            missed += _missed_by_time(rule, case, sight) if rule.effect == Rule.Effect.ALLOW else []
            if rule.pk in closed:
                missed.append("qualified")
            yield Placed(rule, thing, tuple(missed))


def _missed_by_time(rule: Rule, case: rules.Case, sight: rules.Sight) -> list[str]:
    missed = ["length"] if case.length is None or case.length > rules.longest_of(rule) else []
    missed += ["emergency"] if rules.for_emergencies(rule) else []
    out = rules.out_of_time(rule, case, case.workers[0], sight)
    return missed + (["hours" if out.code == "out_of_hours" else "week"] if out else [])


def _seats(decision: rules.Decision, case: rules.Case) -> tuple[Seat, ...]:
    without = accounts_of_the_same(case.people)
    able = rules.approvers(decision.slots, without=without)
    away = stand_ins(clock.now())
    people = Person.objects.in_bulk({*(one for ids in able for one in ids), *away})
    return tuple(
        Seat(slot, _by_name(people[one] for one in ids), tuple(_standing_in(away, ids, without, people)))
        for slot, ids in zip(decision.slots, able, strict=True)
    )


def _standing_in(
    away: Mapping[str, set[str]], ids: set[str], without: set[str], people: Mapping[str, Person]
) -> Iterable[tuple[Person, Person]]:
    for delegate, principals in sorted(away.items()):
        if delegate not in without and people[delegate].can_act:
            yield from ((people[delegate], people[principal]) for principal in sorted(principals & ids))


def _by_name(people: Iterable[Person]) -> tuple[Person, ...]:
    return tuple(sorted(people, key=lambda person: person.user_name))
