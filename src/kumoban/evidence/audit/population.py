"""What there was of one kind in a period, read from the ledger, and the proof that nothing of it is missing.

The ledger is the population: its chain shows what was taken out or put in. The rows of the desk are held against it
in both directions, so that neither a row without an entry nor an entry without its row goes unseen.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db.models import Max, Min
from django.utils.translation import gettext_noop as _

from kumoban.desk.models import Approval, Hold, Request, Rule
from kumoban.desk.rule_book import FIELDS, values_of
from kumoban.evidence.audit.room import Period
from kumoban.ledger.models import Entry, Head
from kumoban.ledger.seal import last_seal
from kumoban.ledger.verify import verify_range

__all__ = ["KINDS", "Item", "Kind", "Population", "Proof", "digest_of", "population"]

#: faults of one kind that a proof names
_NAMED = 50


@dataclass(frozen=True)
class Item:
    """One of the population: ``key`` is its name in the draw, ``seq`` the entry that proves it."""

    key: str
    seq: int
    at: datetime
    subject: str
    actor: str


@dataclass(frozen=True)
class Proof:
    """What was looked at, and what was found wrong; all lists empty and ``chain`` whole: the population is complete."""

    #: the ledger's entries of the period: first, last, and how many (0, 0, 0: none)
    first: int
    last: int
    entries: int
    #: codes of ``ledger.verify`` with the entry of each
    chain: list[list[Any]]
    #: the newest seal outside the database that the chain still contains: count and when, empty where there is none
    sealed: dict[str, Any]
    #: how many entries of the kind there are, before what is there twice is put together
    recorded: int
    #: keys whose rows the desk lacks; keys of rows that no entry speaks of; rows that are not as their entry says
    rows_missing: list[str]
    rows_unrecorded: list[str]
    rows_differ: list[str]
    #: numbers of requests between the first and the last that were never given out
    numbers_unused: list[str]

    @property
    def complete(self) -> bool:
        return not (self.chain or self.rows_missing or self.rows_unrecorded or self.rows_differ)

    def stored(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_stored(cls, stored: Mapping[str, Any]) -> Proof:
        return cls(**stored)


@dataclass(frozen=True)
class Population:
    kind: str
    period: Period
    head: int
    items: tuple[Item, ...]
    proof: Proof

    @property
    def digest(self) -> str:
        return digest_of(item.key for item in self.items)


def digest_of(keys: Iterable[str]) -> str:
    """SHA-256 over the keys in the order of the list, each followed by a line feed, in UTF-8."""
    return hashlib.sha256("".join(f"{key}\n" for key in keys).encode()).hexdigest()


def population(kind: str, period: Period, head: int | None = None) -> Population:
    """In the order of the ledger, up to its entry ``head`` (its last where none is named): the same whenever asked."""
    until = head if head is not None else Head.objects.get(pk=1).seq
    what = KINDS[kind]
    found: dict[str, tuple[Item, Mapping[str, Any]]] = {}
    recorded = 0
    for item, facts in _recorded(what, period, until):
        recorded += 1
        found.setdefault(item.key, (item, facts))
    items = tuple(item for item, _facts in found.values())
    return Population(kind, period, until, items, _proof(what, period, until, recorded, found))


_Found = Mapping[str, tuple[Item, Mapping[str, Any]]]


@dataclass(frozen=True)
class _Rows:
    missing: list[str]
    unrecorded: list[str]
    differ: list[str]


@dataclass(frozen=True)
class Kind:
    """``entry`` is the kind of entry that makes an item; ``title`` a msgid."""

    title: str
    entry: str
    key: Callable[[Entry, Mapping[str, Any]], str]
    rows: Callable[[_Found, Period], _Rows]
    only: Callable[[Mapping[str, Any]], bool] = lambda _facts: True
    numbered: bool = False


def _recorded(what: Kind, period: Period, head: int) -> Iterator[tuple[Item, Mapping[str, Any]]]:
    entries = Entry.objects.filter(kind=what.entry, at__gte=period.since, at__lt=period.until, seq__lte=head)
    for entry in entries.order_by("seq").iterator(2000):
        facts = json.loads(entry.body)["facts"]
        if what.only(facts):
            yield Item(what.key(entry, facts), entry.seq, entry.at, entry.subject, entry.actor), facts


def _proof(what: Kind, period: Period, head: int, recorded: int, found: _Found) -> Proof:
    of_period = Entry.objects.filter(at__gte=period.since, at__lt=period.until, seq__lte=head)
    ends = of_period.aggregate(first=Min("seq"), last=Max("seq"))
    first, last = ends["first"] or 0, ends["last"] or 0
    verdict = verify_range(first, last) if last else None
    rows = what.rows(found, period)
    return Proof(
        first=first,
        last=last,
        entries=verdict.entries if verdict else 0,
        chain=[list(fault) for fault in verdict.faults] if verdict else [],
        sealed=_sealed(),
        recorded=recorded,
        rows_missing=sorted(rows.missing)[:_NAMED],
        rows_unrecorded=sorted(rows.unrecorded)[:_NAMED],
        rows_differ=sorted(rows.differ)[:_NAMED],
        numbers_unused=_numbers_unused(found) if what.numbered else [],
    )


def _sealed() -> dict[str, Any]:
    seal = last_seal()
    if seal is None or not Entry.objects.filter(seq=seal.count, digest=seal.digest).exists():
        return {}
    return {"count": seal.count, "at": seal.at, "digest": seal.digest}


def _numbers_unused(found: _Found) -> list[str]:
    """A database hands out a number and takes nothing back where the asking is refused: a gap has no entry at all."""
    given = sorted(int(key.removeprefix("R-")) for key in found if key.removeprefix("R-").isdecimal())
    if not given:
        return []
    there = set(given)
    between = [number for number in range(given[0], given[-1]) if number not in there][:5000]
    names = [f"R-{number}" for number in between]
    spoken_of = set(Entry.objects.filter(subject__in=names).values_list("subject", flat=True))
    return [name for name in names if name not in spoken_of][:_NAMED]


# --- the rows, held against the entries


def _request_rows(found: _Found, period: Period) -> _Rows:
    there = set(Request.objects.filter(number__in=list(found)).values_list("number", flat=True))
    made = Request.objects.filter(created_at__gte=period.since, created_at__lt=period.until)
    numbers = set(made.values_list("number", flat=True))
    asked = set(Entry.objects.filter(kind="request.asked", subject__in=numbers).values_list("subject", flat=True))
    return _Rows(list(set(found) - there), list(numbers - asked), [])


def _emergency_rows(found: _Found, period: Period) -> _Rows:
    made = Request.objects.filter(created_at__gte=period.since, created_at__lt=period.until, emergency=True)
    there = set(Request.objects.filter(number__in=list(found), emergency=True).values_list("number", flat=True))
    unsaid = [
        number
        for number in made.values_list("number", flat=True)
        if number not in found and not any(facts.get("emergency") for facts in _facts("request.asked", number))
    ]
    return _Rows(list(set(found) - there), unsaid, [])


def _grant_rows(found: _Found, period: Period) -> _Rows:
    subjects = {item.subject for item, _facts in found.values()}
    held = Hold.objects.filter(request__number__in=subjects, was_active=True)
    there = {_grant_key(number, key) for number, key in held.values_list("request__number", "key")}
    begun = Hold.objects.filter(active_at__gte=period.since, active_at__lt=period.until, was_active=True)
    unsaid = [
        _grant_key(number, key)
        for number, key in begun.values_list("request__number", "key")
        if _grant_key(number, key) not in found
        and not any(facts.get("thing") == key for facts in _facts("grant.active", number))
    ]
    return _Rows(list(set(found) - there), unsaid, [])


def _approval_rows(found: _Found, period: Period) -> _Rows:
    subjects = {item.subject for item, _facts in found.values()}
    sealed = Approval.objects.filter(plan__request__number__in=subjects)
    named = ("plan__request__number", "person_id", "digest")
    there = set(sealed.values_list(*named))
    missing = [
        key for key, (item, facts) in found.items() if (item.subject, item.actor, facts.get("digest")) not in there
    ]
    recorded = {(item.subject, item.actor, facts.get("digest")) for item, facts in found.values()}
    in_time = Approval.objects.filter(at__gte=period.since, at__lt=period.until).values_list(*named)
    unsaid = [
        f"{number} {person}"
        for number, person, digest in in_time
        if (number, person, digest) not in recorded
        and not any(facts.get("digest") == digest for facts in _facts("request.sealed", number, actor=person))
    ]
    return _Rows(missing, unsaid, [])


def _rule_rows(found: _Found, period: Period) -> _Rows:
    """Every saving has its rule; every rule is, to the letter, as its last saving says."""
    rules = {f"rule:{rule.pk}": rule for rule in Rule.objects.all()}
    missing = [key for key, (item, _facts) in found.items() if item.subject not in rules]
    unsaid, differ = [], []
    for subject, rule in rules.items():
        last = next(iter(_facts("rule.saved", subject)), None)
        if last is None:
            unsaid.append(subject)
        elif any(last.get(name) != value for name, value in _plain(values_of(rule)).items() if name in last):
            differ.append(subject)
    return _Rows(missing, unsaid, differ)


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: json.loads(json.dumps(values[name])) for name in FIELDS if name in values}


def _facts(kind: str, subject: str, actor: str = "") -> Iterator[Mapping[str, Any]]:
    """Of the entries about one thing, the newest first."""
    entries = Entry.objects.filter(kind=kind, subject=subject).order_by("-seq")
    for entry in entries.filter(actor=actor) if actor else entries:
        yield json.loads(entry.body)["facts"]


def _grant_key(number: str, thing: str) -> str:
    return f"{number} {thing}"


#: the kinds there are, by their names in addresses and files
KINDS: dict[str, Kind] = {
    "requests": Kind(
        _("Requests that were asked"),
        "request.asked",
        lambda entry, _facts: entry.subject,
        _request_rows,
        numbered=True,
    ),
    "emergencies": Kind(
        _("Emergencies (approved afterwards)"),
        "request.asked",
        lambda entry, _facts: entry.subject,
        _emergency_rows,
        only=lambda facts: bool(facts.get("emergency")),
    ),
    "grants": Kind(
        _("Grants that became active"),
        "grant.active",
        lambda entry, facts: _grant_key(entry.subject, str(facts.get("thing", ""))),
        _grant_rows,
    ),
    "approvals": Kind(
        _("Approvals"), "request.sealed", lambda entry, _facts: f"{entry.subject}#{entry.seq}", _approval_rows
    ),
    "rule_changes": Kind(
        _("Changes of rules"), "rule.saved", lambda entry, _facts: f"{entry.subject}#{entry.seq}", _rule_rows
    ),
}
