"""Authority, decided in one place: who may ask for what, who must approve it, and why.

Default deny. Deny rules win. In an allow rule a missing dimension matches nothing; in a deny rule everything.
When any matching rule for an exact thing requires approval, approval is required.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import BooleanField, Case, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet, Value, When

from kumoban.core.reason import Reason
from kumoban.desk import clock
from kumoban.desk.models import Approval, Hold, Request, Requirement, Rule, Step
from kumoban.desk.people import Actor, accounts_of_the_same, groups_of, manager_of, members_of
from kumoban.desk.qualified import unmet
from kumoban.desk.routine import Dimension, Routine
from kumoban.estate.employment import day_of, in_force
from kumoban.estate.models import Account, Group, Person, Team

__all__ = [
    "Decision",
    "Facts",
    "Match",
    "Slot",
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
    "longest_of",
    "match",
    "offered",
    "to_confirm",
    "visible",
    "visible_accounts",
    "work",
]


@dataclass(frozen=True)
class Slot:
    """One requirement: ``count`` distinct people out of these groups and persons, because of these rules.

    ``concurrence`` (合議): another team's consent. ``via``: it is decided in this system outside, and only there.
    """

    kind: str
    refs: tuple[str, ...]
    count: int
    rules: tuple[str, ...]
    concurrence: bool = False
    via: str = ""

    @property
    def wants(self) -> tuple[str, tuple[str, ...], int, bool, str]:
        """What is required, whatever the rules are called that require it."""
        return self.kind, self.refs, self.count, self.concurrence, self.via

    def stored(self) -> dict[str, Any]:
        said = {"kind": self.kind, "refs": list(self.refs), "count": self.count, "rules": list(self.rules)}
        return said | ({"concurrence": True} if self.concurrence else {}) | ({"via": self.via} if self.via else {})

    @classmethod
    def from_stored(cls, stored: Mapping[str, Any]) -> Slot:
        return cls(
            stored["kind"],
            tuple(stored["refs"]),
            stored["count"],
            tuple(stored["rules"]),
            stored.get("concurrence", False),
            stored.get("via", ""),
        )


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


@dataclass(frozen=True)
class Match:
    """How one rule meets one person and one exact thing: whether it is about them, and which dimensions it misses."""

    who: bool
    missed: tuple[str, ...]

    @property
    def hit(self) -> bool:
        return self.who and not self.missed


@dataclass
class Facts:
    """What matching needs to know of the estate, read once for one decision."""

    people: Mapping[str, frozenset[str]]
    accounts: Mapping[str, Account] = field(default_factory=dict)
    teams: Mapping[str, frozenset[str]] = field(default_factory=dict)


def decide(
    routine: Routine,
    requester: Person,
    workers: Sequence[Person],
    combinations: Sequence[Mapping[str, str]],
    length: timedelta | None,
    *,
    emergency: bool = False,
) -> Decision:
    """Whether this may be asked, by whom it must be approved, and by which rules.

    ``combinations`` are the exact things asked for, in the routine's dimensions; every one must be allowed to the
    requester and to each worker. ``length`` None is without end. In an ``emergency`` only the rules made for one
    allow, and else only the others; deny rules always speak.
    """
    if routine.open_to_all:
        return Decision()
    if routine.handover == "ops_only":
        if emergency:
            return Decision((Reason("never_afterwards"),))
        return _of_the_operations_team(routine, requester, workers, combinations)
    every = Rule.objects.filter(routine=routine.name, enabled=True).order_by("id")
    rules = [rule for rule in every if rule.effect == Rule.Effect.DENY or for_emergencies(rule) == emergency]
    people = {person.id: person for person in (requester, *workers)}
    facts = facts_of(people.values(), combinations)
    closed = unmet(rules, requester, routine.name)
    refusals: list[Reason] = []
    matched: dict[int, Rule] = {}
    for combination in combinations:
        for person in people.values():
            allowing, refused = _one(routine, rules, person, combination, facts, length, closed)
            matched.update({rule.pk: rule for rule in allowing})
            refusals += refused
    slots = _slots(matched.values(), requester)
    if not refusals:
        refusals += _unanswerable(slots, accounts_of_the_same(people))
    return Decision(
        _unique(refusals),
        slots,
        tuple((rule.pk, rule.version, rule.name) for rule in matched.values()),
        fields=tuple(dict.fromkeys((key, rule.name) for rule in matched.values() for key in rule.fields)),
        afterwards_days=min((days_afterwards(rule) for rule in matched.values()), default=0) if emergency else 0,
    )


#: what a slot that no rule asks for is because of
OPS_ONLY = "運用チーム専任 (ops only)"


def _of_the_operations_team(
    routine: Routine, requester: Person, workers: Sequence[Person], combinations: Sequence[Mapping[str, str]]
) -> Decision:
    """運用チーム専任: only ops members ask, always a second one approves; rules may forbid or ask for more."""
    people = {person.id: person for person in (requester, *workers)}
    facts = facts_of(people.values(), combinations)
    teams = Group.objects.filter(name=settings.KUMOBAN_OPS_GROUP, absent_since=None).order_by("id")
    ops = [group.id for group in teams]
    refusals = [Reason("ops_only")] if not facts.people[requester.id] & set(ops) else []
    rules = list(Rule.objects.filter(routine=routine.name, enabled=True).order_by("id"))
    hit = [
        (rule, {**combination, "person": person.display_name})
        for rule in rules
        for combination in combinations
        for person in people.values()
        if match(routine, rule, combination, person, facts).hit
    ]
    denied = [(rule, said) for rule, said in hit if rule.effect == Rule.Effect.DENY]
    refusals += [Reason("denied_by_rule", {**said, "rule": rule.name}) for rule, said in denied]
    allowing = {rule.pk: rule for rule, _said in hit if rule.effect == Rule.Effect.ALLOW}
    refusals += [reason for reasons in unmet(allowing.values(), requester, routine.name).values() for reason in reasons]
    second = Slot("group", tuple(ops[:1]), 1, (OPS_ONLY,))
    more = _slots(allowing.values(), requester)
    slots = (second, *(slot for slot in more if slot.refs != second.refs or slot.count > 1))
    if not refusals:
        refusals += _unanswerable(slots, accounts_of_the_same(people))
    decided = tuple((rule.pk, rule.version, rule.name) for rule in allowing.values())
    return Decision(_unique(refusals), slots, decided)


def _unique(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    return tuple({(reason.code, *map(str, reason.params.values())): reason for reason in reasons}.values())


def _one(
    routine: Routine,
    rules: Sequence[Rule],
    person: Person,
    combination: Mapping[str, str],
    facts: Facts,
    length: timedelta | None,
    closed: Mapping[int, tuple[Reason, ...]],
) -> tuple[list[Rule], tuple[Reason, ...]]:
    """The rules that allow one person one thing, or why not; ``closed``: those not open to this requester, and why."""
    said = {**combination, "person": person.display_name}
    hit = [rule for rule in rules if match(routine, rule, combination, person, facts).hit]
    for rule in hit:
        if rule.effect == Rule.Effect.DENY:
            return [], (Reason("denied_by_rule", {**said, "rule": rule.name}),)
    allowing = [rule for rule in hit if rule.pk not in closed]
    if not allowing:
        return [], closed[hit[0].pk] if hit else (Reason("no_rule_allows", said),)
    longest = max((longest_of(rule) for rule in allowing), default=timedelta())
    if length is None or length > longest:
        return [], (Reason("longer_than_rule", {**said, "minutes": int(longest.total_seconds() // 60)}),)
    return allowing, ()


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
    return any(for_emergencies(rule) and _who(rule, person, facts) for rule in rules)


def _who(rule: Rule, person: Person, facts: Facts) -> bool:
    who = rule.who
    if rule.effect == Rule.Effect.DENY and not who:
        return True
    groups = facts.people[person.id]
    return bool(who.get("everyone")) or person.id in who.get("people", ()) or bool(groups & set(who.get("groups", ())))


def match(routine: Routine, rule: Rule, combination: Mapping[str, str], person: Person, facts: Facts) -> Match:
    """The one matcher: decisions and explanations ask it, and nothing else."""
    missed = [
        dimension.name
        for dimension in routine.dimensions
        if not _covers(rule, dimension, combination.get(dimension.name, ""), person, facts)
    ]
    return Match(_who(rule, person, facts), tuple(missed))


def _covers(rule: Rule, dimension: Dimension, value: str, person: Person, facts: Facts) -> bool:
    patterns = rule.dimensions.get(dimension.name)
    if patterns is None:
        return rule.effect == Rule.Effect.DENY
    matcher = _MATCHERS[dimension.kind]
    return any(pattern == "*" or matcher(pattern, value, person, facts) for pattern in patterns)


def _account_matches(pattern: str, value: str, person: Person, facts: Facts) -> bool:
    """``<account id>``, ``ou:<id>`` (nested), ``team:<slug>``, ``own-team``."""
    account = facts.accounts.get(value)
    if account is None:
        return False
    if pattern == "own-team":
        return account.team in facts.teams.get(person.id, frozenset())
    kind, _, name = pattern.partition(":")
    if kind == "ou":
        return account.ou is not None and name in account.ou.id_path.split("/")
    if kind == "team":
        return account.team == name
    return pattern == value


def _word_matches(pattern: str, value: str, person: Person, facts: Facts) -> bool:
    return pattern == value


def _name_matches(pattern: str, value: str, person: Person, facts: Facts) -> bool:
    """``*.team-a.example.jp``: the star stands for one or more whole labels."""
    if pattern.startswith("*."):
        return value.endswith(pattern[1:]) and len(value) > len(pattern[1:])
    return pattern == value


_MATCHERS: dict[str, Callable[[str, str, Person, Facts], bool]] = {
    "account": _account_matches,
    "id": _word_matches,
    "word": _word_matches,
    "pattern": _name_matches,
}


def facts_of(people: Iterable[Person], combinations: Sequence[Mapping[str, str]]) -> Facts:
    groups = {person.id: groups_of(person.id) for person in people}
    wanted = {combination.get("account", "") for combination in combinations}
    accounts = {account.id: account for account in Account.objects.filter(id__in=wanted).select_related("ou")}
    return Facts(groups, accounts, _own_teams(groups))


def _own_teams(groups: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    """By the groups of the identity store; where HR says in which teams somebody works, only those of them."""
    wanted = frozenset().union(*groups.values())
    teams = list(Team.objects.filter(absent_since=None, group_id__in=wanted))
    said = in_force(groups, day_of(clock.now()))
    own: dict[str, frozenset[str]] = {}
    for person, mine in groups.items():
        slugs = frozenset(team.slug for team in teams if team.group_id in mine)
        row = said.get(person)
        own[person] = slugs & set(row.teams) if row and row.teams else slugs
    return own


def offered(routine: Routine, person: Person, matching: str = "") -> Iterator[tuple[Account, set[str]]]:
    """The accounts this person may ask for, by name, each with permission sets ("*" for all).

    ``matching`` is what the account's words contain. Offers are convenience only: the rules decide again.
    """
    rules = Rule.objects.filter(routine=routine.name, enabled=True, effect=Rule.Effect.ALLOW)
    groups = {person.id: groups_of(person.id)}
    open_ones = Account.objects.filter(absent_since=None, status="ACTIVE", search__contains=matching)
    read = ("id", "name", "environment", "team", "ou__id_path", "ou__name_path")
    accounts = list(open_ones.select_related("ou").only(*read).order_by("name"))
    facts = Facts(groups, {account.id: account for account in accounts}, _own_teams(groups))
    mine = [rule for rule in rules if _who(rule, person, facts)]
    for account in accounts:
        covering = [rule for rule in mine if _covers_account(rule, account, person, facts)]
        if sets := {value for rule in covering for value in rule.dimensions.get("permission_set", ())}:
            yield account, sets


def _covers_account(rule: Rule, account: Account, person: Person, facts: Facts) -> bool:
    patterns = rule.dimensions.get("account", ())
    environments = rule.dimensions.get("environment", ())
    return any(p == "*" or _account_matches(p, account.id, person, facts) for p in patterns) and any(
        e in ("*", account.environment) for e in environments
    )


# --- approvers


def _slots(rules: Iterable[Rule], requester: Person) -> tuple[Slot, ...]:
    """The union of what the rules require; the same group asked for twice is asked once, with the larger count."""
    merged: dict[tuple[Any, ...], Slot] = {}
    for rule in rules:
        for wanted in rule.approvers:
            kind, refs = _wanted(wanted, requester)
            concurrence, via = bool(wanted.get("concurrence")), str(wanted.get("via", ""))
            key = (kind, refs, concurrence, via)
            before = merged.get(key)
            count = max(int(wanted.get("count", 1)), before.count if before else 0)
            names = (*(before.rules if before else ()), rule.name)
            merged[key] = Slot(kind, refs, count, tuple(dict.fromkeys(names)), concurrence, via)
    return tuple(merged.values())


def _wanted(wanted: Mapping[str, Any], requester: Person) -> tuple[str, tuple[str, ...]]:
    if wanted.get("manager"):
        return "manager", (manager_of(requester),)
    if "group" in wanted:
        return "group", (str(wanted["group"]),)
    return "person", tuple(sorted(wanted.get("people", ())))


def approvers(slots: Sequence[Slot], *, without: Iterable[str]) -> list[set[str]]:
    """For each slot the ids of the people who may fill it now. ``without``: the requester and the workers."""
    groups = members_of({ref for slot in slots if slot.kind == "group" for ref in slot.refs})
    excluded = set(without)
    acting = _acting({ref for slot in slots if slot.kind != "group" for ref in slot.refs})
    return [
        {person for ref in slot.refs for person in (groups[ref] if slot.kind == "group" else {ref} & acting)} - excluded
        for slot in slots
    ]


def _acting(ids: set[str]) -> set[str]:
    return set(Person.objects.filter(id__in=ids, absent_since=None, enabled=True).values_list("id", flat=True))


def _unanswerable(slots: Sequence[Slot], asking: set[str]) -> list[Reason]:
    names = dict(Group.objects.filter(id__in=[ref for slot in slots for ref in slot.refs]).values_list("id", "name"))
    return [
        Reason("nobody_can_approve", {"who": names.get(slot.refs[0], slot.kind) if slot.refs else slot.kind})
        for slot, people in zip(slots, approvers(slots, without=asking), strict=True)
        if len(people) < slot.count
    ]


def fulfilled(
    candidates: Sequence[set[str]], slots: Sequence[Slot], signers: Sequence[tuple[str, str | None, str]]
) -> bool:
    """Whether these signers (person, on behalf of, via) fill every slot, each person at most one place."""
    places = [index for index, slot in enumerate(slots) for _ in range(slot.count)]
    taken: dict[int, int] = {}

    def fits(signer: int, index: int) -> bool:
        person, principal, via = signers[signer]
        return via == slots[index].via and (principal or person) in candidates[index]

    def seat(place: int, tried: set[int]) -> bool:
        for signer in range(len(signers)):
            if signer in tried or not fits(signer, places[place]):
                continue
            tried.add(signer)
            if signer not in taken or seat(taken[signer], tried):
                taken[signer] = place
                return True
        return False

    return all(seat(place, set()) for place in range(len(places)))


# --- what a person may see


def inbox(actor: Actor) -> QuerySet[Request]:
    """Requests that wait for this person's decision, the nearest to lapse first."""
    wanted = Requirement.objects.filter(ref__in=actor.refs, via="").values("plan_id")
    own = actor.accounts
    return (
        Request.objects.filter(_TO_DECIDE, plan_id__in=wanted)
        .exclude(requester__in=own)
        .exclude(workers__in=own)
        .exclude(converted_from__isnull=False, asked_by__person__in=own)
        .exclude(plan_id__in=Approval.objects.filter(person=actor.person, void_at=None).values("plan_id"))
        .order_by("lapses_at", "id")
    )


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
    if actor.ops or actor.auditor:
        return Request.objects.all()
    mine = actor.person
    wanted = Requirement.objects.filter(ref__in=actor.refs).values("plan__request_id")
    return Request.objects.filter(
        Q(requester=mine)
        | Q(pk__in=Request.workers.through.objects.filter(person_id=mine.id).values("request_id"))
        | Q(pk__in=wanted)
        | Q(pk__in=Approval.objects.filter(person=mine).values("plan__request_id"))
        | Q(assignee=mine)
    )


def visible_accounts(actor: Actor) -> QuerySet[Account]:
    """The accounts whose page this person may see: all for ops and auditors, else their team's and their own."""
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
    trouble = ExpressionWrapper(Q(stuck) | Q(failed) | Q(state="failed") | late, output_field=BooleanField())
    return (
        Request.objects.filter(Q(state__in=_UNDER_WAY) | late)
        .annotate(by_hand=by_hand, trouble=trouble)
        .filter(Q(by_hand=True) | Q(trouble=True))
        .annotate(urgent=Case(When(Q(trouble=True) | Q(target_at__lt=at), then=Value(0)), default=Value(1)))
        .order_by("urgent", F("target_at").asc(nulls_last=True), "id")
    )
