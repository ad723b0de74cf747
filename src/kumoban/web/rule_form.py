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
    """One further requirement: a group or people by user name, and how many of them."""

    index: int
    group: Pick
    people: str
    count: str
    concurrence: bool
    via: str


@dataclass(frozen=True)
class RuleFields:
    """Everything the page of one rule draws."""

    data: Mapping[str, Any]
    groups: Pick
    people: Pick
    dimensions: tuple[Pick, ...]
    manager: bool
    manager_via: str
    approvers: tuple[ApproverRow, ...]
    errors: Mapping[str, list[str]]
    #: the company's own fields of the routine: key, label, whether the rule asks for it
    own_fields: tuple[tuple[str, str, bool], ...] = ()

    @property
    def everyone(self) -> bool:
        return bool(self.data["who"].get("everyone"))

    @property
    def minutes(self) -> Any:
        value = self.data["limits"].get("max_minutes")
        return "" if value is None else value

    @property
    def afterwards_days(self) -> Any:
        value = self.data["limits"].get("afterwards_days")
        return "" if value is None else value

    @property
    def tells(self) -> str:
        """Whom it tells of an emergency at once, as they are called; what was typed otherwise stays."""
        return ", ".join(_called(str(one)) for one in self.data["limits"].get("tells") or ())

    @property
    def qualified_days(self) -> Any:
        value = self.data["limits"].get("qualified_days")
        return "" if value is None else value

    @property
    def name_errors(self) -> list[str]:
        return self._under("name")

    @property
    def who_errors(self) -> list[str]:
        return self.errors.get("who", [])

    @property
    def limit_errors(self) -> list[str]:
        return self._under("limits")

    @property
    def approver_errors(self) -> list[str]:
        return self._under("approvers")

    @property
    def other_errors(self) -> list[str]:
        return [*self.errors.get("", []), *self._under("routine"), *self._under("effect")]

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
        "limits": {"max_minutes": 60},
        "approvers": [],
        "fields": [],
    }
    chosen = template(key)
    return {**blank, "routine": routine or (ruled()[0].name if ruled() else ""), "enabled": True, **chosen}


def from_rule(rule: Rule) -> dict[str, Any]:
    """A stored rule's values; people who approve by their user names."""
    fields = ("name", "routine", "effect", "who", "dimensions", "limits", "fields", "enabled")
    return {**{name: getattr(rule, name) for name in fields}, "approvers": [_named(one) for one in rule.approvers]}


def _named(approver: Mapping[str, Any]) -> dict[str, Any]:
    if not approver.get("people"):
        return dict(approver)
    names = dict(Person.objects.filter(id__in=approver["people"]).values_list("id", "user_name"))
    return {**approver, "people": [names.get(one, one) for one in approver["people"]]}


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
        },
        "dimensions": {name: values for name, values in dimensions.items() if values},
        "limits": {name: value for name, value in limits.items() if value},
        "approvers": _approvers(post),
        "fields": post.getlist("fields"),
        "enabled": "enabled" in post,
    }


_LIMITS = ("max_minutes", "afterwards_days", "qualified_days")


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
    manager = {"manager": True, "count": 1, "via": post.get("manager_via", "")}
    found: list[dict[str, Any]] = [manager] if "manager" in post else []
    for index in sorted(int(key.split(".")[1]) for key in post if re.fullmatch(r"approver\.\d{1,2}\.group", key)):
        group, people = post[f"approver.{index}.group"], post.get(f"approver.{index}.people", "")
        named = [name for name in re.split(r"[\s,、]+", people) if name]
        count = post.get(f"approver.{index}.count", "").strip() or "1"
        if group or named:
            concurrence, via = f"approver.{index}.concurrence" in post, post.get(f"approver.{index}.via", "")
            found.append({"group": group, "people": named, "count": count, "concurrence": concurrence, "via": via})
    return found


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
        bool(managers),
        managers[0].get("via", "") if managers else "",
        tuple(_row(index, rows[index] if index < len(rows) else {}, said) for index in range(len(rows) + BLANK_ROWS)),
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


def _row(index: int, approver: Mapping[str, Any], narrows: Mapping[str, str]) -> ApproverRow:
    people = " ".join(approver.get("people", ()))
    group = one_group(f"approver.{index}.group", _("Group"), approver.get("group", ""), narrows, "—")
    count, concurrence = str(approver.get("count", "")), bool(approver.get("concurrence"))
    return ApproverRow(index, group, people, count, concurrence, str(approver.get("via", "")))


def one_group(
    name: str, label: str, value: str, narrows: Mapping[str, str], none: str, errors: Sequence[str] = ()
) -> Pick:
    """A list of groups of which at most one is chosen; a name is taken for the group that bears it."""
    narrow = narrows.get(name, "")
    options = tuple(options_of("groups", narrow, [value] if value else []))
    chosen = (options[0][0],) if value else ()
    return Pick(name, label, "groups", chosen, options, tuple(errors), narrow, none)
