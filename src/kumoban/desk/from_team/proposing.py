"""TEAM's policies as proposed rules: never wider than they were, and what cannot be carried over is refused by name.

An eligibility is a cross product of (accounts + accounts *directly* in its OUs) and permission sets, for one user or
group. Who approves follows from the account and its direct OU, so that one eligibility may become several rules.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kumoban.core.reason import Reason
from kumoban.desk.from_team.export import Export, Item
from kumoban.desk.models import Rule
from kumoban.desk.planning import ShapeError
from kumoban.desk.rule_book import MOST_MINUTES, RuleForm, save_rule
from kumoban.desk.shapes import read
from kumoban.estate.models import Account, Group, OrganizationalUnit, PermissionSet, Person

__all__ = ["Proposal", "Proposed", "propose", "save"]

#: so many accounts and permission sets stand in one rule
_ACCOUNTS, _SETS = 50, 20
_ROUTINE = "temporary-access"


@dataclass(frozen=True)
class Proposal:
    """A rule that would be made, and what its reader must know about it."""

    values: Mapping[str, Any]
    notes: tuple[Reason, ...] = ()

    @property
    def name(self) -> str:
        return str(self.values["name"])


@dataclass
class Proposed:
    """``refused`` names what is not carried over, and why; ``notes`` are about everything."""

    rules: list[Proposal] = field(default_factory=list)
    refused: list[tuple[str, Reason]] = field(default_factory=list)
    notes: list[Reason] = field(default_factory=list)


def propose(export: Export, *, nested: bool = False) -> Proposed:
    """``nested``: an OU stays an OU with everything below it, wider than TEAM's, which means direct accounts only."""
    found, known = Proposed(), _Known(export)
    for item in export.eligibility:
        found.rules += _of_one(item, known, found, nested)
    if any(item.get("ticketNo") for item in (*export.eligibility, *export.settings)):
        found.notes.append(Reason("team_ticket"))
    if export.settings:
        found.notes.append(Reason("team_settings_left"))
    if export.sessions:
        found.notes.append(Reason("team_sessions_left", {"count": len(export.sessions)}))
    return found


def save(proposed: Proposed, *, enabled: bool) -> int:
    """Make the rules, disabled unless said otherwise; one whose name is there already is left. How many were made."""
    made, there = 0, set(Rule.objects.values_list("name", flat=True))
    for proposal in proposed.rules:
        if proposal.name in there:
            proposed.refused.append((proposal.name, Reason("team_there_already")))
            continue
        try:
            form = read(RuleForm, {**proposal.values, "enabled": enabled})
        except ShapeError as shape:
            proposed.refused += [(proposal.name, reason) for _field, reason in shape.errors]
            continue
        save_rule(None, form.stored())
        made += 1
    return made


class _Known:
    """The estate, and TEAM's approvers by account and OU."""

    def __init__(self, export: Export) -> None:
        present = {"absent_since": None}
        self.accounts = {account.id: account for account in Account.objects.filter(**present)}
        self.units = dict(OrganizationalUnit.objects.filter(**present).values_list("id", "name"))
        self.sets = dict(PermissionSet.objects.filter(**present).values_list("arn", "name"))
        self.groups = dict(Group.objects.filter(**present).values_list("id", "name"))
        self.people = set(Person.objects.filter(**present, enabled=True).values_list("id", flat=True))
        self.approvers = {str(one.get("id")): _strings(one.get("groupIds")) for one in export.approvers}
        settings = export.settings[0] if export.settings else {}
        self.anybody_approves = settings.get("approval") is not False
        self.most_hours = _hours(settings.get("duration"))

    def approving(self, place: str) -> tuple[str, ...]:
        """The groups that may approve for an account (its own and its OU's), or for an OU; by name."""
        account = self.accounts.get(place)
        ids = [*self.approvers.get(place, ()), *(self.approvers.get(account.ou_id or "", ()) if account else ())]
        return tuple(sorted({one for one in ids if one in self.groups}, key=lambda one: self.groups[one]))


def _of_one(item: Item, known: _Known, found: Proposed, nested: bool) -> Iterator[Proposal]:
    name = str(item.get("name") or item.get("id") or "?")[:80]
    who = _who(item, known)
    if who is None:
        found.refused.append((name, Reason("team_unknown_principal")))
        return
    places = list(_places(item, known, found, name, nested))
    sets = list(_sets(item, known, found, name))
    minutes = _minutes(item, known)
    if minutes is None:
        found.refused.append((name, Reason("team_no_duration")))
        return
    number = 0
    for groups, patterns in _by_approvers(item, places, known, found, name).items():
        for accounts in _parts(patterns, _ACCOUNTS):
            for some in _parts(sets, _SETS):
                number += 1
                yield _proposal(f"TEAM: {name} ({number})", who, accounts, some, minutes, groups, known)


def _who(item: Item, known: _Known) -> dict[str, list[str]] | None:
    principal = str(item.get("id") or "")
    if item.get("type") == "Group":
        return {"groups": [principal]} if principal in known.groups else None
    return {"people": [principal]} if principal in known.people else None


def _places(item: Item, known: _Known, found: Proposed, name: str, nested: bool) -> Iterator[str]:
    """Account ids, and with ``nested`` OU ids; each once."""
    seen: set[str] = set()
    for account in _ids(item.get("accounts")):
        if account not in known.accounts:
            found.refused.append((name, Reason("unknown_account", {"account": account})))
        elif account not in seen:
            seen.add(account)
            yield account
    for unit in _ids(item.get("ous")):
        if unit not in known.units:
            found.refused.append((name, Reason("unknown_ou", {"ou": unit})))
            continue
        inside = [unit] if nested else [one.id for one in known.accounts.values() if one.ou_id == unit]
        yield from (one for one in inside if one not in seen)
        seen.update(inside)


def _sets(item: Item, known: _Known, found: Proposed, name: str) -> Iterator[str]:
    for arn in dict.fromkeys(_ids(item.get("permissions"))):
        if arn in known.sets:
            yield arn
        else:
            found.refused.append((name, Reason("unknown_permission_set", {"permission_set": arn[-60:]})))


def _by_approvers(
    item: Item, places: Sequence[str], known: _Known, found: Proposed, name: str
) -> dict[tuple[str, ...], list[str]]:
    """Places that are approved by the same groups together; without anybody to approve, a place is refused."""
    if not (item.get("approvalRequired", True) and known.anybody_approves):
        return {(): list(places)} if places else {}
    grouped: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for place in places:
        if groups := known.approving(place):
            grouped[groups].append(place)
        else:
            found.refused.append((name, Reason("team_no_approver", {"place": place})))
    return grouped


def _proposal(
    name: str,
    who: Mapping[str, Any],
    places: Sequence[str],
    sets: Sequence[str],
    minutes: int,
    groups: tuple[str, ...],
    known: _Known,
) -> Proposal:
    names = [known.groups[group] for group in groups]
    notes = [Reason("team_one_group", {"kept": names[0], "left": ", ".join(names[1:])})] if len(names) > 1 else []
    return Proposal(
        {
            "name": name,
            "routine": _ROUTINE,
            "effect": "allow",
            "who": dict(who),
            "dimensions": {
                "account": [place if place in known.accounts else f"ou:{place}" for place in places],
                "environment": ["*"],
                "permission_set": list(sets),
            },
            "limits": {"max_minutes": minutes},
            "approvers": [{"group": groups[0], "count": 1}] if groups else [],
        },
        tuple(notes),
    )


def _minutes(item: Item, known: _Known) -> int | None:
    """The shorter of the policy's and everybody's maximum. TEAM writes whole hours, as text."""
    hours = [given for given in (_hours(item.get("duration")), known.most_hours) if given]
    return min(int(min(hours) * 60), MOST_MINUTES) if hours else None


def _hours(value: Any) -> float | None:
    try:
        hours = float(value)
    except (TypeError, ValueError):
        return None
    return hours if 0 < hours < 10_000 else None


def _strings(entries: Any) -> list[str]:
    return [str(one) for one in entries or ()]


def _ids(entries: Any) -> list[str]:
    return [str(one["id"]) for one in entries or () if isinstance(one, dict) and one.get("id")]


def _parts(values: Sequence[str], size: int) -> list[Sequence[str]]:
    return [values[start : start + size] for start in range(0, len(values), size)]
