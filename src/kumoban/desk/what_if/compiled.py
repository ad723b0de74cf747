"""The rules of one routine compiled into bits, so that tens of thousands of decisions take seconds.

Every rule has a bit. For each person, and for each value of each dimension, the matcher that decides real requests is
asked once which rules match; what a person and a thing hit is the AND of those. Indexes only leave out what cannot
match; they never decide.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from django.db.models.functions import Coalesce

from kumoban.core.calendar import BusinessCalendar
from kumoban.core.reason import Reason
from kumoban.desk.conditions import Had, Span, held, things_at
from kumoban.desk.matching import Facts, own_teams, paired, pairs_match, pattern_matches, personal, speaks_of
from kumoban.desk.models import Hold, Rule
from kumoban.desk.office_calendar import business_calendar
from kumoban.desk.people import managers_of, members_of, who_can_act
from kumoban.desk.qualified import Qualification, qualifications, qualified_days, unmet
from kumoban.desk.routine import Dimension, Routine
from kumoban.desk.rules import Slot, operators, spans_about
from kumoban.desk.slots import able
from kumoban.estate.models import Account, Group, Membership, Person

__all__ = ["Book", "Compiled", "Estate"]


@dataclass
class Estate:
    """What decisions about these people ask of the estate as it is now, each read once and only where it is asked."""

    routine: Routine
    people: Mapping[str, Person]

    @cached_property
    def facts(self) -> Facts:
        groups: dict[str, set[str]] = {one: set() for one in self.people}
        held = Membership.objects.filter(person_id__in=self.people, absent_since=None)
        for person, group in held.values_list("person_id", "group_id"):
            groups[person].add(group)
        kept = {person: frozenset(mine) for person, mine in groups.items()}
        accounts = Account.objects.select_related("ou", "register").defer("search", "users_error")
        return Facts(kept, {account.id: account for account in accounts}, own_teams(kept))

    @cached_property
    def managers(self) -> Mapping[str, str]:
        return managers_of(list(self.people.values()))

    @cached_property
    def acting(self) -> set[str]:
        return set(who_can_act().values_list("id", flat=True))

    @cached_property
    def operators(self) -> Sequence[str]:
        return operators()

    @cached_property
    def qualified(self) -> Mapping[str, Qualification]:
        return qualifications(list(self.people), self.routine.name)

    @cached_property
    def calendar(self) -> BusinessCalendar:
        return business_calendar()

    @cached_property
    def had(self) -> Mapping[str, Sequence[Had]]:
        """What was had of the routine, by the account of the person who had it; in the order of the requests."""
        rows = held(Hold.objects.filter(request__routine=self.routine.name, starts_at__isnull=False))
        fields = ("person_id", "request", "starts_at", Coalesce("ended_at", "ends_at"), "request__plan__document")
        found: dict[str, list[Had]] = {}
        for person, request, starts_at, end, document, account in rows.values_list(*fields, "account_id"):
            if person and end:
                found.setdefault(person, []).append(Had(request, (starts_at, end), things_at(document, account)))
        return found

    @cached_property
    def group_names(self) -> Mapping[str, str]:
        return dict(Group.objects.values_list("id", "name"))

    def members(self, group: str) -> set[str]:
        if group not in self._members:
            self._members.update(members_of([group]))
        return self._members[group]

    def same(self, people: Iterable[str]) -> set[str]:
        """These people under all their accounts."""
        numbers = {self._numbers[one] for one in people if one in self._numbers}
        return {*people, *(other for number in numbers for other in self._by_number[number])}

    @cached_property
    def _members(self) -> dict[str, set[str]]:
        return {}

    @cached_property
    def _numbers(self) -> Mapping[str, str]:
        return dict(Person.objects.exclude(employee_number="").values_list("id", "employee_number"))

    @cached_property
    def _by_number(self) -> Mapping[str, list[str]]:
        found: dict[str, list[str]] = {}
        for person, number in self._numbers.items():
            found.setdefault(number, []).append(person)
        return found


class Compiled:
    """The rules, enabled or not, of one routine; which of them count is the ``Book``'s matter."""

    def __init__(self, rules: Sequence[Rule], estate: Estate) -> None:
        self.rules = rules
        self.estate = estate
        self._dimensions = [_Patterns(one, rules) for one in estate.routine.dimensions]
        self._everybody, self._named = _named(rules)
        self._paired = sum(1 << bit for bit, rule in enumerate(rules) if rule.pairs)
        self._by_person: dict[tuple[str, str], int] = {}

    def hit(self, combination: Mapping[str, str], person: Person, machine: str) -> int:
        """The bits of the rules that speak of this person and this thing, where this machine asks, if any."""
        bits = self._by_person.get((person.id, machine))
        if bits is None:
            bits = self._by_person[person.id, machine] = self._of_person(person, machine)
        for patterns in self._dimensions:
            if not bits:
                break
            bits = patterns.of(bits, combination.get(patterns.dimension.name, ""), person, self.estate.facts)
        for bit in _places(bits & self._paired):
            if not pairs_match(self.estate.routine, self.rules[bit], combination, person, self.estate.facts):
                bits ^= 1 << bit
        return bits

    def _of_person(self, person: Person, machine: str) -> int:
        facts = self.estate.facts
        mentioned = {bit for ref in (person.id, *facts.people[person.id]) for bit in self._named.get(ref, ())}
        named = {*self._everybody, *mentioned}
        return sum(1 << bit for bit in named if speaks_of(self.rules[bit], person, facts, machine))


class _Patterns:
    """One dimension of the routine: which rules name each pattern, and which leave all of it open."""

    def __init__(self, dimension: Dimension, rules: Sequence[Rule]) -> None:
        self.dimension = dimension
        #: of deny rules that do not name the dimension, and of rules whose pairs do
        self._unsaid = 0
        self._same_for_all: dict[str, int] = {}
        self._of_the_person: dict[str, int] = {}
        self._by_value: dict[str, int] = {}
        for bit, rule in enumerate(rules):
            patterns = rule.dimensions.get(dimension.name)
            if patterns is None:
                self._unsaid |= (rule.effect == Rule.Effect.DENY or paired(rule, dimension.name)) << bit
            for pattern in patterns or ():
                kept = self._of_the_person if personal(pattern) else self._same_for_all
                kept[pattern] = kept.get(pattern, 0) | 1 << bit

    def of(self, bits: int, value: str, person: Person, facts: Facts) -> int:
        """Of these rules, those that match the value."""
        matching = self._by_value.get(value)
        if matching is None:
            matching = self._by_value[value] = self._matching(value, facts)
        for pattern, of_rules in self._of_the_person.items():
            if of_rules & bits & ~matching and pattern_matches(self.dimension, pattern, value, person, facts):
                matching |= of_rules
        return bits & matching

    def _matching(self, value: str, facts: Facts) -> int:
        bits = self._unsaid
        for pattern, of_rules in self._same_for_all.items():
            if pattern_matches(self.dimension, pattern, value, _NOBODY, facts):
                bits |= of_rules
        return bits


_NOBODY = Person(id="")


def _named(rules: Sequence[Rule]) -> tuple[list[int], dict[str, list[int]]]:
    """The rules that may speak of anybody, and by group or person those that name them."""
    everybody: list[int] = []
    named: dict[str, list[int]] = {}
    for bit, rule in enumerate(rules):
        refs = [*rule.who.get("groups", ()), *rule.who.get("people", ())]
        if rule.who.get("everyone") or not refs:
            everybody.append(bit)
        for ref in refs:
            named.setdefault(ref, []).append(bit)
    return everybody, named


@dataclass(frozen=True)
class Book:
    """Some of the compiled rules, as those that count: what a decision sees of them."""

    compiled: Compiled
    counting: int
    _hits: dict[int, Sequence[Rule]] = field(default_factory=dict)

    def hits(self, combination: Mapping[str, str], person: Person, machine: str) -> Sequence[Rule]:
        bits = self.compiled.hit(combination, person, machine) & self.counting
        found = self._hits.get(bits)
        if found is None:
            found = self._hits[bits] = [self.compiled.rules[bit] for bit in _places(bits)]
        return found

    def unmet(self, requester: Person) -> Mapping[int, tuple[Reason, ...]]:
        if not self._asking:
            return {}
        estate = self.compiled.estate
        return unmet(self._asking, requester, estate.routine.name, estate.qualified[requester.id])

    def calendar(self) -> BusinessCalendar:
        return self.compiled.estate.calendar

    def had(self, rule: Rule, person: Person, span: Span, request: int | None) -> Iterable[Span]:
        """As it was when that was asked: without what was asked for later."""
        estate = self.compiled.estate
        had = [
            one
            for account in estate.same([person.id])
            for one in estate.had.get(account, ())
            if request is None or one.request < request
        ]
        return spans_about(estate.routine, rule, person, had, estate.facts)

    @cached_property
    def _asking(self) -> Sequence[Rule]:
        """The rules that ask for reading and exercise."""
        rules = self.compiled.rules
        return [rule for bit, rule in enumerate(rules) if self.counting >> bit & 1 and qualified_days(rule)]

    def manager(self, requester: Person) -> str:
        return self.compiled.estate.managers[requester.id]

    def operators(self) -> Sequence[str]:
        return self.compiled.estate.operators

    def groups(self, person: Person) -> frozenset[str]:
        return self.compiled.estate.facts.people[person.id]

    def able(self, slots: Sequence[Slot], asking: Iterable[str]) -> Sequence[set[str]]:
        estate = self.compiled.estate
        members = {ref: estate.members(ref) for slot in slots if slot.kind == "group" for ref in slot.refs}
        return able(slots, members, estate.acting, estate.same(asking))

    def name(self, group: str) -> str | None:
        return self.compiled.estate.group_names.get(group)


def _places(bits: int) -> Iterator[int]:
    """The places of the bits that are set, the lowest first."""
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest
