"""What a change of people would do: who loses what, and which decisions nobody could take any more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from kumoban.desk.models import Hold, Request, Rule
from kumoban.desk.people import accounts_of_the_same, members_of
from kumoban.desk.rules import Slot
from kumoban.desk.staff.table import Line
from kumoban.desk.states import HoldState
from kumoban.estate.employment import end_of, in_force
from kumoban.estate.models import Account, Employment, Group, Person

__all__ = ["Effects", "Loss", "Unanswerable", "effects_of"]


@dataclass(frozen=True)
class Loss:
    """What one person no longer has from ``day`` on."""

    person: Person
    day: date
    #: teams whose accounts are no longer "of one's own team", each with how many accounts
    teams: tuple[tuple[str, int], ...] = ()
    #: numbers of the requests whose grants would outlive the last day, and so end with it
    grants: tuple[str, ...] = ()
    manager_changes: bool = False
    last_day: date | None = None

    @property
    def anything(self) -> bool:
        return bool(self.teams or self.grants or self.manager_changes or self.last_day)


@dataclass(frozen=True)
class Unanswerable:
    """A waiting request (its number) or a rule (its name) for which too few could decide."""

    what: str
    who: str
    request: bool


@dataclass(frozen=True)
class Effects:
    losses: Sequence[Loss]
    unanswerable: Sequence[Unanswerable]


def effects_of(lines: Iterable[Line]) -> Effects:
    """For the lines that would be written; each beside what held the day before it takes effect."""
    taken = [line for line in lines if line.person is not None and line.values]
    by_day: dict[date, set[str]] = {}
    for line in taken:
        by_day.setdefault(line.valid_from, set()).add(line.person.id if line.person else "")
    before = {day: in_force(people, day - timedelta(days=1)) for day, people in by_day.items()}
    sizes = _sizes()
    grants = _grants({line.person.id for line in taken if line.person})
    losses = [_loss(line, before[line.valid_from], sizes, grants) for line in taken]
    leaving = {line.person.id for line in taken if line.person and line.values["last_day"] is not None}
    return Effects([one for one in losses if one.anything], list(_unanswerable(leaving)) if leaving else [])


def _sizes() -> dict[str, int]:
    sizes: dict[str, int] = {}
    for team in Account.objects.filter(absent_since=None).values_list("team", flat=True):
        sizes[team] = sizes.get(team, 0) + 1
    return sizes


def _grants(people: set[str]) -> dict[str, list[Hold]]:
    found: dict[str, list[Hold]] = {}
    live = Hold.objects.exclude(state__in=(HoldState.ENDED, HoldState.CANCELLED)).exclude(ends_at=None)
    for hold in live.select_related("request").order_by("id"):
        if hold.person_id in people:
            found.setdefault(str(hold.person_id), []).append(hold)
    return found


def _loss(
    line: Line, before: Mapping[str, Employment], sizes: Mapping[str, int], grants: Mapping[str, Sequence[Hold]]
) -> Loss:
    assert line.person is not None
    row = before.get(line.person.id)
    last_day = line.values["last_day"]
    lost = [team for team in (row.teams if row else ()) if line.values["teams"] and team not in line.values["teams"]]
    outlive = [
        hold.request.number
        for hold in grants.get(line.person.id, ())
        if last_day is not None and hold.ends_at is not None and hold.ends_at > end_of(last_day)
    ]
    return Loss(
        line.person,
        line.valid_from,
        tuple((team, sizes.get(team, 0)) for team in lost),
        tuple(dict.fromkeys(outlive)),
        row is not None and row.manager_number != line.values["manager_number"],
        last_day,
    )


def _unanswerable(leaving: set[str]) -> Iterable[Unanswerable]:
    """Without those who leave: what waits, and what the rules ask for."""
    gone = accounts_of_the_same(leaving)
    waiting = list(Request.objects.filter(state="waiting").exclude(plan=None).select_related("plan"))
    rules = list(Rule.objects.filter(enabled=True, effect=Rule.Effect.ALLOW).order_by("id"))
    asked = {ref for request in waiting for slot in _slots(request) if slot.kind == "group" for ref in slot.refs}
    named = {str(one["group"]) for rule in rules for one in rule.approvers if one.get("group")}
    members = members_of(asked | named)
    names = dict(Group.objects.filter(id__in=members).values_list("id", "name"))
    for request in waiting:
        for slot in _slots(request):
            able = set().union(*(members[ref] for ref in slot.refs)) if slot.kind == "group" else set(slot.refs)
            if able & gone and len(able - gone) < slot.count:
                yield Unanswerable(request.number, names.get(slot.refs[0], slot.kind) if slot.refs else "", True)
    for rule in rules:
        for one in rule.approvers:
            able = members[str(one["group"])] if one.get("group") else set(one.get("people", ()))
            if able & gone and len(able - gone) < int(one.get("count", 1)):
                yield Unanswerable(rule.name, names.get(str(one.get("group", "")), ""), False)


def _slots(request: Request) -> list[Slot]:
    return [Slot.from_stored(slot) for slot in request.plan.authority["slots"]] if request.plan else []
