"""作業カレンダー as iCalendar (RFC 5545): by a token of a scope of its own, which opens nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from icalendar import Calendar, Event

from kumoban.desk import clock
from kumoban.desk.models import FreezePeriod
from kumoban.desk.people import Actor
from kumoban.desk.sign_in import TokenForm, actor_of_token, create_token
from kumoban.desk.work_calendar import Piece, freezes_between, pieces

__all__ = ["FEED_SCOPE", "feed_of", "make_feed", "reader_of"]

#: all that the token of a feed may do
FEED_SCOPE = "calendar"
_BEHIND, _AHEAD = timedelta(days=31), timedelta(days=180)


def make_feed(actor: Actor) -> str:
    """A new address's secret, shown once; it works for a year, or until it is revoked among the tokens."""
    _token, secret = create_token(actor, TokenForm(name=_("Calendar feed"), scopes=[FEED_SCOPE], days=365))
    return secret


def reader_of(secret: str) -> Actor | None:
    """Whose feed this is. A token that may do anything else is none: addresses are remembered in many places."""
    actor = actor_of_token(secret)
    if actor is None or actor.scopes != frozenset({FEED_SCOPE}) or actor.guest is not None:
        return None
    person = actor.user.person
    return actor if person is not None and person.can_act else None


def feed_of(actor: Actor) -> bytes:
    """What this person may see now: what was denied, withdrawn or cancelled is no longer in it."""
    now = clock.now()
    person = actor.person
    with translation.override(actor.user.language or ("en" if person.language == "en" else "ja")):
        calendar = Calendar()
        calendar.add("prodid", "-//Kumoban//Work calendar//EN")
        calendar.add("version", "2.0")
        calendar.add("method", "PUBLISH")
        calendar.add("x-wr-calname", _("Work calendar"))
        for event in (*_events(actor, now), *_freezes(now)):
            calendar.add_component(event)
        return bytes(calendar.to_ical())


def _events(actor: Actor, now: datetime) -> Iterator[Event]:
    for piece in pieces(actor, now - _BEHIND, now + _AHEAD):
        yield _event(piece)


def _event(piece: Piece) -> Event:
    request = piece.request
    event = Event()
    event.add("uid", f"{request.number}.{piece.account}@{_host()}")
    event.add("dtstamp", _utc(request.changed_at))
    event.add("last-modified", _utc(request.changed_at))
    event.add("dtstart", _utc(piece.starts_at))
    if piece.ends_at:
        event.add("dtend", _utc(piece.ends_at))
    mark = f"[{_('Waiting for approval')}] " if piece.waiting else ""
    event.add("summary", f"{mark}{piece.account_name}: {piece.what or request.number}")
    said = [request.number, "、".join(piece.people)]
    if piece.meets:
        said.append(_("At the same time: %(numbers)s") % {"numbers": ", ".join(piece.meets)})
    event.add("description", "\n".join(line for line in said if line))
    event.add("status", "TENTATIVE" if piece.waiting else "CONFIRMED")
    event.add("url", f"{settings.KUMOBAN_BASE_URL}/requests/{request.number}")
    return event


def _freezes(now: datetime) -> Iterator[Event]:
    for period in freezes_between(now - _BEHIND, now + _AHEAD):
        yield _freeze(period)


def _freeze(period: FreezePeriod) -> Event:
    event = Event()
    event.add("uid", f"freeze-{period.pk}@{_host()}")
    event.add("dtstamp", _utc(period.starts_at))
    event.add("dtstart", _utc(period.starts_at))
    event.add("dtend", _utc(period.ends_at))
    event.add("summary", _("Freeze: %(what)s") % {"what": period.reason})
    event.add("transp", "TRANSPARENT")
    return event


def _utc(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(microsecond=0)


def _host() -> str:
    return urlsplit(settings.KUMOBAN_BASE_URL).hostname or "kumoban"
