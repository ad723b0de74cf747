"""Rules as pages show them: names instead of ids, and what there is to choose from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.formats import date_format
from django.utils.translation import get_language, gettext_noop
from django.utils.translation import gettext as _

from kumoban.core.permitted_hours import WEEKDAYS
from kumoban.desk.matching import REGISTER_COLUMNS, registered
from kumoban.desk.models import Rule
from kumoban.desk.qualified import qualified_days
from kumoban.desk.routine import Dimension, routine_of
from kumoban.desk.rules import days_afterwards, longest_of
from kumoban.desk.speech import words
from kumoban.estate.models import (
    Account,
    Group,
    OrganizationalUnit,
    PermissionSet,
    Person,
    RegisterColumn,
    Team,
    searchable,
)

__all__ = [
    "Names",
    "Option",
    "RuleRow",
    "day_names",
    "offered",
    "options_of",
    "rule_rows",
    "spoken",
    "title_of",
    "told_times",
]

#: (value, label, hint)
Option = tuple[str, str, str]
_PATTERN = re.compile(r"\*|own-team|ou:|team:|tag:|register:")
#: what a list of choices shows at a time
PAGE = 50


class Names:
    """The names of everything rules speak of, read once for a page."""

    def __init__(self, rules: Iterable[Mapping[str, Any]]) -> None:
        whole = list(rules)
        whos = [rule.get("who", {}) for rule in whole]
        approvers = [one for rule in whole for one in rule.get("approvers", ())]
        groups = {ref for who in whos for ref in who.get("groups", ())} | {one.get("group", "") for one in approvers}
        people = {ref for named in (*whos, *approvers) for ref in named.get("people", ())}
        people |= {ref for one in approvers for ref in one.get("escalate", {}).get("people", ())}
        groups |= {one.get("escalate", {}).get("group", "") for one in approvers}
        patterns = {p for rule in whole for values in rule.get("dimensions", {}).values() for p in values}
        patterns |= {p for rule in whole for pair in rule.get("pairs", ()) for p in pair.values()}
        self._groups = {one.id: one.description or one.name for one in Group.objects.filter(id__in=groups)}
        self._people = dict(Person.objects.filter(id__in=people).values_list("id", "display_name"))
        self._patterns = _pattern_names(patterns)

    def group(self, ref: str) -> str:
        return self._groups.get(ref, ref)

    def person(self, ref: str) -> str:
        return self._people.get(ref, ref)

    def pattern(self, pattern: str) -> str:
        if pattern == "*":
            return _("everything")
        if pattern == "own-team":
            return _("accounts of one's own team")
        kind, _sign, said = pattern.partition(":")
        if kind == "tag":
            return _("tag %(said)s") % {"said": said}
        if kind == "register":
            column, _equals, value = said.partition("=")
            return _("register: %(column)s is %(value)s") % {"column": _column(column), "value": value}
        return self._patterns.get(pattern, pattern)

    def who(self, rule: Mapping[str, Any]) -> list[str]:
        who = rule.get("who", {})
        people = [*map(self.group, who.get("groups", ())), *map(self.person, who.get("people", ()))]
        if who.get("everyone") or (rule.get("effect") == Rule.Effect.DENY and not people):
            people = [_("everyone")]
        machines = "、".join(who.get("machines", ()))
        return [_("where machine %(machines)s asks") % {"machines": machines}, *people] if machines else people

    def where(self, rule: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
        """The title of each dimension with its values; a deny rule's missing ones are everything."""
        routine = routine_of(rule.get("routine", ""))
        given = rule.get("dimensions", {})
        titles = {one.name: _(one.title) for one in routine.dimensions} if routine else {}
        return [(titles.get(name, name), [self.pattern(p) for p in values]) for name, values in given.items()]

    def pairs(self, rule: Mapping[str, Any]) -> list[str]:
        return [" × ".join(map(self.pattern, pair.values())) for pair in rule.get("pairs", ())]

    def approvers(self, rule: Mapping[str, Any]) -> list[tuple[str, int]]:
        return [(self._approver(one), int(one.get("count", 1))) for one in rule.get("approvers", ())]

    def _approver(self, wanted: Mapping[str, Any]) -> str:
        who = self._who_approves(wanted)
        who = _("Concurrence: %(who)s") % {"who": who} if wanted.get("concurrence") else who
        who = _("%(who)s (in %(system)s)") % {"who": who, "system": wanted["via"]} if wanted.get("via") else who
        who = _("step %(n)s: %(who)s") % {"n": wanted["stage"], "who": who} if wanted.get("stage", 1) > 1 else who
        return f"{who} {self._escalation(wanted['escalate'])}" if wanted.get("escalate") else who

    def _escalation(self, to: Mapping[str, Any]) -> str:
        whom = self.group(to["group"]) if to.get("group") else "、".join(map(self.person, to.get("people", ())))
        return _("(after %(n)s business hours also %(whom)s)") % {"n": to["hours"], "whom": whom}

    def _who_approves(self, wanted: Mapping[str, Any]) -> str:
        if wanted.get("manager"):
            return _("the requester's manager")
        if wanted.get("group"):
            return self.group(wanted["group"])
        return "、".join(self.person(ref) for ref in wanted.get("people", ()))


def _pattern_names(patterns: set[str]) -> dict[str, str]:
    ous = OrganizationalUnit.objects.filter(id__in=[p[3:] for p in patterns if p.startswith("ou:")])
    teams = Team.objects.filter(slug__in=[p[5:] for p in patterns if p.startswith("team:")])
    sets = PermissionSet.objects.filter(arn__in=[p for p in patterns if p.startswith("arn:")])
    accounts = Account.objects.filter(id__in=[p for p in patterns if p.isdigit()])
    return {
        **{f"ou:{one.id}": _("OU %(name)s") % {"name": one.name_path or one.name} for one in ous},
        **{f"team:{one.slug}": _("accounts of %(team)s") % {"team": one.name} for one in teams},
        **{one.arn: one.name for one in sets},
        **{one.id: f"{one.name} ({one.spoken_id})" for one in accounts},
    }


#: what the register's own columns are called; the company's have labels of their own
_COLUMNS = {
    "number": gettext_noop("Management number"),
    "product": gettext_noop("Product"),
    "environment": gettext_noop("Environment"),
    "department": gettext_noop("Department code"),
    "data_class": gettext_noop("Data class"),
    "root_mfa": gettext_noop("Root MFA"),
}


def _column(name: str) -> str:
    if name in _COLUMNS:
        return _(_COLUMNS[name])
    own = RegisterColumn.objects.filter(key=name).first()
    label = (own.label_ja if get_language() == "ja" else own.label_en) if own else ""
    return label or name


def day_names() -> list[tuple[str, str]]:
    """The days of ``PermittedHours``, as people call them."""
    return [
        ("business", _("business days")),
        ("every", _("every day")),
        ("closed", _("days that are no business days")),
        *((key, date_format(date(2026, 11, 23) + timedelta(days=n), "l")) for n, key in enumerate(WEEKDAYS)),
    ]


def told_times(limits: Mapping[str, Any]) -> list[str]:
    """The hours and the week's total of a rule, in words."""
    days = dict(day_names())
    told = [f"{days[one['day']]} {one['start']}–{one['until']}" for one in limits.get("hours", ())]
    most = limits.get("week_minutes")
    return told + ([_("in a week %(length)s in all") % {"length": words(timedelta(minutes=most))}] if most else [])


@dataclass(frozen=True)
class RuleRow:
    """One rule in a list."""

    rule: Rule
    routine: str
    who: list[str]
    where: list[tuple[str, list[str]]]
    pairs: list[str]
    approvers: list[tuple[str, int]]

    @property
    def times(self) -> list[str]:
        return told_times(self.rule.limits)

    @property
    def denies(self) -> bool:
        return self.rule.effect == Rule.Effect.DENY

    @property
    def more_who(self) -> int:
        """How many are not in the first lines."""
        return len(self.who) - 4

    @property
    def afterwards_days(self) -> int:
        return days_afterwards(self.rule)

    @property
    def qualified_days(self) -> int:
        return qualified_days(self.rule)

    @property
    def length(self) -> timedelta:
        return longest_of(self.rule)


def rule_rows(rules: Sequence[Rule]) -> list[RuleRow]:
    whole = {rule.pk: spoken(rule) for rule in rules}
    names = Names(whole.values())
    return [
        RuleRow(
            rule,
            title_of(rule.routine),
            names.who(whole[rule.pk]),
            names.where(whole[rule.pk]),
            names.pairs(whole[rule.pk]),
            names.approvers(whole[rule.pk]),
        )
        for rule in rules
    ]


def spoken(rule: Rule) -> dict[str, Any]:
    fields = ("name", "routine", "effect", "who", "dimensions", "pairs", "limits", "approvers", "fields", "enabled")
    return {name: getattr(rule, name) for name in fields}


def title_of(name: str) -> str:
    """What a routine is called; a routine that is no more keeps its code."""
    routine = routine_of(name)
    return _(routine.title) if routine else name


# --- what there is to choose from


def options_of(source: str, query: str, kept: Sequence[str]) -> list[Option]:
    """What is chosen already (which is never lost), then what is offered under ``query``."""
    if rows := _ROWS.get(source):
        return _of_rows(rows(), query, kept)
    offer = _OFFERS.get(source.removeprefix("exact."))
    if offer is None:
        return []
    if source.startswith("exact."):  # an exact thing is asked for, no pattern
        return _options([option for option in offer() if not _PATTERN.match(option[0])], query, kept)
    return _options(offer(), query, kept)


def _options(offer: list[Option], query: str, kept: Sequence[str]) -> list[Option]:
    needle = searchable(query.strip())
    found = [option for option in offer if needle in searchable(*option)]
    everything = {option[0]: option for option in offer}
    chosen = [everything.get(value, (value, value, "")) for value in kept]
    return [*chosen, *[option for option in found if option[0] not in kept][:PAGE]]


#: groups and people: tens of thousands, so no more of them are read than are shown or must be compared
def _groups() -> QuerySet[Any, Any]:
    return Group.objects.filter(absent_since=None).order_by("name").values_list("id", "description", "name")


def _people() -> QuerySet[Any, Any]:
    people = Person.objects.filter(absent_since=None, enabled=True).order_by("user_name")
    return people.values_list("id", "display_name", "user_name")


def _of_rows(rows: QuerySet[Any, Any], query: str, kept: Sequence[str]) -> list[Option]:
    """What is kept, by id or by name, then the first that fit."""
    name = "user_name" if rows.model is Person else "name"
    known = rows.filter(Q(id__in=kept) | Q(**{f"{name}__in": kept})) if kept else ()
    options = {word: option for option in map(_row, known) for word in (option[2], option[0])}
    chosen = dict.fromkeys(options.get(value, (value, value, "")) for value in kept)
    needle = searchable(query.strip())
    others = rows.exclude(id__in=[option[0] for option in chosen])
    fitting = (option for option in map(_row, others.iterator()) if needle in searchable(*option)) if needle else ()
    return [*chosen, *(islice(fitting, PAGE) if needle else map(_row, others[:PAGE]))]


def _row(row: tuple[str, str, str]) -> Option:
    value, label, hint = row
    return value, label or hint, hint


def _accounts() -> list[Option]:
    teams = Team.objects.filter(absent_since=None).order_by("name")
    ous = OrganizationalUnit.objects.filter(absent_since=None).order_by("name_path")
    accounts = Account.objects.filter(absent_since=None).order_by("name")
    return [
        ("*", _("everything"), ""),
        ("own-team", _("accounts of one's own team"), ""),
        *((f"team:{one.slug}", _("accounts of %(team)s") % {"team": one.name}, one.slug) for one in teams),
        *((f"ou:{one.id}", _("OU %(name)s") % {"name": one.name_path or one.name}, one.id) for one in ous),
        *((one.id, one.name, one.spoken_id) for one in accounts),
        *_said_of_accounts(accounts),
    ]


def _said_of_accounts(accounts: QuerySet[Account]) -> list[Option]:
    """Every tag, and every value in the account register, that some account has."""
    names = Names([])
    tags = {f"tag:{key}={value}" for account in accounts for key, value in account.tags.items()}
    lines = {
        f"register:{column}={value}"
        for account in accounts.exclude(register=None).select_related("register")
        for column in (*REGISTER_COLUMNS, *account.register.own)
        if (value := registered(account, column))
    }
    return [(pattern, names.pattern(pattern), "") for pattern in (*sorted(tags), *sorted(lines))]


def _environments() -> list[Option]:
    known = Account.objects.filter(absent_since=None).exclude(environment="").values_list("environment", flat=True)
    return [("*", _("everything"), ""), *((name, name, "") for name in sorted(set(known)))]


def _permission_sets() -> list[Option]:
    sets = PermissionSet.objects.filter(absent_since=None).order_by("name")
    return [("*", _("everything"), ""), *((one.arn, one.name, one.description) for one in sets)]


_OFFERS = {
    "account": _accounts,
    "environment": _environments,
    "permission_set": _permission_sets,
}


_ROWS = {"groups": _groups, "people": _people}


def offered(dimension: Dimension) -> bool:
    """Whether there is something to choose from; else the values are typed, one a line."""
    return dimension.name in _OFFERS
