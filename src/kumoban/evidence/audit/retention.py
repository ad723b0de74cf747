"""How long each class of record is kept, and the duty that lets go of what may be let go of. The ledger never is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Min
from django.utils.translation import gettext_noop as _

from kumoban.desk.models import Approval, Notice, Request
from kumoban.desk.people import Actor
from kumoban.evidence.audit.models import ControlRun, Pack, PackPart
from kumoban.evidence.audit.room import looking
from kumoban.evidence.models import SessionEvent
from kumoban.ledger.clock import database_now
from kumoban.ledger.models import Entry, EntryText
from kumoban.ledger.record import SYSTEM, record, writing

__all__ = ["CLASSES", "Kept", "Standing", "let_go", "standing"]

_AT_ONCE = 20_000


@dataclass(frozen=True)
class Kept:
    """``title`` and ``how`` are msgids; ``days`` None: for good; ``there``: how many, and the oldest."""

    title: str
    how: str
    days: Callable[[], int | None]
    there: Callable[[], tuple[int, datetime | None]]


@dataclass(frozen=True)
class Standing:
    kept: Kept
    days: int | None
    count: int
    oldest: datetime | None


def standing(actor: Actor) -> list[Standing]:
    """Every class with what there is of it now. Raises Refused for who neither audits nor operates."""
    looking(actor)
    return [Standing(one, one.days(), *one.there()) for one in CLASSES]


def let_go() -> int:
    """What is older than its class is kept; the ledger says how much of what."""
    now = database_now()
    events = now - timedelta(days=settings.KUMOBAN_KEEP_EVENTS_DAYS)
    old = SessionEvent.objects.filter(at__lt=events, log__complete=True).order_by("pk").values_list("pk", flat=True)
    packs = Pack.objects.filter(made_at__lt=now - timedelta(days=settings.KUMOBAN_KEEP_PACKS_DAYS))
    with writing():
        dropped = list(packs.filter(state=Pack.State.MADE).values_list("pk", flat=True))
        PackPart.objects.filter(pack__in=dropped).delete()
        Pack.objects.filter(pk__in=dropped).update(state=Pack.State.DROPPED)
        gone, _each = SessionEvent.objects.filter(pk__in=list(old[:_AT_ONCE])).delete()
        if gone or dropped:
            facts = {"session_events": gone, "before": events, "packs": dropped[:200]}
            record("retention.let_go", actor=SYSTEM, subject="retention", facts=facts)
    return gone + len(dropped)


def _of(rows: object, moment: str) -> Callable[[], tuple[int, datetime | None]]:
    def there() -> tuple[int, datetime | None]:
        every = rows.objects.all()  # type: ignore[attr-defined]
        return every.count(), every.aggregate(oldest=Min(moment))["oldest"]

    return there


def _texts() -> tuple[int, datetime | None]:
    there = EntryText.objects.filter(erased_at=None)
    return there.count(), there.aggregate(oldest=Min("entry__at"))["oldest"]


def _packs() -> tuple[int, datetime | None]:
    there = Pack.objects.filter(state=Pack.State.MADE)
    return there.count(), there.aggregate(oldest=Min("made_at"))["oldest"]


def _for_good() -> None:
    return None


CLASSES: tuple[Kept, ...] = (
    Kept(
        _("Entries of the ledger"),
        _("Never deleted: the database refuses it. In the locked store each part is kept for its own days."),
        _for_good,
        _of(Entry, "at"),
    ),
    Kept(
        _("Texts of the ledger"),
        _("Erased one by one where somebody has a right to it (kumoban ledger erase); the chain stays whole."),
        _for_good,
        _texts,
    ),
    Kept(_("Requests with their plans and grants"), _("Kept with the ledger."), _for_good, _of(Request, "created_at")),
    Kept(_("Approvals"), _("Kept with the ledger."), _for_good, _of(Approval, "at")),
    Kept(
        _("Events of the session evidence"),
        _("Deleted after KUMOBAN_KEEP_EVENTS_DAYS; the figures of each grant stay."),
        lambda: settings.KUMOBAN_KEEP_EVENTS_DAYS,
        _of(SessionEvent, "at"),
    ),
    Kept(
        _("Audit packs"),
        _("Dropped after KUMOBAN_KEEP_PACKS_DAYS; who has one can go on verifying it by its digest."),
        lambda: settings.KUMOBAN_KEEP_PACKS_DAYS,
        _packs,
    ),
    Kept(
        _("Runs of controls"),
        _("Those of the desk itself are deleted; those of people stay."),
        lambda: 400,
        _of(ControlRun, "at"),
    ),
    Kept(
        _("Notices that were sent"),
        _("Deleted; the ledger has what happened."),
        lambda: 90,
        _of(Notice, "created_at"),
    ),
)
