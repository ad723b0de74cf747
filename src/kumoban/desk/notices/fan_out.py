"""From what happened to one notice for each person and channel: after the change, beside the ends, in few queries."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F

from kumoban.core.calendar import BusinessCalendar
from kumoban.desk import clock
from kumoban.desk.models import Event, Notice, SlackMessage
from kumoban.desk.notices.audience import Told, audience
from kumoban.desk.notices.kinds import KINDS
from kumoban.desk.notices.lanes import webhook
from kumoban.desk.notices.readers import Reader, readers
from kumoban.desk.office_calendar import business_calendar
from kumoban.ledger.record import writing

__all__ = ["fan_out"]

log = logging.getLogger(__name__)

_AT_ONCE = 20
_TRIES = 5
#: how long delivery is tried
GIVE_UP = timedelta(hours=24)
#: these say what a webhook is told anyway
_NOT_FOR_WEBHOOKS = ("delegate", "register", "slack_linked")


def fan_out() -> int:
    """Find who is to hear of the events not yet looked at; how many there were.

    Who hears it is read outside the transaction that writes the notices, so that nobody waits for it; where two
    nodes do the same, ``dedupe`` lets each notice be written once.
    """
    waiting = Event.objects.filter(fanned_out_at=None, attempts__lt=_TRIES).order_by("id")
    events = list(waiting.select_related("request", "request__plan")[:_AT_ONCE])
    if not events:
        return 0
    now, calendar = clock.now(), business_calendar()
    for event in events:
        try:
            _store(event, _notices(event, now, calendar), now)
        except Exception as broken:
            log.exception("event %s cannot be told", event.pk)
            Event.objects.filter(pk=event.pk).update(attempts=F("attempts") + 1, error=repr(broken)[:300])
    return len(events)


def _store(event: Event, notices: Sequence[Notice], now: datetime) -> None:
    with writing():
        if not Event.objects.filter(pk=event.pk, fanned_out_at=None).update(fanned_out_at=now):
            return
        Notice.objects.bulk_create(notices, batch_size=200, ignore_conflicts=True)
        if settings.KUMOBAN_SLACK_BOT_TOKEN and event.request_id:
            SlackMessage.objects.filter(request_id=event.request_id).update(changes=F("changes") + 1)


def _notices(event: Event, now: datetime, calendar: BusinessCalendar) -> list[Notice]:
    told = audience(event)
    reach = readers(one.person for one in told)
    people = [
        notice for one in told if one.person in reach for notice in _for(event, one, reach[one.person], now, calendar)
    ]
    return people + _for_webhooks(event, now)


def _for(event: Event, told: Told, reader: Reader, now: datetime, calendar: BusinessCalendar) -> list[Notice]:
    kind = KINDS[told.kind]
    at_latest = event.request.lapses_at if kind.decide and event.request else None
    due = reader.when(kind, now + kind.after, calendar, at_latest)
    digest = reader.in_digest(due, now, kind, calendar)
    return [
        Notice(
            event=event,
            kind=told.kind,
            request_id=event.request_id,
            person_id=told.person,
            lane=lane,
            params={**event.params, **told.params, "by": event.by},
            dedupe=f"{event.pk}:{told.person}:{lane}",
            bundle=f"{told.person}:{lane}:{due:%Y%m%d%H%M}" if digest else "",
            created_at=now,
            due=due,
            until=due + GIVE_UP,
        )
        for lane in reader.lanes_of(kind)
    ]


def _for_webhooks(event: Event, now: datetime) -> list[Notice]:
    if event.request is None or event.kind in _NOT_FOR_WEBHOOKS:
        return []
    lanes = [webhook(name) for name in settings.KUMOBAN_WEBHOOKS]
    return [
        Notice(
            event=event,
            kind=event.kind,
            request_id=event.request_id,
            lane=lane,
            dedupe=f"{event.pk}:{lane}",
            created_at=now,
            due=now,
            until=now + GIVE_UP,
        )
        for lane in lanes
    ]
