"""Deciding the past again, twice: by the rules as they are, and as they would be; and what would come out otherwise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from kumoban.desk import clock, rules
from kumoban.desk.conditions import timed
from kumoban.desk.models import Rule
from kumoban.desk.people import Actor
from kumoban.desk.planning import fields_missing, labels_of
from kumoban.desk.routine import Routine, routine_of
from kumoban.desk.rule_book import RuleForm, may_save, rule_of
from kumoban.desk.what_if.compiled import Book, Compiled, Estate
from kumoban.desk.what_if.past import Asking, asked_since, people_of
from kumoban.estate.models import Account, Group, PermissionSet, Person

__all__ = ["DAYS", "Change", "Kind", "Trial", "WhatIf", "replay", "what_if"]

#: what is replayed where nobody says otherwise
DAYS = 90
#: changes that are told one by one, the newest; all of them are counted
TOLD = 200

Kind = Literal["allowed", "refused", "rerouted"]
KINDS: tuple[Kind, ...] = ("refused", "rerouted", "allowed")


class Trial(BaseModel):
    """A rule as it would be saved, in place of the rule ``replaces`` or beside the others."""

    model_config = ConfigDict(extra="forbid")

    rule: RuleForm
    replaces: int | None = Field(default=None, ge=1, le=2**62)
    days: int = Field(default=DAYS, ge=1, le=400)


@dataclass(frozen=True)
class Change:
    """One request that would be decided otherwise."""

    kind: Kind
    asking: Asking
    before: rules.Decision
    after: rules.Decision


@dataclass(frozen=True)
class WhatIf:
    """How many were replayed since when, how many of them would come out otherwise, and the newest of those."""

    since: datetime
    replayed: int
    counts: Mapping[Kind, int]
    changes: Sequence[Change]
    #: what the ids in the changes are called: people, groups, accounts, permission sets
    names: Mapping[str, str]

    @property
    def unchanged(self) -> int:
        return self.replayed - sum(self.counts.values())

    @property
    def untold(self) -> int:
        return sum(self.counts.values()) - len(self.changes)

    def named(self, ref: str) -> str:
        return self.names.get(ref, ref)


def what_if(actor: Actor, trial: Trial) -> WhatIf:
    """What saving this rule would have meant. Nothing is stored; only for who may save. Raises Refused."""
    may_save(actor)
    replaced = rule_of(trial.replaces) if trial.replaces else None
    would_be = Rule(pk=trial.replaces or -1, version=replaced.version + 1 if replaced else 1, **trial.rule.stored())
    as_they_are = list(Rule.objects.order_by("id"))
    if replaced:
        as_they_would_be = [would_be if rule.pk == would_be.pk else rule for rule in as_they_are]
    else:
        as_they_would_be = [*as_they_are, would_be]
    names = {would_be.routine, *((replaced.routine,) if replaced else ())}
    return replay(names, as_they_are, as_they_would_be, clock.now() - timedelta(days=trial.days))


def replay(routines: Iterable[str], before: Sequence[Rule], after: Sequence[Rule], since: datetime) -> WhatIf:
    """Decide what was asked for in these routines by both; a rule that is not stored has a negative key of its own."""
    replayed, counts, changes = 0, Counter[Kind](), list[Change]()
    for name in sorted(routines):
        routine = routine_of(name)
        if routine is None or routine.open_to_all:
            continue
        asked = asked_since(routine, since)
        replayed += len(asked)
        for change in _changes(routine, asked, _of(name, before), _of(name, after)):
            counts[change.kind] += 1
            changes.append(change)
    told = sorted(changes, key=lambda change: change.asking.at, reverse=True)[:TOLD]
    return WhatIf(since, replayed, {kind: counts[kind] for kind in KINDS}, told, _names(told))


def _of(routine: str, every: Sequence[Rule]) -> list[Rule]:
    """Those that decide about the routine."""
    return [rule for rule in every if rule.routine == routine and rule.enabled]


def _changes(
    routine: Routine, asked: Sequence[Asking], before: Sequence[Rule], after: Sequence[Rule]
) -> Iterable[Change]:
    judge = _Judge.of(routine, people_of(asked), before, after)
    known: dict[Any, tuple[Kind, rules.Decision, rules.Decision] | None] = {}
    for one in asked:
        alike = (*one.alike, one.starts_at, one.request) if judge.timed else one.alike
        if alike not in known:
            known[alike] = judge.compare(one)
        if found := known[alike]:
            yield Change(found[0], one, found[1], found[2])


@dataclass(frozen=True)
class _Judge:
    """Both books of rules; and apart, what is only in one of them: what that does not touch is decided as before."""

    people: Mapping[str, Person]
    labels: Mapping[str, str]
    differing: Compiled
    #: the allow rules of both
    allowing: int
    was: Book
    would_be: Book
    #: whether any rule of both looks at the time
    timed: bool

    @classmethod
    def of(
        cls, routine: Routine, people: Mapping[str, Person], before: Sequence[Rule], after: Sequence[Rule]
    ) -> _Judge:
        estate, places = Estate(routine, people), {id(rule): rule for rule in (*before, *after)}
        compiled = Compiled(list(places.values()), estate)
        bits = {key: 1 << bit for bit, key in enumerate(places)}
        was, would_be = (sum(bits[id(rule)] for rule in some) for some in (before, after))
        differing = [rule for key, rule in places.items() if bits[key] & (was ^ would_be)]
        allowing = sum(bits[key] for key, rule in places.items() if rule.effect == Rule.Effect.ALLOW)
        books = Book(compiled, was), Book(compiled, would_be)
        looks_at_time = any(timed(rule) for rule in places.values())
        return cls(people, labels_of(routine.name), Compiled(differing, estate), allowing, *books, looks_at_time)

    def compare(self, one: Asking) -> tuple[Kind, rules.Decision, rules.Decision] | None:
        """None where nothing differs."""
        workers = [self.people[person] for person in one.workers]
        requester, asked = (
            self.people[one.requester],
            (one.starts_at, one.length, one.emergency, one.request, one.machine),
        )
        case = rules.Case(requester, workers, one.combinations, *asked)
        if not self._touched(case) or self._allowed_by_nothing(case):
            return None
        before, after = (self._decided(case, one, book) for book in (self.was, self.would_be))
        kind = _kind(before, after)
        return (kind, before, after) if kind else None

    def _touched(self, case: rules.Case) -> bool:
        people = case.people.values()
        return any(self.differing.hit(thing, who, case.machine) for thing in case.combinations for who in people)

    def _allowed_by_nothing(self, case: rules.Case) -> bool:
        """Where of both books no rule allows somebody something, both refuse it."""
        if self.was.compiled.estate.routine.handover == "ops_only":  # needs no rule
            return False
        hit = self.was.compiled.hit
        return any(
            not hit(thing, who, case.machine) & self.allowing for thing in case.combinations for who in case.to_allow
        )

    def _decided(self, case: rules.Case, one: Asking, book: Book) -> rules.Decision:
        decision = rules.judged(self.differing.estate.routine, case, book)
        missing = fields_missing(decision, self.labels, one.extra)
        return replace(decision, refusals=(*decision.refusals, *missing)) if missing else decision


def _kind(before: rules.Decision, after: rules.Decision) -> Kind | None:
    if before.allowed and not after.allowed:
        return "refused"
    if not before.allowed:
        return "allowed" if after.allowed else None
    return "rerouted" if _wants(before) != _wants(after) else None


def _wants(decision: rules.Decision) -> Counter[Any]:
    """Whose approval it takes, and whether it is one afterwards."""
    return Counter([slot.wants for slot in decision.slots] + [decision.afterwards_days])


def _names(changes: Sequence[Change]) -> dict[str, str]:
    refs = {value for one in changes for thing in one.asking.combinations for value in thing.values()}
    refs |= {ref for one in changes for which in (one.before, one.after) for slot in which.slots for ref in slot.refs}
    refs |= {person for one in changes for person in (one.asking.requester, *one.asking.workers)}
    groups = Group.objects.filter(id__in=refs).values_list("id", "description", "name")
    return {
        **dict(Account.objects.filter(id__in=refs).values_list("id", "name")),
        **dict(PermissionSet.objects.filter(arn__in=refs).values_list("arn", "name")),
        **{ref: description or name for ref, description, name in groups},
        **dict(Person.objects.filter(id__in=refs).values_list("id", "display_name")),
    }
