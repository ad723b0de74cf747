"""Filters that only show: reasons in the reader's language, instants in the reader's zone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.conf import settings
from django.utils.translation import get_language, gettext, ngettext

from kumoban.core.reason import Reason
from kumoban.desk.words import say

register = template.Library()


@register.filter
def said(reason: Reason | Mapping[str, Any]) -> str:
    return say(reason if isinstance(reason, Reason) else Reason.from_stored(reason))


@register.filter
def local(at: datetime | None) -> str:
    """11/24(火) 14:02 or Tue 24 Nov 14:02, in the organisation's zone."""
    if at is None:
        return ""
    here = at.astimezone(ZoneInfo(settings.KUMOBAN_TIME_ZONE))
    if get_language() == "ja":
        weekday = "月火水木金土日"[here.weekday()]
        return f"{here.month}/{here.day}({weekday}) {here:%H:%M}"
    return f"{here:%a %d %b %H:%M}"


@register.filter
def clock(at: datetime | None) -> str:
    return f"{at.astimezone(ZoneInfo(settings.KUMOBAN_TIME_ZONE)):%H:%M:%S}" if at else ""


@register.filter
def seal_date(at: datetime) -> str:
    return f"{at.astimezone(ZoneInfo(settings.KUMOBAN_TIME_ZONE)):%y.%m.%d}"


@register.filter
def left(until: datetime | None, now: datetime) -> str:
    """Time left in words, never in seconds."""
    if until is None:
        return gettext("no end")
    return words(max(until - now, timedelta()))


@register.filter
def words(length: timedelta) -> str:
    minutes = int(length.total_seconds() // 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = []
    if days:
        parts.append(ngettext("%(n)d day", "%(n)d days", days) % {"n": days})
    if hours:
        parts.append(ngettext("%(n)d hour", "%(n)d hours", hours) % {"n": hours})
    if minutes and not days:
        parts.append(ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes})
    return " ".join(parts) or gettext("less than a minute")


@register.filter
def translated(text: str) -> str:
    return gettext(text) if text else ""
