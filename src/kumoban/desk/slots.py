"""What the rules require of approvers: slots, who may fill them now, and whether the seals given fill them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kumoban.desk.models import Rule
from kumoban.desk.people import members_of, who_can_act

__all__ = ["Escalation", "Slot", "able", "approvers", "fulfilled", "slots_of", "stage_of"]


@dataclass(frozen=True)
class Escalation:
    """Who may fill a slot as well, once nobody has for so many hours of business time since it was its turn.

    ``happened``: that is so now.
    """

    hours: int
    kind: str
    refs: tuple[str, ...]
    happened: bool = False

    def stored(self) -> dict[str, Any]:
        return {"hours": self.hours, "kind": self.kind, "refs": list(self.refs)}

    @classmethod
    def from_stored(cls, stored: Mapping[str, Any]) -> Escalation:
        return cls(stored["hours"], stored["kind"], tuple(stored["refs"]))


@dataclass(frozen=True)
class Slot:
    """One requirement: ``count`` distinct people out of these groups and persons, because of these rules.

    ``concurrence`` (合議): another team's consent. ``via``: it is decided in this system outside, and only there.
    ``stage``: it is decided when the slots of lower stages are filled.
    """

    kind: str
    refs: tuple[str, ...]
    count: int
    rules: tuple[str, ...]
    concurrence: bool = False
    via: str = ""
    stage: int = 1
    escalation: Escalation | None = None

    @property
    def wants(self) -> tuple[Any, ...]:
        """What is required, whatever the rules are called that require it."""
        to = self.escalation
        return (
            *(self.kind, self.refs, self.count, self.concurrence, self.via, self.stage),
            (to.hours, to.kind, to.refs) if to else None,
        )

    def stored(self) -> dict[str, Any]:
        said = {"kind": self.kind, "refs": list(self.refs), "count": self.count, "rules": list(self.rules)}
        said |= ({"concurrence": True} if self.concurrence else {}) | ({"via": self.via} if self.via else {})
        said |= {"stage": self.stage} if self.stage > 1 else {}
        return said | ({"escalation": self.escalation.stored()} if self.escalation else {})

    @classmethod
    def from_stored(cls, stored: Mapping[str, Any]) -> Slot:
        return cls(
            stored["kind"],
            tuple(stored["refs"]),
            stored["count"],
            tuple(stored["rules"]),
            stored.get("concurrence", False),
            stored.get("via", ""),
            stored.get("stage", 1),
            Escalation.from_stored(stored["escalation"]) if "escalation" in stored else None,
        )


def slots_of(rules: Iterable[Rule], manager: Callable[[], str]) -> tuple[Slot, ...]:
    """The union of what the rules require; the same group asked for twice is asked once, with the larger count."""
    merged: dict[tuple[Any, ...], Slot] = {}
    for rule in rules:
        for wanted in rule.approvers:
            kind, refs = _wanted(wanted, manager)
            concurrence, via = bool(wanted.get("concurrence")), str(wanted.get("via", ""))
            stage, escalation = int(wanted.get("stage", 1)), _escalation(wanted)
            key = (kind, refs, concurrence, via, stage, escalation)
            before = merged.get(key)
            count = max(int(wanted.get("count", 1)), before.count if before else 0)
            names = (*(before.rules if before else ()), rule.name)
            merged[key] = Slot(kind, refs, count, tuple(dict.fromkeys(names)), concurrence, via, stage, escalation)
    return tuple(merged.values())


def _escalation(wanted: Mapping[str, Any]) -> Escalation | None:
    to = wanted.get("escalate")
    if not to:
        return None
    kind, refs = ("group", (str(to["group"]),)) if to.get("group") else ("person", tuple(sorted(to["people"])))
    return Escalation(int(to["hours"]), kind, refs)


def _wanted(wanted: Mapping[str, Any], manager: Callable[[], str]) -> tuple[str, tuple[str, ...]]:
    if wanted.get("manager"):
        return "manager", (manager(),)
    if "group" in wanted:
        return "group", (str(wanted["group"]),)
    return "person", tuple(sorted(wanted.get("people", ())))


def approvers(slots: Sequence[Slot], *, without: Iterable[str]) -> list[set[str]]:
    """For each slot the ids of the people who may fill it now. ``without``: the requester and the workers."""
    asked = [(kind, refs) for slot in slots for kind, refs in _asked(slot)]
    groups = members_of({ref for kind, refs in asked if kind == "group" for ref in refs})
    acting = _acting({ref for kind, refs in asked if kind != "group" for ref in refs})
    return able(slots, groups, acting, set(without))


def _asked(slot: Slot) -> list[tuple[str, tuple[str, ...]]]:
    """Who may fill it now: those it is for, and those it was escalated to."""
    to = slot.escalation
    return [(slot.kind, slot.refs), *([(to.kind, to.refs)] if to and to.happened else [])]


def able(
    slots: Sequence[Slot], members: Mapping[str, set[str]], acting: set[str], excluded: set[str]
) -> list[set[str]]:
    """The same, with the groups' members and the people who can act as already read."""
    return [
        {
            person
            for kind, refs in _asked(slot)
            for ref in refs
            for person in (members[ref] if kind == "group" else {ref} & acting)
        }
        - excluded
        for slot in slots
    ]


def _acting(ids: set[str]) -> set[str]:
    return set(who_can_act().filter(id__in=ids).values_list("id", flat=True))


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


def stage_of(
    candidates: Sequence[set[str]], slots: Sequence[Slot], signers: Sequence[tuple[str, str | None, str]]
) -> int:
    """The stage that is to be decided: the first that, with those before it, is not filled; else the last."""
    stages = sorted({slot.stage for slot in slots})
    for stage in stages:
        upto = [index for index, slot in enumerate(slots) if slot.stage <= stage]
        if not fulfilled([candidates[index] for index in upto], [slots[index] for index in upto], signers):
            return stage
    return stages[-1] if stages else 1
