"""Filters that only show: reasons in the reader's language, instants in the reader's zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.conf import settings
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext
from lucide.templatetags.lucide import lucide

from kumoban.core.reason import Reason
from kumoban.desk.models import Hold, Request
from kumoban.desk.speech import local, said, titled, words
from kumoban.desk.states import HoldState, Ratification, RequestState

register = template.Library()
#: characters of a text in a row of a list
_BRIEF = 60
for spoken in (said, local, words, titled):
    register.filter(spoken.__name__, spoken)


@register.simple_tag
def icon(name: str) -> SafeString:
    """A Lucide icon beside a word that says the same; drawn once, because every page has a dozen."""
    return _icon(str(name))


@cache
def _icon(name: str) -> SafeString:
    attributes: dict[str, Any] = {"class": "icon", "aria_hidden": "true"}
    return SafeString(lucide(name, **attributes))


@register.filter
def state_mark(of: Request | Hold) -> SafeString:
    """The state of a request or a grant: a shape and a word, never colour alone."""
    states = HoldState if isinstance(of, Hold) else RequestState
    mark = _mark(of.state, str(states(of.state).label))
    if isinstance(of, Request) and of.ratification:
        look = "waiting" if of.ratification == Ratification.DUE else of.ratification
        mark = format_html("{} {}", mark, _mark(look, str(Ratification(of.ratification).label)))
    return mark


@cache
def _mark(state: str, label: str) -> SafeString:
    live = " live" if state in ("applying", "ending") else ""
    return format_html('<span class="state{}" data-state="{}">{}</span>', live, state, label)


@register.filter
def brief(text: str) -> str:
    """What a row of a list has room for."""
    return f"{text[: _BRIEF - 1]}…" if len(text) > _BRIEF else text


@register.filter
def day(at: datetime) -> str:
    """11月24日(火) or Tuesday 24 November."""
    here = _here(at)
    if get_language() == "ja":
        return f"{here.month}月{here.day}日({'月火水木金土日'[here.weekday()]})"
    return f"{here:%A} {here.day} {here:%B}"


@register.filter
def moment(at: datetime | None) -> SafeString | str:
    """The instant as a ``<time>``, for people and machines."""
    return _time(at, local(at)) if at else ""


@register.filter
def clock(at: datetime | None) -> SafeString | str:
    return _time(at, f"{_here(at):%H:%M:%S}") if at else ""


@register.filter
def seal_date(at: datetime) -> str:
    """A seal bears the organisation's date, whoever reads it."""
    return f"{at.astimezone(ZoneInfo(settings.KUMOBAN_TIME_ZONE)):%y.%m.%d}"


@register.filter
def left(until: datetime | None, now: datetime) -> str:
    """Time left in words, never in seconds."""
    if until is None:
        return gettext("no end")
    return words(max(until - now, timedelta()))


@register.filter
def minutes_left(until: datetime | None, now: datetime) -> int:
    return max(int((until - now).total_seconds() // 60), 0) if until else 0


@register.filter
def minutes_from(until: datetime | None, start: datetime | None) -> int:
    """The whole length, at least a minute: the full mark of a meter."""
    return max(int((until - start).total_seconds() // 60), 1) if until and start else 1


@register.filter
def ago(at: datetime, now: datetime) -> str:
    """As people say it: 29 minutes ago, 8 hours ago, 3 days ago."""
    passed = now - at
    if passed < timedelta(minutes=1):
        return gettext("just now")
    unit = timedelta(days=1) if passed >= timedelta(days=1) else timedelta(hours=1)
    rounded = passed if passed < timedelta(hours=1) else passed - passed % unit
    return gettext("%(length)s ago") % {"length": words(rounded)}


@register.filter
def told(value: object) -> SafeString | str:
    """A value of the desk as its reader says it: an instant, a length, a reason, or a text as it is."""
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, timedelta):
        return words(value)
    return said(value) if isinstance(value, Reason) else str(value)


@register.filter
def translated(text: str) -> str:
    return gettext(text) if text else ""


def _here(at: datetime) -> datetime:
    """In the reader's zone: the one they chose, else the organisation's (``ReaderMiddleware``)."""
    return timezone.localtime(at)


def _time(at: datetime, shown: str) -> SafeString:
    return format_html('<time datetime="{}">{}</time>', at.astimezone(UTC).isoformat(timespec="seconds"), shown)
