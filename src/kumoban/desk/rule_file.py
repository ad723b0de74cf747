"""Rules as a file (policy as code): taken out whole, held against what holds now, and saved in one transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import rfc8785
from pydantic import BaseModel, ConfigDict, Field

from kumoban.core.plain_yaml import written
from kumoban.core.reason import Reason, Refused
from kumoban.desk import clock
from kumoban.desk.models import Rule
from kumoban.desk.people import Actor
from kumoban.desk.planning import ShapeError
from kumoban.desk.rule_book import FIELDS, RuleForm, may_save, save_rule, values_of
from kumoban.desk.shapes import read
from kumoban.desk.what_if import DAYS, WhatIf, replay
from kumoban.estate.models import Account, Group, OrganizationalUnit, PermissionSet, Person, Team
from kumoban.ledger.record import record, writing

__all__ = ["Changed", "RuleFile", "RulePlan", "apply_rules", "export_rules", "plan_rules"]


class RuleFile(BaseModel):
    """Every rule there shall be. An entry with ``id`` is that rule (nothing else in it: as it is), one without is new.

    Rules that are not in it are disabled. ``base`` says of which state the file was made.
    """

    model_config = ConfigDict(extra="forbid")

    base: str = Field(max_length=64)
    rules: list[dict[str, Any]] = Field(max_length=10_000)


@dataclass(frozen=True)
class Changed:
    """One rule that would be saved: ``rule`` None where it is new, ``before`` and ``after`` by field that differs."""

    rule: Rule | None
    values: Mapping[str, Any]

    @property
    def differing(self) -> dict[str, tuple[Any, Any]]:
        before = values_of(self.rule) if self.rule else {}
        return {name: (before.get(name), self.values[name]) for name in FIELDS if before.get(name) != self.values[name]}


@dataclass(frozen=True)
class RulePlan:
    """What a file would do. ``stale``: the rules are not those any more of which the file was made."""

    stale: bool
    added: Sequence[Changed]
    changed: Sequence[Changed]
    disabled: Sequence[Rule]

    @property
    def nothing(self) -> bool:
        return not (self.added or self.changed or self.disabled)


def export_rules() -> dict[str, Any]:
    """``base``, ``rules`` with ids, and both as ``text``: YAML with the names beside the ids."""
    every = list(Rule.objects.order_by("id"))
    given = {"base": _digest(every), "rules": [{"id": rule.pk, **_short(values_of(rule))} for rule in every]}
    return {**given, "text": written(given, _names(every))}


def plan_rules(actor: Actor, file: RuleFile) -> tuple[RulePlan, WhatIf]:
    """What saving the file would change, and which past requests would come out otherwise. Raises as saving does."""
    may_save(actor)
    every = list(Rule.objects.order_by("id"))
    plan = _plan(every, file)
    would_be = {change.rule.pk: change.values for change in plan.changed if change.rule}
    gone = {rule.pk for rule in plan.disabled}
    kept = [_as(rule.pk, would_be[rule.pk]) if rule.pk in would_be else rule for rule in every if rule.pk not in gone]
    new = [_as(-1 - number, change.values) for number, change in enumerate(plan.added)]
    touched = {change.values["routine"] for change in (*plan.added, *plan.changed)}
    touched |= {change.rule.routine for change in plan.changed if change.rule} | {one.routine for one in plan.disabled}
    return plan, replay(touched, every, [*kept, *new], clock.now() - timedelta(days=DAYS))


def apply_rules(actor: Actor, file: RuleFile) -> RulePlan:
    """Save all of it or nothing. Raises Refused where the rules changed since the file's base, else as saving does."""
    may_save(actor, saves=True)
    with writing():
        every = list(Rule.objects.select_for_update().order_by("id"))
        plan = _plan(every, file)
        if plan.stale:
            raise Refused(Reason("rules_changed_meanwhile"))
        for change in (*plan.added, *plan.changed):
            save_rule(actor, change.values, change.rule)
        for rule in plan.disabled:
            save_rule(actor, {**values_of(rule), "enabled": False}, rule)
        counts = {"added": len(plan.added), "changed": len(plan.changed), "disabled": len(plan.disabled)}
        record("rules.applied", actor=actor.id, subject="rules", facts={"base": file.base, **counts})
    return plan


def _plan(every: Sequence[Rule], file: RuleFile) -> RulePlan:
    known = {rule.pk: rule for rule in every}
    added: list[Changed] = []
    changed: list[Changed] = []
    seen: set[int] = set()
    for place, entry in enumerate(file.rules):
        rule = _named(entry, known, seen, place)
        values = _values(rule, entry, place)
        if rule is None:
            added.append(Changed(None, values))
        elif values != values_of(rule):
            changed.append(Changed(rule, values))
    disabled = [rule for rule in every if rule.pk not in seen and rule.enabled]
    return RulePlan(file.base != _digest(every), added, changed, disabled)


def _named(entry: Mapping[str, Any], known: Mapping[int, Rule], seen: set[int], place: int) -> Rule | None:
    pk = entry.get("id")
    if pk is None:
        return None
    if not isinstance(pk, int) or pk not in known or pk in seen:
        raise ShapeError([(f"rules.{place}.id", Reason("no_such_rule", {"rule": str(pk)[:20]}))])
    seen.add(pk)
    return known[pk]


def _values(rule: Rule | None, entry: Mapping[str, Any], place: int) -> Mapping[str, Any]:
    """What stands there already need not be understood again: what it names may be gone meanwhile."""
    given = {name: value for name, value in entry.items() if name != "id"}
    if rule is not None and (not given or given == _short(values_of(rule))):
        return values_of(rule)
    try:
        return read(RuleForm, given).stored()
    except ShapeError as shape:
        raise ShapeError([(f"rules.{place}.{name}".rstrip("."), reason) for name, reason in shape.errors]) from shape


def _as(pk: int, values: Mapping[str, Any]) -> Rule:
    return Rule(pk=pk, **values)


def _short(values: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is empty."""
    return {name: value for name, value in values.items() if value not in ({}, [])}


def _digest(every: Iterable[Rule]) -> str:
    stated = [{"id": rule.pk, "version": rule.version, **values_of(rule)} for rule in every]
    return hashlib.sha256(rfc8785.dumps(stated)).hexdigest()


def _names(every: Iterable[Rule]) -> dict[str, str]:
    """What the ids in these rules are called."""
    refs = set(_texts([values_of(rule) for rule in every]))
    bare = {ref.partition(":")[2] for ref in refs if ref.startswith(("ou:", "team:"))}
    ous = OrganizationalUnit.objects.filter(id__in=bare).values_list("id", "name_path")
    teams = Team.objects.filter(slug__in=bare).values_list("slug", "name")
    return {
        **dict(Group.objects.filter(id__in=refs).values_list("id", "name")),
        **dict(Person.objects.filter(id__in=refs).values_list("id", "user_name")),
        **dict(Account.objects.filter(id__in=refs).values_list("id", "name")),
        **dict(PermissionSet.objects.filter(arn__in=refs).values_list("arn", "name")),
        **{f"ou:{ou}": path for ou, path in ous},
        **{f"team:{slug}": name for slug, name in teams},
    }


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _texts(one)
