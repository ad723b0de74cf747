"""Whether a rule speaks of one person and one exact thing: the one matcher of decisions, explanations and what-if."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from kumoban.desk import clock
from kumoban.desk.models import Rule
from kumoban.desk.people import groups_of
from kumoban.desk.routine import Dimension, Routine
from kumoban.estate.employment import day_of, in_force
from kumoban.estate.models import Account, Person, Team

__all__ = [
    "EVERYTHING",
    "PAIRS",
    "REGISTER_COLUMNS",
    "Facts",
    "Match",
    "account_matches",
    "account_patterns",
    "facts_of",
    "match",
    "own_teams",
    "paired",
    "pairs_match",
    "pattern_matches",
    "personal",
    "registered",
    "speaks_of",
]

EVERYTHING = "*"
#: what a match names where no pair of the rule matches
PAIRS = "pairs"


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


def match(
    routine: Routine, rule: Rule, combination: Mapping[str, str], person: Person, facts: Facts, machine: str = ""
) -> Match:
    missed = [
        dimension.name
        for dimension in routine.dimensions
        if not _covers(rule, dimension, combination.get(dimension.name, ""), person, facts)
    ]
    if not pairs_match(routine, rule, combination, person, facts):
        missed.append(PAIRS)
    return Match(speaks_of(rule, person, facts, machine), tuple(missed))


def speaks_of(rule: Rule, person: Person, facts: Facts, machine: str = "") -> bool:
    """``machine``: the name of the machine identity that asks; empty: people ask for themselves.

    A rule that names machines is only about what these ask for the people it names; what a machine asks is allowed by
    no other rule, and denied by any.
    """
    who = rule.who
    named = who.get("machines", ())
    if machine not in named if named else bool(machine) and rule.effect == Rule.Effect.ALLOW:
        return False
    if rule.effect == Rule.Effect.DENY and not who.keys() - {"machines"}:
        return True
    if who.get("everyone") or person.id in who.get("people", ()):
        return True
    return not facts.people[person.id].isdisjoint(who.get("groups", ()))


def _covers(rule: Rule, dimension: Dimension, value: str, person: Person, facts: Facts) -> bool:
    patterns = rule.dimensions.get(dimension.name)
    if patterns is None:
        return rule.effect == Rule.Effect.DENY or paired(rule, dimension.name)
    return any(pattern_matches(dimension, pattern, value, person, facts) for pattern in patterns)


def paired(rule: Rule, dimension: str) -> bool:
    """Whether every pair of the rule says something of this dimension, so that nothing else need."""
    return bool(rule.pairs) and all(dimension in pair for pair in rule.pairs)


def account_patterns(rule: Rule) -> list[str]:
    """Every pattern of accounts in a rule."""
    return [*rule.dimensions.get("account", ()), *(pair["account"] for pair in rule.pairs if "account" in pair)]


def pairs_match(routine: Routine, rule: Rule, combination: Mapping[str, str], person: Person, facts: Facts) -> bool:
    """Whether one of the rule's pairs matches whole; also where it has none."""
    kinds = {dimension.name: dimension for dimension in routine.dimensions}
    return not rule.pairs or any(
        all(
            name in kinds and pattern_matches(kinds[name], pattern, combination.get(name, ""), person, facts)
            for name, pattern in pair.items()
        )
        for pair in rule.pairs
    )


def pattern_matches(dimension: Dimension, pattern: str, value: str, person: Person, facts: Facts) -> bool:
    return pattern == EVERYTHING or _MATCHERS[dimension.kind](pattern, value, person, facts)


def personal(pattern: str) -> bool:
    """Whether it depends on the person what the pattern matches."""
    return pattern == "own-team"


def account_matches(pattern: str, value: str, person: Person, facts: Facts) -> bool:
    """``<account id>``, ``ou:<id>`` (nested), ``team:<slug>``, ``own-team``, ``tag:<key>=<value>``, and of the account
    register ``register:<column>=<value>``.
    """
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
    if kind in ("tag", "register"):
        key, _sign, said = name.partition("=")
        return (account.tags.get(key) if kind == "tag" else registered(account, key)) == said
    return pattern == value


#: the register's own columns that rules may speak of
REGISTER_COLUMNS = ("number", "product", "environment", "department", "data_class", "root_mfa")


def registered(account: Account, column: str) -> str | None:
    """What the account register says in a column; None where there is no line, or no such column in it."""
    entry = getattr(account, "register", None)
    if entry is None:
        return None
    value = getattr(entry, column) if column in REGISTER_COLUMNS else entry.own.get(column)
    return None if value is None else str(value)


def _word_matches(pattern: str, value: str, person: Person, facts: Facts) -> bool:
    return pattern == value


def _name_matches(pattern: str, value: str, person: Person, facts: Facts) -> bool:
    """``*.team-a.example.jp``: the star stands for one or more whole labels."""
    if pattern.startswith("*."):
        return value.endswith(pattern[1:]) and len(value) > len(pattern[1:])
    return pattern == value


_MATCHERS: dict[str, Callable[[str, str, Person, Facts], bool]] = {
    "account": account_matches,
    "id": _word_matches,
    "word": _word_matches,
    "pattern": _name_matches,
}


def facts_of(people: Iterable[Person], combinations: Sequence[Mapping[str, str]]) -> Facts:
    groups = {person.id: groups_of(person.id) for person in people}
    wanted = {combination.get("account", "") for combination in combinations}
    accounts = {
        account.id: account for account in Account.objects.filter(id__in=wanted).select_related("ou", "register")
    }
    return Facts(groups, accounts, own_teams(groups))


def own_teams(groups: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    """By the groups of the identity store; where HR says in which teams somebody works, only those of them."""
    wanted = frozenset().union(*groups.values())
    teams: dict[str, list[str]] = {}
    for slug, group in Team.objects.filter(absent_since=None, group_id__in=wanted).values_list("slug", "group_id"):
        teams.setdefault(group, []).append(slug)
    said = in_force(groups, day_of(clock.now()))
    own: dict[str, frozenset[str]] = {}
    for person, mine in groups.items():
        slugs = frozenset(slug for group in mine for slug in teams.get(group, ()))
        row = said.get(person)
        own[person] = slugs & set(row.teams) if row and row.teams else slugs
    return own
