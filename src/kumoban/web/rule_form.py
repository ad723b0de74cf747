"""The form of a rule: what was typed, as the desk's model wants it, and as the page shows it again."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from kumoban.desk.models import ExtraField, Rule
from kumoban.desk.routine import Dimension, Routine, all_routines, routine_of
from kumoban.desk.rule_book import template
from kumoban.estate.models import Group, Person
from kumoban.web.form_view import company_label
from kumoban.web.rule_view import Option, offered, options_of

__all__ = [
    "ApproverRow",
    "Pick",
    "RuleFields",
    "fields_of",
    "from_rule",
    "from_template",
    "one_group",
    "ruled",
    "typed",
]

#: empty rows for further approvers
BLANK_ROWS = 2


@dataclass(frozen=True)
class Pick:
    """A list to choose from, narrowed down by typing; or lines to type where nothing is known."""

    name: str
    label: str
    source: str
    values: tuple[str, ...]
    options: tuple[Option, ...]
    errors: tuple[str, ...]
    #: what the list is narrowed down by just now
    narrow: str = ""
    #: what choosing nothing is called, where at most one may be chosen
    none: str = ""

    @property
    def lines(self) -> str:
        return "\n".join(self.values)

    @property
    def id(self) -> str:
        """The name without dots, for selectors."""
        return self.name.replace(".", "-")

    @property
    def long(self) -> bool:
        """Whether narrowing down helps."""
        return bool(self.narrow) or len(self.options) > 8


@dataclass(frozen=True)
class ApproverRow:
    """One requirement: a group or people by user name, and how many of them; or the manager, who has no group here."""

    index: str
    group: Pick | None
    people: str
    count: str
    concurrence: bool
    via: str
    stage: str
    #: business hours after which it goes to others as well, and to whom
    hours: str
    then_group: str
    then_people: str


@dataclass(frozen=True)
class HoursRow:
    """One of the times at which the rule allows."""

    index: int
    day: str
    start: str
    until: str


@dataclass(frozen=True)
class PairRow:
    """One pair: a value of each of two dimensions."""

    index: int
    sides: tuple[Pick, ...]


@dataclass(frozen=True)
class RuleFields:
    """Everything the page of one rule draws."""

    data: Mapping[str, Any]
    groups: Pick
    people: Pick
    dimensions: tuple[Pick, ...]
    pairs: tuple[PairRow, ...]
    hours: tuple[HoursRow, ...]
    manager: ApproverRow
    has_manager: bool
    approvers: tuple[ApproverRow, ...]
    errors: Mapping[str, list[str]]
    #: the company's own fields of the routine: key, label, whether the rule asks for it
    own_fields: tuple[tuple[str, str, bool], ...] = ()

    @property
    def everyone(self) -> bool:
        return bool(self.data["who"].get("everyone"))

    @property
    def machines(self) -> str:
        return " ".join(self.data["who"].get("machines", ()))

    @property
    def minutes(self) -> Any:
        return self._limit("max_minutes")

    @property
    def week_minutes(self) -> Any:
        return self._limit("week_minutes")

    @property
    def afterwards_days(self) -> Any:
        return self._limit("afterwards_days")

    @property
    def tells(self) -> str:
        """Whom it tells of an emergency at once, as they are called; what was typed otherwise stays."""
        return ", ".join(_called(str(one)) for one in self.data["limits"].get("tells") or ())

    @property
    def qualified_days(self) -> Any:
        return self._limit("qualified_days")

    @property
    def name_errors(self) -> list[str]:
        return self._under("name")

    @property
    def who_errors(self) -> list[str]:
        return self.errors.get("who", [])

    @property
    def machine_errors(self) -> list[str]:
        return [text for name, texts in self.errors.items() if name.startswith("who.machines") for text in texts]

    @property
    def limit_errors(self) -> list[str]:
        return self._under("limits")

    @property
    def pair_errors(self) -> list[str]:
        return self._under("pairs")

    @property
    def approver_errors(self) -> list[str]:
        return self._under("approvers")

    @property
    def other_errors(self) -> list[str]:
        return [*self.errors.get("", []), *self._under("routine"), *self._under("effect")]

    def _limit(self, name: str) -> Any:
        value = self.data["limits"].get(name)
        return "" if value is None else value

    def _under(self, start: str) -> list[str]:
        return [text for name, texts in self.errors.items() if name.split(".")[0] == start for text in texts]


def ruled() -> list[Routine]:
    """The routines that rules decide about."""
    found = [routine for routine in all_routines() if not routine.open_to_all]
    return sorted(found, key=lambda routine: routine.handover == "ops_only")  # first what most rules are about


def from_template(key: str, routine: str) -> dict[str, Any]:
    """The values a new rule begins with."""
    blank = {
        "name": "",
        "effect": "allow",
        "who": {},
        "dimensions": {},
        "pairs": [],
        "limits": {"max_minutes": 60},
        "approvers": [],
        "fields": [],
    }
    chosen = template(key)
    return {**blank, "routine": routine or (ruled()[0].name if ruled() else ""), "enabled": True, **chosen}


def from_rule(rule: Rule) -> dict[str, Any]:
    """A stored rule's values; people who approve by their user names."""
    fields = ("name", "routine", "effect", "who", "dimensions", "pairs", "limits", "fields", "enabled")
    return {**{name: getattr(rule, name) for name in fields}, "approvers": [_named(one) for one in rule.approvers]}


def _named(approver: Mapping[str, Any]) -> dict[str, Any]:
    to = approver.get("escalate", {})
    ids = [*approver.get("people", ()), *to.get("people", ())]
    names = dict(Person.objects.filter(id__in=ids).values_list("id", "user_name")) if ids else {}

    def by_name(said: Mapping[str, Any]) -> dict[str, Any]:
        return {**said, **({"people": [names.get(one, one) for one in said["people"]]} if "people" in said else {})}

    if to.get("group"):  # typed by its name, where the list above it is chosen from
        to = {**to, "group": Group.objects.filter(pk=to["group"]).values_list("name", flat=True).first() or to["group"]}
    return {**by_name(approver), **({"escalate": by_name(to)} if to else {})}


def typed(post: QueryDict) -> dict[str, Any]:
    """What was typed, in the shape of ``RuleForm``."""
    routine = routine_of(post.get("routine", ""))
    dimensions = {one.name: _dimension(post, one) for one in routine.dimensions} if routine else {}
    limits: dict[str, Any] = {name: post.get(name, "").strip() for name in _LIMITS}
    limits["tells"] = [name.strip() for name in re.split("[,、\n]", post.get("tells", "")) if name.strip()]
    return {
        "name": post.get("name", ""),
        "routine": post.get("routine", ""),
        "effect": post.get("effect", "allow"),
        "who": {
            "everyone": "everyone" in post,
            "groups": post.getlist("groups"),
            "people": post.getlist("people"),
            "machines": _names(post.get("machines", "")),
        },
        "dimensions": {name: values for name, values in dimensions.items() if values},
        "pairs": _pairs(post, routine),
        "limits": {name: value for name, value in limits.items() if value} | _hours(post),
        "approvers": _approvers(post),
        "fields": post.getlist("fields"),
        "enabled": "enabled" in post,
    }


_LIMITS = ("max_minutes", "week_minutes", "afterwards_days", "qualified_days")


def _hours(post: QueryDict) -> dict[str, Any]:
    """The rows of which something is written."""
    rows = [
        {name: post.get(f"hours.{index}.{name}", "").strip() for name in ("day", "start", "until")}
        for index in _indexes(post, "hours", "start")
    ]
    written = [row for row in rows if row["start"] or row["until"]]
    return {"hours": written} if written else {}


def _pairs(post: QueryDict, routine: Routine | None) -> list[dict[str, str]]:
    names = paired_dimensions(routine)
    rows = [
        {name: value for name in names if (value := post.get(f"pair.{index}.{name}", ""))}
        for index in _indexes(post, "pair", names[0] if names else "")
    ]
    return [row for row in rows if row]


def paired_dimensions(routine: Routine | None) -> tuple[str, ...]:
    """The dimensions that the page offers as pairs: an account, and what may be had in it."""
    known = [dimension.name for dimension in routine.dimensions] if routine else []
    both = ("account", "permission_set")
    return both if set(both) <= set(known) else ()


def _indexes(post: QueryDict, start: str, end: str) -> list[int]:
    found = (re.fullmatch(rf"{re.escape(start)}\.(\d{{1,2}})\.{re.escape(end)}", key) for key in post)
    return sorted(int(match[1]) for match in found if match)


def _called(told: str) -> str:
    kind, _sign, key = told.partition(":")
    if kind == "group":
        return Group.objects.filter(pk=key).values_list("name", flat=True).first() or told
    if kind == "person":
        return Person.objects.filter(pk=key).values_list("user_name", flat=True).first() or told
    return told


def _dimension(post: QueryDict, dimension: Dimension) -> list[str]:
    given = post.getlist(f"dimension.{dimension.name}")
    if offered(dimension):
        return given
    return [line.strip() for line in "\n".join(given).splitlines() if line.strip()]


def _approvers(post: QueryDict) -> list[dict[str, Any]]:
    manager = {"manager": True, "count": 1, **_when_and_where(post, "approver.manager")}
    found: list[dict[str, Any]] = [manager] if "manager" in post else []
    for index in _indexes(post, "approver", "group"):
        start = f"approver.{index}"
        group, named = post[f"{start}.group"], _names(post.get(f"{start}.people", ""))
        if group or named:
            count, concurrence = post.get(f"{start}.count", "").strip() or "1", f"{start}.concurrence" in post
            said = {"group": group, "people": named, "count": count, "concurrence": concurrence}
            found.append({**said, **_when_and_where(post, start)})
    return found


def _when_and_where(post: QueryDict, start: str) -> dict[str, Any]:
    """In which system they decide, in which step, and whom it goes to where they do not answer."""
    group, people = post.get(f"{start}.then_group", "").strip(), _names(post.get(f"{start}.then_people", ""))
    hours = post.get(f"{start}.hours", "").strip()
    to = {"hours": hours, "group": group, "people": people} if hours or group or people else None
    said = {"via": post.get(f"{start}.via", ""), "stage": post.get(f"{start}.stage", "").strip() or "1"}
    return {**said, **({"escalate": to} if to else {})}


def _names(typed_in: str) -> list[str]:
    return [name for name in re.split(r"[\s,、]+", typed_in) if name]


def fields_of(
    data: Mapping[str, Any], errors: Mapping[str, list[str]], narrows: Mapping[str, str] | None = None
) -> RuleFields:
    """The page's fields, with what was typed in them and what is wrong beside them."""
    said = narrows or {}
    routine = routine_of(str(data["routine"]))
    who = data["who"]
    rows = [one for one in data["approvers"] if not one.get("manager")]
    managers = [one for one in data["approvers"] if one.get("manager")]
    return RuleFields(
        data,
        _pick("groups", _("Groups"), "groups", who.get("groups", ()), _at(errors, "who.groups"), said),
        _pick("people", _("People"), "people", who.get("people", ()), _at(errors, "who.people"), said),
        tuple(_of_dimension(one, data, errors, said) for one in (routine.dimensions if routine else ())),
        tuple(_pair_rows(routine, data.get("pairs", ()), said)),
        tuple(_hours_rows(data["limits"].get("hours") or ())),
        _row("manager", managers[0] if managers else {}, said, group=False),
        bool(managers),
        tuple(_row(str(index), one, said) for index, one in enumerate([*rows, *[{}] * BLANK_ROWS])),
        errors,
        _own_fields(str(data["routine"]), data.get("fields", ())),
    )


def _own_fields(routine: str, chosen: Sequence[str]) -> tuple[tuple[str, str, bool], ...]:
    own = ExtraField.objects.filter(routine=routine).order_by("position", "id")
    return tuple((one.key, company_label(one), one.key in chosen) for one in own)


def _of_dimension(
    dimension: Dimension, data: Mapping[str, Any], errors: Mapping[str, list[str]], narrows: Mapping[str, str]
) -> Pick:
    source = dimension.name if offered(dimension) else ""
    values = data["dimensions"].get(dimension.name, ())
    found = _at(errors, f"dimensions.{dimension.name}")
    return _pick(f"dimension.{dimension.name}", _(dimension.title), source, values, found, narrows)


def _pick(
    name: str,
    label: str,
    source: str,
    values: Sequence[str],
    errors: Sequence[str],
    narrows: Mapping[str, str],
) -> Pick:
    narrow = narrows.get(name, "")
    options = tuple(options_of(source, narrow, values)) if source else ()
    return Pick(name, label, source, tuple(values), options, tuple(errors), narrow)


def _at(errors: Mapping[str, list[str]], place: str) -> list[str]:
    return [text for name, texts in errors.items() if name == place or name.startswith(f"{place}.") for text in texts]


def _hours_rows(hours: Sequence[Mapping[str, str]]) -> list[HoursRow]:
    rows = [*hours, {}]
    return [
        HoursRow(index, row.get("day", "business"), row.get("start", ""), row.get("until", ""))
        for index, row in enumerate(rows)
    ]


def _pair_rows(
    routine: Routine | None, pairs: Sequence[Mapping[str, str]], narrows: Mapping[str, str]
) -> list[PairRow]:
    names = paired_dimensions(routine)
    if routine is None or not names:
        return []
    titles = {one.name: _(one.title) for one in routine.dimensions}
    return [
        PairRow(index, tuple(_side(index, name, titles[name], pair.get(name, ""), narrows) for name in names))
        for index, pair in enumerate([*pairs, {}])
    ]


def _side(index: int, name: str, label: str, value: str, narrows: Mapping[str, str]) -> Pick:
    return one_of(f"pair.{index}.{name}", label, name, value, narrows, "—")


def _row(index: str, approver: Mapping[str, Any], narrows: Mapping[str, str], *, group: bool = True) -> ApproverRow:
    start, to = f"approver.{index}", approver.get("escalate") or {}
    return ApproverRow(
        index,
        one_group(f"{start}.group", _("Group"), approver.get("group", ""), narrows, "—") if group else None,
        " ".join(approver.get("people", ())),
        str(approver.get("count", "")),
        bool(approver.get("concurrence")),
        str(approver.get("via", "")),
        str(approver.get("stage", "")),
        str(to.get("hours", "")),
        str(to.get("group", "")),
        " ".join(to.get("people", ())),
    )


def one_group(
    name: str, label: str, value: str, narrows: Mapping[str, str], none: str, errors: Sequence[str] = ()
) -> Pick:
    """A list of groups of which at most one is chosen; a name is taken for the group that bears it."""
    return one_of(name, label, "groups", value, narrows, none, errors)


def one_of(
    name: str, label: str, source: str, value: str, narrows: Mapping[str, str], none: str, errors: Sequence[str] = ()
) -> Pick:
    """A list of which at most one is chosen."""
    narrow = narrows.get(name, "")
    options = tuple(options_of(source, narrow, [value] if value else []))
    chosen = (options[0][0],) if value else ()
    return Pick(name, label, source, chosen, options, tuple(errors), narrow, none)
