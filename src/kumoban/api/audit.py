"""The auditor's room: populations, samples, guests of the audit firm."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils.translation import gettext
from ninja import Field, Router, Schema, Status

from kumoban.api.callers import actor_of
from kumoban.core.instant import AwareInstant
from kumoban.core.reason import Reason, Refused
from kumoban.desk.guests.entering import remember_download
from kumoban.desk.guests.letting_in import GuestForm, end_guest, guests, let_in
from kumoban.desk.guests.models import Guest
from kumoban.desk.people import Actor
from kumoban.evidence.audit.conflicts import conflicts
from kumoban.evidence.audit.controls.listed import CONTROLS
from kumoban.evidence.audit.controls.running import last_runs, run
from kumoban.evidence.audit.exporting import table_of
from kumoban.evidence.audit.models import Pack, Sample
from kumoban.evidence.audit.pack.ordering import PackForm, content_of, order, pack_of, packs
from kumoban.evidence.audit.paper.binder import binder
from kumoban.evidence.audit.paper.sheet import pdf
from kumoban.evidence.audit.population import Proof
from kumoban.evidence.audit.retention import standing
from kumoban.evidence.audit.room import Period, looking, within
from kumoban.evidence.audit.sampling import (
    METHOD,
    SampleForm,
    draw,
    draws_before,
    population_of,
    sample_of,
    samples,
    score,
)
from kumoban.ledger.clock import database_now

__all__ = ["router"]

router = Router(tags=["audit"])
_PAGE = 1000


class Chosen(Schema):
    """``seq``: the entry of the ledger that proves it."""

    key: str
    seq: int
    subject: str
    score: str


class SampleOut(Schema):
    """``digest``: SHA-256 over the keys of the population, each followed by a line feed. ``draw``: the how manieth."""

    id: int
    kind: str
    since: datetime
    until: datetime
    head: int
    count: int
    digest: str
    complete: bool
    proof: dict[str, Any]
    method: str
    seed: str
    size: int
    draw: int
    chosen: list[Chosen]
    drawn_at: datetime
    drawn_by: str


class ItemOut(Chosen):
    at: datetime
    actor: str


class PackOut(Schema):
    """``state``: ordered, made, failed or dropped. ``digest``: of the manifest, as the ledger has it."""

    id: int
    since: datetime
    until: datetime
    language: str
    state: str
    ordered_by: str
    ordered_at: datetime
    made_at: datetime | None
    digest: str
    file_digest: str
    size: int
    counts: dict[str, int]


class PeriodIn(Schema):
    """``[since, until)``"""

    since: AwareInstant
    until: AwareInstant


class ControlOut(Schema):
    """``run_at`` and what stands behind it are null where the query was never run; ``named``: at most 200 keys."""

    framework: str
    reference: str
    wanted: str
    how: str
    query: str
    owner: str
    run_at: datetime | None
    since: datetime | None
    until: datetime | None
    count: int | None
    exceptions: int | None
    named: list[str]


class ConflictOut(Schema):
    """``first`` and ``second``: who asked and who approved; who saved a rule and who asked by it; the same person."""

    kind: str
    key: str
    first: str
    second: str
    requests: list[str]


class KeptOut(Schema):
    title: str
    how: str
    days: int | None
    count: int
    oldest: datetime | None


class GuestOut(Schema):
    """A stay; ``over`` once no call of theirs is answered any more."""

    id: int
    person: str
    firm: str
    since: datetime
    until: datetime
    ends_at: datetime
    ended_at: datetime | None
    over: bool
    let_in_by: str
    let_in_at: datetime


@router.get("/audit/samples", response=list[SampleOut])
def list_samples(request: HttpRequest) -> list[dict[str, Any]]:
    """The newest 50; a guest sees their own."""
    return [_sample(sample) for sample in samples(actor_of(request))[:50]]


@router.post("/audit/samples", response={201: SampleOut})
def draw_sample(request: HttpRequest, body: SampleForm) -> Status[dict[str, Any]]:
    """Draw from what the ledger holds of one kind in a period (auditors); remembered before it is answered."""
    return Status(201, _sample(draw(actor_of(request), body)))


@router.get("/audit/samples/{int:sample_id}", response=SampleOut)
def one_sample(request: HttpRequest, sample_id: int) -> dict[str, Any]:
    return _sample(sample_of(actor_of(request), sample_id))


@router.get("/audit/samples/{int:sample_id}/population", response=list[ItemOut])
def sample_population(
    request: HttpRequest, sample_id: int, after: Annotated[int, Field(ge=0, le=10**18)] = 0
) -> list[dict[str, Any]]:
    """What it was drawn from, 1000 at a time in the order of the ledger; ``after`` is the last ``seq`` of the page
    before."""
    sample = sample_of(actor_of(request), sample_id)
    found = [item for item in population_of(sample).items if item.seq > after][:_PAGE]
    return [{**item.__dict__, "score": score(sample.seed, item.key)} for item in found]


@router.get("/audit/samples/{int:sample_id}/binders/{int:rank}")
def sample_binder(request: HttpRequest, sample_id: int, rank: int) -> HttpResponse:
    """One item of the sample as PDF, in the reader's language (``Accept-Language``)."""
    actor = actor_of(request)
    sample = sample_of(actor, sample_id)
    if not 1 <= rank <= len(sample.chosen):
        raise Refused(Reason("no_such_sample"))
    if actor.auditor:
        remember_download(actor, request.path)
    return HttpResponse(pdf(binder(sample, rank)), content_type="application/pdf")


@router.get("/audit/packs", response=list[PackOut])
def list_packs(request: HttpRequest) -> list[dict[str, Any]]:
    """The newest 50; a guest sees their own."""
    return [_pack(pack) for pack in packs(actor_of(request))[:50]]


@router.post("/audit/packs", response={201: PackOut})
def order_pack(request: HttpRequest, body: PackForm) -> Status[dict[str, Any]]:
    """Order what a period held, in one file that proves itself (auditors); the runner makes it, ask again for it."""
    return Status(201, _pack(order(actor_of(request), body)))


@router.get("/audit/packs/{int:pack_id}", response=PackOut)
def one_pack(request: HttpRequest, pack_id: int) -> dict[str, Any]:
    return _pack(pack_of(actor_of(request), pack_id))


@router.get("/audit/packs/{int:pack_id}/file")
def pack_file(request: HttpRequest, pack_id: int) -> StreamingHttpResponse:
    """The ZIP, sent in parts."""
    actor = actor_of(request)
    pack = pack_of(actor, pack_id)
    content = content_of(pack)
    if actor.auditor:
        remember_download(actor, request.path)
    return StreamingHttpResponse(content, content_type="application/zip")


@router.get("/audit/controls", response=list[ControlOut])
def list_controls(request: HttpRequest) -> list[dict[str, Any]]:
    """Every control with the last run of its query (auditors, guests, operations team)."""
    return _controls(actor_of(request))


@router.post("/audit/controls/run", response=list[ControlOut])
def run_controls(request: HttpRequest, body: PeriodIn) -> list[dict[str, Any]]:
    """Run the queries of all controls over a period (auditors)."""
    actor = actor_of(request)
    run(actor, Period(body.since, body.until))
    return _controls(actor)


@router.get("/audit/conflicts", response=list[ConflictOut])
def list_conflicts(request: HttpRequest, since: AwareInstant, until: AwareInstant) -> list[dict[str, Any]]:
    """Pairs and roles that should not meet, in what was approved in the period (auditors, guests, operations team)."""
    actor = actor_of(request)
    looking(actor)
    return [{**one.__dict__, "key": one.key} for one in conflicts(within(actor, Period(since, until)))]


@router.get("/audit/tables/{name}")
def table(
    request: HttpRequest,
    name: Literal["requests", "approvals", "grants", "evidence", "rule_changes"],
    since: AwareInstant,
    until: AwareInstant,
) -> list[dict[str, str]]:
    """One table of a period as an audit pack would hold it (auditors); people are ids."""
    actor = actor_of(request)
    rows = table_of(actor, name, Period(since, until))
    if actor.auditor:
        remember_download(actor, request.get_full_path())
    return rows


@router.get("/audit/retention", response=list[KeptOut])
def list_retention(request: HttpRequest) -> list[dict[str, Any]]:
    """Each class of record, how long it is kept (null: for good), and what there is (auditors, operations team)."""
    return [
        {
            "title": gettext(one.kept.title),
            "how": gettext(one.kept.how),
            "days": one.days,
            "count": one.count,
            "oldest": one.oldest,
        }
        for one in standing(actor_of(request))
    ]


@router.get("/audit/guests", response=list[GuestOut])
def list_guests(request: HttpRequest) -> list[dict[str, Any]]:
    """The newest 100 stays (auditors and operations team)."""
    return [_guest(guest) for guest in guests(actor_of(request))[:100]]


@router.post("/audit/guests", response={201: GuestOut})
def let_guest_in(request: HttpRequest, body: GuestForm) -> Status[dict[str, Any]]:
    """Let somebody of an audit firm read one period until a moment (auditors)."""
    return Status(201, _guest(let_in(actor_of(request), body)))


@router.delete("/audit/guests/{int:guest_id}", response={204: None})
def end_stay(request: HttpRequest, guest_id: int) -> Status[None]:
    """End a stay now (auditors)."""
    end_guest(actor_of(request), guest_id)
    return Status(204, None)


def _sample(one: Sample) -> dict[str, Any]:
    same = ("kind", "since", "until", "head", "count", "digest", "proof", "seed", "size", "chosen", "drawn_at")
    return {
        "id": one.pk,
        **{name: getattr(one, name) for name in same},
        "complete": Proof.from_stored(one.proof).complete,
        "method": METHOD,
        "draw": draws_before(one) + 1,
        "drawn_by": one.drawn_by.user_name,
    }


def _controls(actor: Actor) -> list[dict[str, Any]]:
    runs, found = last_runs(actor), []
    for one in CONTROLS:
        last = runs.get(one.query)
        same = ("since", "until", "count", "exceptions")
        told = {"wanted": gettext(one.wanted), "how": gettext(one.how), "run_at": last.at if last else None}
        values = {name: getattr(last, name) if last else None for name in same}
        named = last.named if last else []
        plain = {name: getattr(one, name) for name in ("framework", "reference", "query", "owner")}
        found.append({**plain, **told, **values, "named": named})
    return found


def _pack(one: Pack) -> dict[str, Any]:
    same = ("since", "until", "language", "state", "ordered_at", "made_at", "digest", "file_digest", "size", "counts")
    values = {name: getattr(one, name) for name in same}
    return {"id": one.pk, **values, "ordered_by": one.ordered_by.user_name}


def _guest(one: Guest) -> dict[str, Any]:
    same = ("firm", "since", "until", "ends_at", "ended_at", "let_in_at")
    return {
        "id": one.pk,
        **{name: getattr(one, name) for name in same},
        "person": one.person.user_name,
        "over": one.over(database_now()),
        "let_in_by": one.let_in_by.user_name,
    }
