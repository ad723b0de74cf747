"""The people who are told: how to reach each of them, in which language and zone, and when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings

from kumoban.core.calendar import BusinessCalendar
from kumoban.desk.models import NoticeSettings, SlackLink, User
from kumoban.desk.notices.kinds import Kind
from kumoban.desk.notices.lanes import MAIL, SLACK, configured
from kumoban.estate.models import Person

__all__ = ["BEFORE_OPENING", "Reader", "readers"]

#: the digest comes before the office opens: 8:50
BEFORE_OPENING = timedelta(minutes=10)
_LANGUAGES = ("ja", "en")


@dataclass(frozen=True)
class Reader:
    """One person as somebody to write to."""

    person: Person
    language: str
    zone: ZoneInfo
    wants: NoticeSettings
    link: SlackLink | None

    @property
    def lanes(self) -> list[str]:
        """Empty where this person can be told by none of the channels there are."""
        there = configured()
        mail = MAIL in there and bool(self.person.email)
        slack = SLACK in there and self.link is not None
        wanted = [
            lane for lane, there in ((MAIL, mail and self.wants.mail), (SLACK, slack and self.wants.slack)) if there
        ]
        return wanted or ([MAIL] if mail else [])  # a channel that went away leaves nobody untold

    def lanes_of(self, kind: Kind) -> list[str]:
        """Those they wish, or every one they can be reached by where it is loud."""
        if not kind.loud:
            return self.lanes
        there = configured()
        reached = ((MAIL, bool(self.person.email)), (SLACK, self.link is not None))
        return [lane for lane, known in reached if known and lane in there]

    def when(self, kind: Kind, now: datetime, calendar: BusinessCalendar, at_latest: datetime | None) -> datetime:
        """When to tell it: now, after the quiet hours, or in the next digest where it can wait for that."""
        if kind.urgent:
            return now
        awake = self._awake(now)
        if kind.daily or (self.wants.digest and not kind.timely):
            morning = _next_digest(now, calendar)
            if at_latest is None or morning < at_latest:
                return max(awake, morning)
        return awake

    def in_digest(self, due: datetime, now: datetime, kind: Kind, calendar: BusinessCalendar) -> bool:
        waits = kind.daily or (self.wants.digest and not kind.timely)
        return waits and not kind.urgent and due >= _next_digest(now, calendar)

    def _awake(self, now: datetime) -> datetime:
        begins, ends = self.wants.quiet_from, self.wants.quiet_to
        if begins is None or ends is None or begins == ends:
            return now
        here = now.astimezone(self.zone)
        if not _within(here.time(), begins, ends):
            return now
        morning = here.replace(hour=ends.hour, minute=ends.minute, second=0, microsecond=0)
        return morning if morning > here else morning + timedelta(days=1)


def _within(at: time, begins: time, ends: time) -> bool:
    return begins <= at < ends if begins < ends else at >= begins or at < ends


def _next_digest(now: datetime, calendar: BusinessCalendar) -> datetime:
    today = now.astimezone(calendar.zone).date()
    if calendar.is_business_day(today) and calendar.opening(today) - BEFORE_OPENING > now:
        return calendar.opening(today) - BEFORE_OPENING
    return calendar.opening(calendar.next_business_day(today)) - BEFORE_OPENING


def readers(ids: Iterable[str]) -> Mapping[str, Reader]:
    """Those of these people who are in the directory now, in four reads however many they are."""
    wanted = set(ids)
    people = {person.id: person for person in Person.objects.filter(pk__in=wanted, absent_since=None, enabled=True)}
    chosen = {row.person_id: row for row in NoticeSettings.objects.filter(pk__in=people)}
    links = {row.person_id: row for row in SlackLink.objects.filter(pk__in=people)}
    speaks = {
        person: (language, zone)
        for person, language, zone in User.objects.filter(person_id__in=people).values_list(
            "person_id", "language", "zone"
        )
    }
    return {
        pk: Reader(
            person,
            _language(speaks.get(pk, ("", ""))[0], person.language),
            _zone(speaks.get(pk, ("", ""))[1]),
            chosen.get(pk) or NoticeSettings(person=person),
            links.get(pk),
        )
        for pk, person in people.items()
    }


def _language(*told: str) -> str:
    """What the person chose, what the directory says, what the installation speaks."""
    for said in (*told, settings.LANGUAGE_CODE):
        if said[:2].lower() in _LANGUAGES:
            return said[:2].lower()
    return "ja"


def _zone(chosen: str) -> ZoneInfo:
    try:
        return ZoneInfo(chosen or settings.KUMOBAN_TIME_ZONE)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo(settings.KUMOBAN_TIME_ZONE)
