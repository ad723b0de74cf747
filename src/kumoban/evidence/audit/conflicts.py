"""職務分掌: pairs and roles that meet where they should not, found in what was decided in a period."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext_noop as _

from kumoban.desk.models import Approval
from kumoban.desk.people import managers_of, members_of
from kumoban.estate.models import Group, Person
from kumoban.evidence.audit.room import Period
from kumoban.ledger.models import Entry

__all__ = ["FEW", "KINDS", "Conflict", "conflicts"]

#: approvals from which on "always the same two" says something
FEW = 5

#: what each kind of conflict is, as a msgid
KINDS = {
    "subordinate_approved": _("Somebody approved what their own manager had asked for"),
    "same_pair": _("Everything one person asked for was approved by the same other person"),
    "rule_for_oneself": _("Somebody saved a rule and then asked under it, or approved under it"),
    "two_roles": _("Somebody is in the operations team and among the auditors"),
}


@dataclass(frozen=True)
class Conflict:
    """``first`` and ``second`` are people's ids: who asked and who approved; who saved and who asked; the same one."""

    kind: str
    first: str
    second: str
    requests: tuple[str, ...]

    @property
    def key(self) -> str:
        return " ".join((self.kind, self.first, self.second))


def conflicts(period: Period) -> list[Conflict]:
    """In the order of their kinds."""
    seals = _seals(period)
    return [*_subordinates(seals), *_pairs(seals), *_own_rules(period, seals), *_two_roles()]


@dataclass(frozen=True)
class _Seal:
    request: str
    asked_by: str
    people: frozenset[str]
    approver: str
    rules: tuple[int, ...]


def _seals(period: Period) -> list[_Seal]:
    found = Approval.objects.filter(at__gte=period.since, at__lt=period.until, void_at=None).order_by("pk")
    found = found.select_related("plan__request").prefetch_related("plan__request__workers")
    return [
        _Seal(
            seal.plan.request.number,
            seal.plan.request.requester_id,
            frozenset(seal.plan.request.people),
            seal.person_id,
            tuple(int(rule[0]) for rule in seal.plan.authority.get("rules", ())),
        )
        for seal in found
    ]


def _subordinates(seals: Sequence[_Seal]) -> Iterator[Conflict]:
    approvers = list(Person.objects.filter(pk__in={seal.approver for seal in seals}))
    managers = managers_of(approvers) if approvers else {}
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for seal in seals:
        manager = managers.get(seal.approver, "")
        if manager and manager in seal.people:
            found[manager, seal.approver].append(seal.request)
    for (manager, approver), numbers in sorted(found.items()):
        yield Conflict("subordinate_approved", manager, approver, tuple(dict.fromkeys(numbers)))


def _pairs(seals: Sequence[_Seal]) -> Iterator[Conflict]:
    of_requester: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for seal in seals:
        of_requester[seal.asked_by][seal.approver].append(seal.request)
    for asked_by, approvers in sorted(of_requester.items()):
        if len(approvers) == 1:
            ((approver, numbers),) = approvers.items()
            if len(set(numbers)) >= FEW:
                yield Conflict("same_pair", asked_by, approver, tuple(dict.fromkeys(numbers)))


def _own_rules(period: Period, seals: Sequence[_Seal]) -> Iterator[Conflict]:
    """By the ledger: who saved a rule that decided, up to the end of the period."""
    wanted = {rule for seal in seals for rule in seal.rules}
    saved: dict[int, set[str]] = defaultdict(set)
    subjects = [f"rule:{rule}" for rule in wanted]
    for entry in Entry.objects.filter(kind="rule.saved", subject__in=subjects, at__lt=period.until):
        saved[int(json.loads(entry.body)["facts"]["rule"])].add(entry.actor)
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for seal in seals:
        for rule in seal.rules:
            for who in saved[rule] & {seal.asked_by, seal.approver}:
                found[who, seal.asked_by if who == seal.approver else seal.approver].append(seal.request)
    for (who, other), numbers in sorted(found.items()):
        yield Conflict("rule_for_oneself", who, other, tuple(dict.fromkeys(numbers)))


def _two_roles() -> Iterator[Conflict]:
    """As it is now."""
    names = {settings.KUMOBAN_OPS_GROUP, settings.KUMOBAN_AUDITOR_GROUP}
    groups = dict(Group.objects.filter(name__in=names, absent_since=None).values_list("id", "name"))
    in_role: dict[str, set[str]] = defaultdict(set)
    for group, people in members_of(groups).items():
        for person in people:
            in_role[person].add(groups[group])
    for person in sorted(person for person, roles in in_role.items() if roles == names):
        yield Conflict("two_roles", person, person, ())
