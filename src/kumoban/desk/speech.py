"""How the desk speaks to one reader, in the active language and time zone: reasons, instants, lengths, titles."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import get_language, gettext, ngettext

from kumoban.core.reason import Reason
from kumoban.desk.models import Request
from kumoban.desk.words import say

__all__ = ["honorific", "local", "said", "title_of", "titled", "words"]

#: an instant as reasons carry it
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)", re.ASCII)


def said(reason: Reason | Mapping[str, Any]) -> str:
    """The sentence for people: in their language, its instants in their zone."""
    found = reason if isinstance(reason, Reason) else Reason.from_stored(reason)
    return say(replace(found, params={name: _for_people(value) for name, value in found.params.items()}))


def _for_people(value: Any) -> Any:
    if isinstance(value, str) and _INSTANT.fullmatch(value):
        with suppress(ValueError, OverflowError):
            return local(datetime.fromisoformat(value))
    return value


def titled(request: Request) -> str:
    """What a request is about, in one line."""
    return title_of(request.shown)


def title_of(shown: Mapping[str, Any]) -> str:
    """The same of ``Request.shown`` alone."""
    title, count = said(shown["title"]), shown["count"]
    if count <= 1:
        return title
    return " ".join((title, gettext("(%(n)s in all)") % {"n": count}))


def honorific(name: str) -> str:
    """佐藤さん where Japanese is read, the plain name elsewhere."""
    return f"{name}さん" if get_language() == "ja" else name


def local(at: datetime | None) -> str:
    """11/24(火) 14:02 or Tue 24 Nov 14:02, in the reader's zone; with the year where it is another one."""
    if at is None:
        return ""
    zone = timezone.get_current_timezone()
    here = at.astimezone(zone)
    other = here.year != datetime.now(zone).year
    if get_language() == "ja":
        weekday = "月火水木金土日"[here.weekday()]
        return f"{f'{here.year}/' if other else ''}{here.month}/{here.day}({weekday}) {here:%H:%M}"
    return f"{here:%a} {here.day} {here:%b}{f' {here.year}' if other else ''} {here:%H:%M}"


def words(length: timedelta) -> str:
    """A length in words, never in seconds."""
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
