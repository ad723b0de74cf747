"""What the rules require of approvers: slots, who may fill them now, and whether the seals given fill them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kumoban.desk.models import Rule
from kumoban.desk.people import members_of
from kumoban.estate.models import Person

__all__ = ["Slot", "able", "approvers", "fulfilled", "slots_of"]


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


def slots_of(rules: Iterable[Rule], manager: Callable[[], str]) -> tuple[Slot, ...]:
    """The union of what the rules require; the same group asked for twice is asked once, with the larger count."""
    merged: dict[tuple[Any, ...], Slot] = {}
    for rule in rules:
        for wanted in rule.approvers:
            kind, refs = _wanted(wanted, manager)
            concurrence, via = bool(wanted.get("concurrence")), str(wanted.get("via", ""))
            key = (kind, refs, concurrence, via)
            before = merged.get(key)
            count = max(int(wanted.get("count", 1)), before.count if before else 0)
            names = (*(before.rules if before else ()), rule.name)
            merged[key] = Slot(kind, refs, count, tuple(dict.fromkeys(names)), concurrence, via)
    return tuple(merged.values())


def _wanted(wanted: Mapping[str, Any], manager: Callable[[], str]) -> tuple[str, tuple[str, ...]]:
    if wanted.get("manager"):
        return "manager", (manager(),)
    if "group" in wanted:
        return "group", (str(wanted["group"]),)
    return "person", tuple(sorted(wanted.get("people", ())))


def approvers(slots: Sequence[Slot], *, without: Iterable[str]) -> list[set[str]]:
    """For each slot the ids of the people who may fill it now. ``without``: the requester and the workers."""
    groups = members_of({ref for slot in slots if slot.kind == "group" for ref in slot.refs})
    acting = _acting({ref for slot in slots if slot.kind != "group" for ref in slot.refs})
    return able(slots, groups, acting, set(without))


def able(
    slots: Sequence[Slot], members: Mapping[str, set[str]], acting: set[str], excluded: set[str]
) -> list[set[str]]:
    """The same, with the groups' members and the people who can act as already read."""
    return [
        {person for ref in slot.refs for person in (members[ref] if slot.kind == "group" else {ref} & acting)}
        - excluded
        for slot in slots
    ]


def _acting(ids: set[str]) -> set[str]:
    return set(Person.objects.filter(id__in=ids, absent_since=None, enabled=True).values_list("id", flat=True))


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
