"""Drawing a sample that anybody can draw again, with nothing but the list and the seed.

Of every item of the population SHA-256 is taken over ``seed``, a line feed and its key, in UTF-8; the items are put
in the order of these digests, written in hexadecimal, and the first ``size`` are the sample. Each draw is in the
ledger with the population's digest and the seed before its result is seen: who draws until they like it is seen.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable
from typing import Any, Literal

from django.db.models import QuerySet
from pydantic import BaseModel, ConfigDict, Field, field_validator

from kumoban.core.instant import AwareInstant
from kumoban.core.reason import Reason, Refused
from kumoban.desk.people import Actor
from kumoban.desk.shapes import problem
from kumoban.evidence.audit.models import Sample
from kumoban.evidence.audit.population import Item, Population, population
from kumoban.evidence.audit.room import Period, auditing, within
from kumoban.ledger.clock import database_now
from kumoban.ledger.record import record, writing

__all__ = ["METHOD", "SampleForm", "draw", "draws_before", "population_of", "ranked", "sample_of", "samples", "score"]

METHOD = "sha256-rank/1"
_SEED = re.compile(r"[A-Za-z0-9]{8,64}", re.ASCII)


class SampleForm(BaseModel):
    """``seed`` is the auditor's own, such as dice thrown before witnesses; empty: the desk draws one."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    kind: Literal["requests", "emergencies", "grants", "approvals", "rule_changes"] = "requests"
    since: AwareInstant
    until: AwareInstant
    size: int = Field(default=25, ge=1, le=500)
    seed: str = ""

    @field_validator("seed")
    @classmethod
    def _plain(cls, given: str) -> str:
        if given and not _SEED.fullmatch(given):
            raise problem("seed_not_plain")
        return given


def score(seed: str, key: str) -> str:
    return hashlib.sha256(f"{seed}\n{key}".encode()).hexdigest()


def ranked(seed: str, items: Iterable[Item]) -> list[tuple[str, Item]]:
    """Everything in the order in which it would be drawn, each with its score."""
    return sorted(((score(seed, item.key), item) for item in items), key=lambda pair: (pair[0], pair[1].key))


def draw(actor: Actor, asked: SampleForm) -> Sample:
    """Draw, and remember it. Raises Refused for who does not audit, a period not theirs, an empty population."""
    auditing(actor)
    period = within(actor, Period(asked.since, asked.until))
    found = population(asked.kind, period)
    if not found.items:
        raise Refused(Reason("population_empty"))
    seed = asked.seed or secrets.token_hex(16)
    chosen = [
        {"key": item.key, "seq": item.seq, "subject": item.subject, "score": rank}
        for rank, item in ranked(seed, found.items)[: asked.size]
    ]
    with writing():
        made = Sample.objects.create(
            kind=asked.kind,
            since=period.since,
            until=period.until,
            head=found.head,
            count=len(found.items),
            digest=found.digest,
            proof=found.proof.stored(),
            seed=seed,
            size=asked.size,
            chosen=chosen,
            drawn_at=database_now(),
            drawn_by=actor.person,
        )
        facts = {**_facts(made, found), "seed_by": "auditor" if asked.seed else "desk"}
        record("audit.sample_drawn", actor=actor.id, subject=f"sample:{made.pk}", facts=facts)
    return made


def _facts(made: Sample, found: Population) -> dict[str, Any]:
    keys = [item["key"] for item in made.chosen]
    return {
        "method": METHOD,
        "kind": made.kind,
        "since": made.since,
        "until": made.until,
        "head": made.head,
        "count": made.count,
        "digest": made.digest,
        "complete": found.proof.complete,
        "seed": made.seed,
        "size": made.size,
        "chosen": hashlib.sha256("".join(f"{key}\n" for key in keys).encode()).hexdigest(),
    }


def samples(actor: Actor) -> QuerySet[Sample]:
    """The newest first: all of them for the company's auditors; a guest sees those of their own firm's person."""
    auditing(actor)
    found = Sample.objects.select_related("drawn_by").order_by("-pk")
    return found if actor.guest is None else found.filter(drawn_by=actor.person)


def sample_of(actor: Actor, pk: int) -> Sample:
    """Raises Refused where there is none, and for a guest whose period it is not within."""
    found = samples(actor).filter(pk=pk).first()
    if found is None:
        raise Refused(Reason("no_such_sample"))
    within(actor, Period(found.since, found.until))
    return found


def draws_before(sample: Sample) -> int:
    """How often these records, or some of them, had been drawn from before, by whomever."""
    same = Sample.objects.filter(kind=sample.kind, since__lt=sample.until, until__gt=sample.since)
    return same.filter(pk__lt=sample.pk).count()


def population_of(sample: Sample) -> Population:
    """What it was drawn from, read from the ledger once more."""
    return population(sample.kind, Period(sample.since, sample.until), sample.head)
