"""Authority, decided in one place: who may ask for what, who must approve it, and why.

Default deny. Deny rules win. In an allow rule a missing dimension matches nothing; in a deny rule everything.
When any matching rule for an exact thing requires approval, approval is required.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Protocol

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Value, When

from kumoban.core.calendar import BusinessCalendar
from kumoban.core.reason import Reason
from kumoban.desk.conditions import Had, Span, had_by, out_of_hours, week_of, week_used_up
from kumoban.desk.matching import (
    EVERYTHING,
    REGISTER_COLUMNS,
    Facts,
    Match,
    account_matches,
    account_patterns,
    facts_of,
    match,
    own_teams,
    paired,
    speaks_of,
)
from kumoban.desk.models import Approval, Hold, Request, Requirement, Rule, Step
from kumoban.desk.office_calendar import business_calendar
from kumoban.desk.people import Actor, accounts_of_the_same, groups_of, manager_of
from kumoban.desk.qualified import unmet
from kumoban.desk.routine import Routine
from kumoban.desk.slots import Slot, approvers, fulfilled, slots_of
from kumoban.estate.models import Account, Group, Person, Team

__all__ = [
    "OPS_ONLY",
    "Case",
    "Decision",
    "Facts",
    "Match",
    "Sight",
    "Slot",
    "accounts_for",
    "approvers",
    "awaiting",
    "awaits_decision",
    "awaits_requester",
    "days_afterwards",
    "decide",
    "emergencies",
    "facts_of",
    "for_emergencies",
    "fulfilled",
    "inbox",
    "inbox_of_system",
    "judged",
    "longest_of",
    "match",
    "offered",
    "operators",
    "out_of_time",
    "sets_in",
    "sight_of",
    "spans_about",
    "to_confirm",
    "visible",
    "visible_accounts",
    "work",
]


@dataclass(frozen=True)
class Decision:
    """What the rules say: refusals (empty means allowed), the slots to fill, and the rules that decided."""

    refusals: tuple[Reason, ...] = ()
    slots: tuple[Slot, ...] = ()
    rules: tuple[tuple[int, int, str], ...] = ()
    notes: tuple[Reason, ...] = ()
    #: fields of the company's own that must be filled, each with the rule that says so
    fields: tuple[tuple[str, str], ...] = ()
    #: business days within which an emergency is to be approved; 0 where it is approved before
    afterwards_days: int = 0

    @property
    def allowed(self) -> bool:
        return not self.refusals

    def stored(self) -> dict[str, Any]:
        return {
            "slots": [slot.stored() for slot in self.slots],
            "rules": [list(rule) for rule in self.rules],
            "notes": [note.stored() for note in self.notes],
            **({"afterwards_days": self.afterwards_days} if self.afterwards_days else {}),
        }


class Sight(Protocol):
    """What deciding asks of rules and estate: read for one decision, or once for many."""

    def hits(self, combination: Mapping[str, str], person: Person, machine: str) -> Sequence[Rule]:
        """The enabled rules of the routine that speak of this person and thing, where this machine asks, if any."""

    def unmet(self, requester: Person) -> Mapping[int, tuple[Reason, ...]]:
        """By rule, what the requester has not done that it asks for."""

    def calendar(self) -> BusinessCalendar: ...

    def had(self, rule: Rule, person: Person, span: Span, request: int | None) -> Iterable[Span]:
        """When this human being has or had what the rule is about, in the weeks of the span; not by this request."""

    def manager(self, requester: Person) -> str: ...

    def operators(self) -> Sequence[str]:
        """The groups that are the operations team."""

    def groups(self, person: Person) -> frozenset[str]: ...

    def able(self, slots: Sequence[Slot], asking: Iterable[str]) -> Sequence[set[str]]:
        """For each slot who may fill it, without those who ask, under all their accounts."""

    def name(self, group: str) -> str | None: ...


@dataclass
class _Now:
    """Of this moment, for these people and things."""

    routine: Routine
    rules: Sequence[Rule]
    facts: Facts
    #: by person, for the one case it is used for
    _had: dict[str, tuple[Sequence[Had], Facts]] = field(default_factory=dict)

    def hits(self, combination: Mapping[str, str], person: Person, machine: str) -> Sequence[Rule]:
        return [rule for rule in self.rules if match(self.routine, rule, combination, person, self.facts, machine).hit]

    def unmet(self, requester: Person) -> Mapping[int, tuple[Reason, ...]]:
        return unmet(self.rules, requester, self.routine.name)

    def calendar(self) -> BusinessCalendar:
        return self._calendar

    @cached_property
    def _calendar(self) -> BusinessCalendar:
        return business_calendar()

    def had(self, rule: Rule, person: Person, span: Span, request: int | None) -> Iterable[Span]:
        if person.id not in self._had:
            had = had_by(person, self.routine, span, self._calendar, request)
            self._had[person.id] = had, facts_of([person], [thing for one in had for thing in one.things])
        return spans_about(self.routine, rule, person, *self._had[person.id])

    def manager(self, requester: Person) -> str:
        return manager_of(requester)

    def operators(self) -> Sequence[str]:
        return operators()

    def groups(self, person: Person) -> frozenset[str]:
        return self.facts.people[person.id]

    def able(self, slots: Sequence[Slot], asking: Iterable[str]) -> Sequence[set[str]]:
        return approvers(slots, without=accounts_of_the_same(asking))

    def name(self, group: str) -> str | None:
        return Group.objects.filter(pk=group).values_list("name", flat=True).first()


def spans_about(routine: Routine, rule: Rule, person: Person, had: Iterable[Had], facts: Facts) -> Iterator[Span]:
    """When they had something that the rule is about, whoever asked for it."""
    machine = next(iter(rule.who.get("machines", ())), "")
    for one in had:
        if any(match(routine, rule, thing, person, facts, machine).hit for thing in one.things):
            yield one.span


@dataclass
class Case:
    """Who asks for what: ``combinations`` are the exact things, in the routine's dimensions.

    Every one must be allowed to the requester and to each worker. ``length`` None is without end. In an ``emergency``
    only the rules made for one allow, and else only the others; deny rules always speak. ``request`` is the key of
    the request where it is stored already: what it holds itself is not counted against it.

    Where a ``machine`` asks, the requester is its owner, who only answers for it: every worker must be allowed.
    """

    requester: Person
    workers: Sequence[Person]
    combinations: Sequence[Mapping[str, str]]
    starts_at: datetime
    length: timedelta | None
    emergency: bool = False
    request: int | None = None
    #: the name of the machine identity that asks
    machine: str = ""
    people: dict[str, Person] = field(init=False)

    def __post_init__(self) -> None:
        self.people = {person.id: person for person in (self.requester, *self.workers)}

    @property
    def to_allow(self) -> Sequence[Person]:
        """Those of the people to whom everything must be allowed; the others must only not be denied it."""
        return self.workers if self.machine and self.workers else list(self.people.values())

    @property
    def span(self) -> Span | None:
        """From when until when; None: without end."""
        return (self.starts_at, self.starts_at + self.length) if self.length is not None else None


def decide(
    routine: Routine,
    requester: Person,
    workers: Sequence[Person],
    combinations: Sequence[Mapping[str, str]],
    starts_at: datetime,
    length: timedelta | None,
    *,
    emergency: bool = False,
    request: int | None = None,
    machine: str = "",
) -> Decision:
    """Whether this may be asked now, by whom it must be approved, and by which rules; see ``Case``."""
    case = Case(requester, workers, combinations, starts_at, length, emergency, request, machine)
    return judged(routine, case, sight_of(routine, case))


def sight_of(routine: Routine, case: Case) -> Sight:
    """Rules and estate as they are now, for one case."""
    rules = list(Rule.objects.filter(routine=routine.name, enabled=True).order_by("id"))
    return _Now(routine, rules, facts_of(case.people.values(), case.combinations))


def judged(routine: Routine, case: Case, sight: Sight) -> Decision:
    """The one judgement, whatever it is seen by."""
    if case.machine and (routine.open_to_all or routine.handover == "ops_only" or case.emergency):
        return Decision((Reason("not_for_machines"),))
    if routine.open_to_all:
        return Decision()
    if routine.handover == "ops_only":
        return Decision((Reason("never_afterwards"),)) if case.emergency else _of_the_operations_team(case, sight)
    closed = sight.unmet(case.requester)
    refusals: list[Reason] = []
    matched: dict[int, Rule] = {}
    if case.machine and not case.combinations:  # no rule can name what has no dimension
        refusals.append(Reason("not_for_machines"))
    for combination in case.combinations:
        for person in case.people.values():
            allowing, refused = _one(case, person, combination, sight, closed)
            matched.update({rule.pk: rule for rule in allowing})
            refusals += refused
    slots = slots_of(matched.values(), lambda: sight.manager(case.requester))
    if not refusals:
        refusals += _unanswerable(slots, case, sight)
    return Decision(
        _unique(refusals),
        slots,
        tuple((rule.pk, rule.version, rule.name) for rule in matched.values()),
        fields=tuple(dict.fromkeys((key, rule.name) for rule in matched.values() for key in rule.fields)),
        afterwards_days=min((days_afterwards(rule) for rule in matched.values()), default=0) if case.emergency else 0,
    )


#: what a slot that no rule asks for is because of
OPS_ONLY = "運用チーム専任 (ops only)"


def operators() -> list[str]:
    """The ids of the groups whose members are the operations team."""
    teams = Group.objects.filter(name=settings.KUMOBAN_OPS_GROUP, absent_since=None)
    return list(teams.order_by("id").values_list("id", flat=True))


def _of_the_operations_team(case: Case, sight: Sight) -> Decision:
    """運用チーム専任: only ops members ask, always a second one approves; rules may forbid or ask for more."""
    ops = sight.operators()
    refusals = [Reason("ops_only")] if not sight.groups(case.requester) & set(ops) else []
    hit = [
        (rule, {**combination, "person": person.display_name})
        for combination in case.combinations
        for person in case.people.values()
        for rule in sight.hits(combination, person, "")
    ]
    denied = [(rule, said) for rule, said in hit if rule.effect == Rule.Effect.DENY]
    refusals += [Reason("denied_by_rule", {**said, "rule": rule.name}) for rule, said in denied]
    allowing = {rule.pk: rule for rule, _said in hit if rule.effect == Rule.Effect.ALLOW}
    closed = sight.unmet(case.requester)
    refusals += [reason for pk in allowing for reason in closed.get(pk, ())]
    refusals += _in_time(allowing.values(), case, case.requester, sight)[1]
    second = Slot("group", tuple(ops[:1]), 1, (OPS_ONLY,))
    more = slots_of(allowing.values(), lambda: sight.manager(case.requester))
    # who decides and in which step is the rules' matter; that one of operations does, is not
    kept = [replace(slot, escalation=None) if slot.refs == second.refs else slot for slot in more]
    slots = tuple(kept) if any(slot.refs == second.refs for slot in kept) else (second, *kept)
    if not refusals:
        refusals += _unanswerable(slots, case, sight)
    decided = tuple((rule.pk, rule.version, rule.name) for rule in allowing.values())
    return Decision(_unique(refusals), slots, decided)


def _unanswerable(slots: Sequence[Slot], case: Case, sight: Sight) -> list[Reason]:
    able = sight.able(slots, case.people)
    short = [slot for slot, people in zip(slots, able, strict=True) if len(people) < slot.count]
    everybody = [(one, None, via) for via in {slot.via for slot in slots} for one in set().union(*able)]
    if not short and not fulfilled(able, slots, everybody):
        short = list(slots[-1:])
    return [
        Reason("nobody_can_approve", {"who": (sight.name(slot.refs[0]) if slot.refs else None) or slot.kind})
        for slot in short
    ]


def _unique(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    return tuple({(reason.code, *map(str, reason.params.values())): reason for reason in reasons}.values())


def _one(
    case: Case,
    person: Person,
    combination: Mapping[str, str],
    sight: Sight,
    closed: Mapping[int, tuple[Reason, ...]],
) -> tuple[list[Rule], tuple[Reason, ...]]:
    """The rules that allow one person one thing, or why not; ``closed``: those not open to this requester, and why."""
    said = {**combination, "person": person.display_name}
    hit = [
        rule
        for rule in sight.hits(combination, person, case.machine)
        if rule.effect == Rule.Effect.DENY or for_emergencies(rule) == case.emergency
    ]
    for rule in hit:
        if rule.effect == Rule.Effect.DENY:
            return [], (Reason("denied_by_rule", {**said, "rule": rule.name}),)
    if person not in case.to_allow:
        return [], ()
    allowing = [rule for rule in hit if rule.pk not in closed]
    if not allowing:
        return [], closed[hit[0].pk] if hit else (Reason("no_rule_allows", said),)
    if longer := _longer(allowing, case, said):  # first: the hours of ages are not counted
        return [], longer
    allowing, missed = _in_time(allowing, case, person, sight)
    if not allowing:
        return [], tuple(replace(reason, params={**said, **reason.params}) for reason in missed)
    longer = _longer(allowing, case, said)
    return ([], longer) if longer else (allowing, ())


def _longer(allowing: Iterable[Rule], case: Case, said: Mapping[str, str]) -> tuple[Reason, ...]:
    """Why it is longer than the longest of these rules allows; empty where it is not."""
    longest = max((longest_of(rule) for rule in allowing), default=timedelta())
    if case.length is not None and case.length <= longest:
        return ()
    return (Reason("longer_than_rule", {**said, "minutes": int(longest.total_seconds() // 60)}),)


def _in_time(
    allowing: Iterable[Rule], case: Case, person: Person, sight: Sight
) -> tuple[list[Rule], tuple[Reason, ...]]:
    """The rules in whose hours it is and whose total of the week is not used up, and what the others say."""
    kept: list[Rule] = []
    missed: list[Reason] = []
    for rule in allowing:
        reason = out_of_time(rule, case, person, sight)
        if reason is None:
            kept.append(rule)
        else:
            missed.append(reason)
    return kept, tuple(missed)


def out_of_time(rule: Rule, case: Case, person: Person, sight: Sight) -> Reason | None:
    """Why an allow rule does not allow it at this time: out of its hours, or its total of the week is used up."""
    if rule.limits.get("hours") and out_of_hours(rule, case.span, sight.calendar()):
        return Reason("out_of_hours", {"rule": rule.name})
    most = week_of(rule)
    if not most or case.span is None:  # without end is longer than any rule allows
        return None
    had = sight.had(rule, person, case.span, case.request)
    used = week_used_up(most, case.span, had, sight.calendar())
    return replace(used, params={**used.params, "rule": rule.name}) if used else None


def longest_of(rule: Rule) -> timedelta:
    """The longest a rule allows; an hour where it does not say."""
    return timedelta(minutes=int(rule.limits.get("max_minutes", 60)))


def days_afterwards(rule: Rule) -> int:
    """Business days within which what the rule allows is approved afterwards; 0: it is approved before."""
    return int(rule.limits.get("afterwards_days", 0))


def for_emergencies(rule: Rule) -> bool:
    return days_afterwards(rule) > 0


def emergencies(routine: Routine, person: Person) -> bool:
    """Whether any rule lets this person ask for something to be approved afterwards."""
    rules = Rule.objects.filter(routine=routine.name, enabled=True, effect=Rule.Effect.ALLOW)
    facts = Facts({person.id: groups_of(person.id)})
    return any(for_emergencies(rule) and speaks_of(rule, person, facts) for rule in rules)


def offered(routine: Routine, person: Person, matching: str = "") -> Iterator[tuple[Account, set[str]]]:
    """The accounts this person may ask for, by name, each with permission sets ("*" for all).

    ``matching`` is what the account's words contain. Offers are convenience only: the rules decide again.
    """
    groups = {person.id: groups_of(person.id)}
    who = Facts(groups, teams=own_teams(groups))
    rules = Rule.objects.filter(routine=routine.name, enabled=True, effect=Rule.Effect.ALLOW)
    mine = [rule for rule in rules if speaks_of(rule, person, who)]
    seen: dict[str, Account] = {}
    facts = replace(who, accounts=seen)
    for account in accounts_for(mine, matching).iterator(chunk_size=100):  # who shows a page of them reads no more
        seen[account.id] = account
        if sets := {one for rule in mine for one in sets_in(rule, account, person, facts)}:
            yield account, sets


def accounts_for(rules: Iterable[Rule], matching: str = "") -> QuerySet[Account]:
    """The open accounts with what these rules look at, and nothing more: there are hundreds."""
    looked_at = {p.partition(":")[0] for rule in rules for p in account_patterns(rule)}
    read = ["id", "name", "environment", "team", "ou__id_path", "ou__name_path"]
    open_ones = Account.objects.filter(absent_since=None, status="ACTIVE", search__contains=matching).order_by("name")
    found = open_ones.select_related("ou", *(["register"] if "register" in looked_at else []))
    registered = [f"register__{column}" for column in (*REGISTER_COLUMNS, "own")] if "register" in looked_at else []
    return found.only(*read, *registered, *(["tags"] if "tag" in looked_at else []))


def sets_in(rule: Rule, account: Account, person: Person, facts: Facts) -> Iterator[str]:
    """The permission sets that a rule about accounts allows in this one; "*" for all."""
    here = {"account": account.id, "environment": account.environment}

    def covers(name: str, pattern: str) -> bool:
        if name == "account":
            return pattern == EVERYTHING or account_matches(pattern, account.id, person, facts)
        return name not in here or pattern in (EVERYTHING, here[name])

    whole = all(
        any(covers(name, pattern) for pattern in rule.dimensions.get(name, ())) or paired(rule, name) for name in here
    )
    if not whole:
        return
    named = rule.dimensions.get("permission_set", ())
    yield from named if not rule.pairs else ()
    for pair in rule.pairs:
        if all(covers(name, pattern) for name, pattern in pair.items()):
            yield from [pair["permission_set"]] if "permission_set" in pair else named


# --- what a person may see


def inbox(actor: Actor) -> QuerySet[Request]:
    """Requests that wait for this person's decision, the nearest to lapse first."""
    wanted = Requirement.objects.filter(ref__in=actor.refs, via="", open=True).values("plan_id")
    own = actor.accounts
    return (
        Request.objects.filter(_TO_DECIDE, plan_id__in=wanted)
        .exclude(requester__in=own)
        .exclude(workers__in=own)
        .exclude(converted_from__isnull=False, asked_by__person__in=own)
        .exclude(plan_id__in=Approval.objects.filter(person=actor.person, void_at=None).values("plan_id"))
        .order_by("lapses_at", "id")
    )


def inbox_of_system(actor: Actor) -> QuerySet[Request]:
    """Requests that wait for a decision in this system outside, and have their turn there."""
    on_turn = Requirement.objects.filter(via=actor.system, open=True).values("plan_id")
    return Request.objects.filter(_TO_DECIDE, plan_id__in=on_turn) if actor.system else Request.objects.none()


#: before it is applied, or afterwards where it was an emergency
_TO_DECIDE = Q(state="waiting", emergency=False) | Q(ratification="due")


def awaiting(found: QuerySet[Request]) -> QuerySet[Request]:
    """Of these, what waits for somebody's decision."""
    return found.filter(_TO_DECIDE)


def awaits_decision(request: Request) -> bool:
    return (request.state == "waiting" and not request.emergency) or request.ratification == "due"


def awaits_requester(request: Request) -> bool:
    """A plan that needs nobody's approval (yet), but differs from the one asked for: the requester confirms it."""
    if request.state != "waiting" or request.plan is None:
        return False
    return request.emergency or not request.plan.authority["slots"]


def to_confirm(actor: Actor) -> QuerySet[Request]:
    """Own requests whose changed plan needs nobody's approval but this person's word."""
    required = Requirement.objects.filter(plan=OuterRef("plan"))
    waiting = Request.objects.filter(state="waiting", requester=actor.person).exclude(plan=None)
    return waiting.filter(Q(emergency=True) | ~Exists(required)).order_by("lapses_at", "id")


def visible(actor: Actor) -> QuerySet[Request]:
    """The requests this person may see; a system outside those whose plan, as it is now, is to be decided there."""
    if actor.system:
        return Request.objects.filter(plan__in=Requirement.objects.filter(via=actor.system).values("plan"))
    if actor.machine is not None:
        return Request.objects.filter(machine=actor.machine)
    if actor.ops or actor.auditor:
        return Request.objects.all()
    if actor.guest is not None:
        return Request.objects.filter(actor.guest.sees)
    mine = actor.person
    asked = Requirement.objects.filter(ref__in=actor.refs).exclude(escalation=True, escalated_at=None)
    wanted = asked.values("plan__request_id")
    return Request.objects.filter(
        Q(requester=mine)
        | Q(pk__in=Request.workers.through.objects.filter(person_id=mine.id).values("request_id"))
        | Q(pk__in=wanted)
        | Q(pk__in=Approval.objects.filter(person=mine).values("plan__request_id"))
        | Q(assignee=mine)
    )


def visible_accounts(actor: Actor) -> QuerySet[Account]:
    """The accounts whose page this person may see: all for ops and auditors, none for a machine, else their
    team's and their own.
    """
    if actor.machine is not None:
        return Account.objects.none()
    if actor.ops or actor.auditor:
        return Account.objects.all()
    teams = Team.objects.filter(Q(group_id__in=actor.groups) | Q(leads_group_id__in=actor.groups), absent_since=None)
    own = Q(register__owner=actor.person) | Q(register__deputy=actor.person)
    return Account.objects.filter(own | Q(team__in=teams.values("slug")))


#: from approval until everything has ended: where people may have something to do
_UNDER_WAY = ("approved", "scheduled", "applying", "active", "ending", "failed")


def work(actor: Actor, at: datetime) -> QuerySet[Request]:
    """What waits for the operations team: ``by_hand`` an open manual step, ``trouble`` what failed or needs a person,
    or was not approved afterwards in time.

    What is in trouble or past its target comes first. Nobody else has this list.
    """
    if not actor.ops:
        return Request.objects.none()
    steps = Step.objects.filter(request=OuterRef("pk"))
    by_hand = Exists(steps.filter(kind="manual", phase="open"))
    stuck = Exists(steps.filter(needs_a_person=True).exclude(phase__in=("done", "cancelled")))
    failed = Exists(Hold.objects.filter(request=OuterRef("pk"), state="failed"))
    late = Q(ratification="due", lapses_at__lt=at)
    trouble = models.ExpressionWrapper(
        Q(stuck) | Q(failed) | Q(state="failed") | late, output_field=models.BooleanField()
    )
    return (
        Request.objects.filter(Q(state__in=_UNDER_WAY) | late)
        .annotate(by_hand=by_hand, trouble=trouble)
        .filter(Q(by_hand=True) | Q(trouble=True))
        .annotate(urgent=models.Case(When(Q(trouble=True) | Q(target_at__lt=at), then=Value(0)), default=Value(1)))
        .order_by("urgent", F("target_at").asc(nulls_last=True), "id")
    )
