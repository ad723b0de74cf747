"""Ordering a pack, making what was ordered, and handing it out. Making is the runner's; it may be cut off anywhere."""

from __future__ import annotations

import hashlib
import logging
import secrets
import tempfile
from collections.abc import Iterator
from typing import IO, Literal

from django.db.models import QuerySet
from django.utils import translation
from pydantic import BaseModel, ConfigDict

from kumoban.core.instant import AwareInstant
from kumoban.core.reason import Reason, Refused
from kumoban.desk.people import Actor
from kumoban.evidence.audit.models import Pack, PackPart
from kumoban.evidence.audit.pack.building import Built, build
from kumoban.evidence.audit.room import Period, auditing, within
from kumoban.ledger.clock import database_now
from kumoban.ledger.record import SYSTEM, record, writing

__all__ = ["PackForm", "content_of", "make_ordered", "order", "pack_of", "packs"]

log = logging.getLogger(__name__)
_PART = 256 * 1024
#: makings of one pack that may fail before somebody has to look
_TRIES = 3


class PackForm(BaseModel):
    """``language``: of the summary for people."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    since: AwareInstant
    until: AwareInstant
    language: Literal["ja", "en"] = "ja"


def order(actor: Actor, asked: PackForm) -> Pack:
    """The runner makes it next. Raises Refused for who does not audit, and for a period not theirs."""
    auditing(actor)
    period = within(actor, Period(asked.since, asked.until))
    with writing():
        made = Pack.objects.create(
            since=period.since,
            until=period.until,
            language=asked.language,
            ordered_at=database_now(),
            ordered_by=actor.person,
        )
        facts = {"since": made.since, "until": made.until, "language": made.language}
        record("audit.pack_ordered", actor=actor.id, subject=f"pack:{made.pk}", facts=facts)
    return made


def packs(actor: Actor) -> QuerySet[Pack]:
    """The newest first: all of them for the company's auditors, a guest's own."""
    auditing(actor)
    found = Pack.objects.select_related("ordered_by").order_by("-pk")
    return found if actor.guest is None else found.filter(ordered_by=actor.person)


def pack_of(actor: Actor, pk: int) -> Pack:
    """Raises Refused where there is none, and for a guest whose period it is not within."""
    found = packs(actor).filter(pk=pk).first()
    if found is None:
        raise Refused(Reason("no_such_pack"))
    within(actor, Period(found.since, found.until))
    return found


def content_of(pack: Pack) -> Iterator[bytes]:
    """Raises Refused while there is nothing to hand out."""
    if pack.state != Pack.State.MADE:
        raise Refused(Reason("pack_not_ready"))
    return _parts(pack)


def _parts(pack: Pack) -> Iterator[bytes]:
    found = PackPart.objects.filter(pack=pack, making=pack.making).order_by("position")
    for content in found.values_list("content", flat=True).iterator(4):
        yield bytes(content)


def make_ordered() -> int:
    """Make what was ordered, one after the other. How many."""
    waiting = list(Pack.objects.filter(state=Pack.State.ORDERED).order_by("pk").values_list("pk", flat=True)[:5])
    for pk in waiting:
        _make(Pack.objects.select_related("ordered_by").get(pk=pk))
    return len(waiting)


def _make(pack: Pack) -> None:
    Pack.objects.filter(pk=pack.pk).update(tries=pack.tries + 1)
    if pack.tries >= _TRIES:
        _give_up(pack, pack.error or "cut off")
        return
    try:
        with tempfile.TemporaryFile() as file, translation.override(pack.language):
            built = build(pack, file)
            _keep(pack, file, built)
    except Exception as broken:
        log.exception("pack %s", pack.pk)
        Pack.objects.filter(pk=pack.pk).update(error=repr(broken)[:300])


def _keep(pack: Pack, file: IO[bytes], built: Built) -> None:
    """The parts first, under a name of this making; then one commit says that this is the pack."""
    making, whole, size, position = secrets.token_hex(8), hashlib.sha256(), 0, 0
    file.seek(0)
    while content := file.read(_PART):
        PackPart.objects.create(pack=pack, making=making, position=position, content=content)
        whole.update(content)
        size, position = size + len(content), position + 1
    with writing():
        made = Pack.objects.filter(pk=pack.pk, state=Pack.State.ORDERED).update(
            state=Pack.State.MADE,
            making=making,
            made_at=database_now(),
            digest=built.digest,
            file_digest=whole.hexdigest(),
            size=size,
            counts=built.counts,
            error="",
        )
        if made:
            facts = {"manifest": built.digest, "file": whole.hexdigest(), "bytes": size, **built.counts}
            record("audit.pack_made", actor=SYSTEM, subject=f"pack:{pack.pk}", facts=facts)
    PackPart.objects.filter(pack=pack).exclude(making=Pack.objects.get(pk=pack.pk).making).delete()


def _give_up(pack: Pack, error: str) -> None:
    with writing():
        Pack.objects.filter(pk=pack.pk, state=Pack.State.ORDERED).update(state=Pack.State.FAILED, error=error[:300])
        record("audit.pack_failed", actor=SYSTEM, subject=f"pack:{pack.pk}", facts={"error": error[:300]})
    PackPart.objects.filter(pack=pack).delete()
