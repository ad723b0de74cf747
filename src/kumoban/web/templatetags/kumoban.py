"""Filters that only show: reasons in the reader's language, instants in the reader's zone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.conf import settings
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext
from lucide.templatetags.lucide import lucide

from kumoban.core.reason import Reason
from kumoban.desk.models import Hold, Request
from kumoban.desk.speech import local, said, title_of, titled, words
from kumoban.desk.states import HoldState, Ratification, RequestState
from kumoban.desk.work_calendar import Day, Piece

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
    if isinstance(of, Hold):
        return _mark(of.state, str(HoldState(of.state).label))
    return _request_mark(of.state, of.ratification)


def _request_mark(state: str, ratification: str) -> SafeString:
    mark = _mark(state, str(RequestState(state).label))
    if ratification:
        look = "waiting" if ratification == Ratification.DUE else ratification
        mark = format_html("{} {}", mark, _mark(look, str(Ratification(ratification).label)))
    return mark


@cache
def _mark(state: str, label: str) -> SafeString:
    live = " live" if state in ("applying", "ending") else ""
    return format_html('<span class="state{}" data-state="{}">{}</span>', live, state, label)


_REQUEST_ROW = """
    <tr>
      <td>
        <a href="/requests/{number}">{title}</a>
        <span class="sub"><span class="mono">{number}</span> · {who} · {reason}</span>
      </td>
      <td>{mark}</td>
      <td class="num">{asked}<span class="sub">{ago}</span></td>
    </tr>
  """


@register.simple_tag
def request_rows(found: Iterable[Mapping[str, Any]], now: datetime) -> SafeString:
    """The rows of a list of requests (``lists.listed``), without a template: its nodes took half of the page's time."""
    drawn = (
        {
            "number": row["number"],
            "title": title_of(row["shown"]),
            "who": row["requester__display_name"],
            "reason": brief(row["reason"]),
            "mark": _request_mark(row["state"], row["ratification"]),
            "asked": moment(row["created_at"]),
            "ago": ago(row["created_at"], now),
        }
        for row in found
    )
    return format_html_join("", _REQUEST_ROW, drawn)


_OPTION = (
    '<label class="option"><input type="{}" name="{}" value="{}"{}><span>{}</span><span class="sub">{}</span></label>'
)


@register.simple_tag
def option_boxes(
    name: str, options: Sequence[tuple[str, str, str]], chosen: Sequence[str], kind: str = ""
) -> SafeString:
    """The boxes of a field's options, of which many may be ticked, or one (``pick``).

    Without a template, as a form has a hundred of them.
    """
    box = "radio" if kind == "pick" else "checkbox"
    ticked = SafeString(" checked")
    boxes = ((box, name, value, ticked if value in chosen else "", label, hint) for value, label, hint in options)
    return format_html_join("\n", _OPTION, boxes)


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
def date_of(day: date) -> str:
    """11/24(火) or Tue 24 Nov."""
    if get_language() == "ja":
        return f"{day.month}/{day.day}({'月火水木金土日'[day.weekday()]})"
    return f"{day:%a} {day.day} {day:%b}"


@register.filter
def span(piece: Piece) -> str:
    """22:00–26:00, with the day where it is another one; the night belongs to its evening."""
    start = timezone.localtime(piece.starts_at)
    other = "" if start.date() == timezone.localtime().date() else f"{date_of(start.date())} "
    return f"{other}{start:%H:%M}–{_until(piece, start)}"


@register.filter
def span_in(piece: Piece, day: Day) -> str:
    """The hours of a piece of work within one day: an arrow where it comes from before."""
    start = timezone.localtime(piece.starts_at)
    if piece.starts_at < day.start:
        ends = timezone.localtime(piece.ends_at) if piece.ends_at and piece.ends_at <= day.end else None
        return f"→{ends:%H:%M}" if ends else "→"
    return f"{start:%H:%M}–{_until(piece, start)}"


def _until(piece: Piece, start: datetime) -> str:
    """26:00 for two in the morning after, elsewhere 02:00 (+1); the date where it is days later."""
    if piece.ends_at is None:
        return ""
    end = timezone.localtime(piece.ends_at)
    days = (end.date() - start.date()).days
    if days == 0 or (days == 1 and end.hour < 12 and get_language() == "ja"):
        return f"{end.hour + 24 * days:02}:{end:%M}"
    if days == 1 and end.hour < 12:
        return f"{end:%H:%M} (+1)"
    return f"{date_of(end.date())} {end:%H:%M}"


@register.filter
def piece_mark(piece: Piece) -> SafeString:
    """The state of a piece of work: of its grants, or of the request that waits."""
    states = RequestState if piece.waiting else HoldState
    return _mark(piece.state, str(states(piece.state).label))


@register.filter
def at(rows: Sequence[Any], index: int) -> Any:
    return rows[index]


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
def grouped(number: object) -> str:
    """1,204"""
    return f"{number:,}" if isinstance(number, int) else str(number)


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
    # nothing in it is anybody's text, so nothing is to be escaped
    return SafeString(f'<time datetime="{at.astimezone(UTC).isoformat(timespec="seconds")}">{shown}</time>')
