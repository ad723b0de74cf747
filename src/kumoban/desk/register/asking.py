"""Owners are asked twice a year whether the register is right: who is asked, when, and how often again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from django.db.models import F, Q, QuerySet

from kumoban.desk import clock
from kumoban.desk.notices.events import happened
from kumoban.desk.office_calendar import business_calendar, organisation_zone
from kumoban.desk.people import Actor
from kumoban.desk.register.finding import CONFIRM_AFTER, owner_gone
from kumoban.estate.models import RegisterEntry
from kumoban.ledger.record import SYSTEM, record, writing

__all__ = ["REMIND_AFTER", "ask_owners", "asked_person", "to_confirm", "unconfirmed"]

#: business days after which whoever was asked is reminded
REMIND_AFTER = 5
#: entries asked about in one transaction
_BATCH = 50


def ask_owners() -> int:
    """The duty: entries not confirmed for half a year are asked about, those asked about long ago again; how many."""
    now = clock.now()
    return _ask(now) + _remind(now)


def _ask(now: datetime) -> int:
    before = now - CONFIRM_AFTER
    last = before.astimezone(organisation_zone()).date()
    old = Q(confirmed_on__lte=last) | Q(confirmed_on=None, created_at__lte=before)
    due = _open().filter(old, asked_at=None)
    return _each(due, "register.asked", {"asked_at": now}, Q(asked_at=None))


def _remind(now: datetime) -> int:
    """Counted in business days: who was asked on a Friday before a long weekend is not reminded in it."""
    calendar = business_calendar()
    day = now.astimezone(organisation_zone()).date()
    for _step in range(REMIND_AFTER):
        day = calendar.previous_business_day(day)
    before = calendar.closing(day)
    due = _open().filter(asked_at__lte=before).filter(Q(reminded_at=None) | Q(reminded_at__lte=before))
    return _each(due, "register.reminded", {"reminded_at": now}, Q(asked_at__lte=before))


def _open() -> QuerySet[RegisterEntry]:
    return RegisterEntry.objects.filter(account__absent_since=None, account__status="ACTIVE", version__gt=0)


def _each(due: QuerySet[RegisterEntry], kind: str, values: dict[str, datetime], still: Q) -> int:
    """Each once, though several nodes may come: what another has written meanwhile is left alone."""
    asked = 0
    for start in iter(lambda: list(due.order_by("pk").values_list("pk", flat=True)[:_BATCH]), []):
        with writing():
            rows = RegisterEntry.objects.select_for_update(of=("self",)).select_related("owner", "deputy")
            locked = list(rows.filter(still, pk__in=start).order_by("pk"))
            RegisterEntry.objects.filter(pk__in=[row.pk for row in locked]).update(**values)
            for row in locked:
                facts = {"person": asked_person(row) or "operations"}
                record(kind, actor=SYSTEM, subject=f"account:{row.pk}", facts=facts)
            _tell(locked)
        asked += len(locked)
    return asked


def _tell(entries: Sequence[RegisterEntry]) -> None:
    """One notice a person, however many accounts they answer for."""
    for person, n in Counter(asked_person(row) for row in entries).items():
        happened("register", None, by=SYSTEM, at=clock.now(), person=person, n=n)


def asked_person(entry: RegisterEntry) -> str:
    """The id of who is asked: the owner, the deputy where the owner is gone; empty for the operations team."""
    for person in (entry.owner, entry.deputy):
        if person is not None and person.can_act:
            return person.id
    return ""


def unconfirmed() -> QuerySet[RegisterEntry]:
    """Asked about and not yet confirmed, the longest waiting first."""
    read = _open().exclude(asked_at=None).select_related("account", "owner", "deputy")
    return read.order_by(F("asked_at").asc(), "pk")


def to_confirm(actor: Actor) -> QuerySet[RegisterEntry]:
    """What this person is asked to confirm: as owner, as deputy in the owner's place, as operations in nobody's."""
    without_owner = Q(owner=None) | owner_gone()
    mine = Q(owner=actor.person) | (without_owner & Q(deputy=actor.person))
    if actor.ops:
        deputy = Q(deputy__absent_since=None, deputy__enabled=True, deputy__isnull=False)
        mine |= without_owner & ~deputy
    return unconfirmed().filter(mine)
