"""Times and lengths as offices write them: 26:00, 翌営業日9:00, 終業まで, 1時間30分.

Nothing is guessed: a time already past stays in the past, for the planner to refuse in words, and what may
mean two things is not understood. A wall clock set forward skips times, which are not understood; set back,
it shows times twice, of which the first is meant (so that an access never ends later than was asked).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

from kumoban.core.calendar import BusinessCalendar
from kumoban.core.normalise import normalise
from kumoban.core.window import Window

__all__ = [
    "DURATIONS",
    "RANGES",
    "TIMES",
    "Named",
    "NotUnderstood",
    "named_in",
    "parse_duration",
    "parse_range",
    "parse_time",
]

#: examples to show with what was not understood
TIMES = ("22:00", "26:00", "明日 9:00", "翌営業日9:00", "終業まで", "11/27 22:00", "2026-11-27 22:00")
DURATIONS = ("15分", "1時間30分", "90m", "2h", "1d", "PT1H")
RANGES = ("22:00〜26:00", "明日 9:00〜12:00", "11/27 22:00〜11/28 5:00")

_LAST_HOUR = 47  # of the next day, as in 26:00
_DAWN = 5  # 今夜2:00 is after midnight
_EVENING = 17
_LONGEST = timedelta(days=3660)
_YEARS = range(1970, 9000)
_FOLLOWING_YEAR = timedelta(days=31)  # a date without a year this far back is next year's
_WEEKDAYS = "月火水木金土日"
_ENGLISH_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WEEKS = {"今週": 0, "this": 0, "来週": 1, "次週": 1, "再来週": 2}
_NAMED_DAYS = ("today", "tonight", "tomorrow", "day_after", "business", "month", "weekday_ja", "weekday_en")
_NOON = 12
_FROM_TODAY = ("明日", "tomorrow", "明後日", "day after tomorrow")

_DATE = rf"""(?:(?P<year>[0-9]{{4}})\s*[-/年]\s*)?
             (?P<month>[0-9]{{1,2}})\s*[-/月]\s*(?P<date>[0-9]{{1,2}})日?
             \s*(?:\((?P<weekday>[{_WEEKDAYS}])\))?"""
_DAY = rf"""(?P<today>今日|本日|当日|today) | (?P<tonight>今夜|今晩|深夜|tonight)
          | (?P<tomorrow>明日|翌日|tomorrow) | (?P<day_after>明後日|翌々日|day\s after\s tomorrow)
          | (?P<business>翌営業日|next\s business\s day)
          | (?:(?P<week_ja>今週|来週|再来週|次週)の?\s*)?(?P<weekday_ja>[{_WEEKDAYS}])曜日?
          | (?:(?P<week_en>this|next)\s)?(?:on\s)?
            (?P<weekday_en>mon|tue|wed|thu|fri|sat|sun)(?:s?day|nesday|rsday|urday)?(?![a-z])
          | {_DATE}"""
_CLOCK = r"""(?:(?P<noon>正午|noon) | (?P<midnight>midnight)
           | (?:(?P<before>午前|午後|am|pm)\s*)?(?P<hour>[0-9]{1,2})
             (?: :(?P<minute>[0-9]{2})(?: :(?P<second>[0-9]{2}))?
               | 時(?!間)(?:(?P<minutes>[0-9]{1,2})分|(?P<half>半))?
               | (?=\s?[ap]m) )
             (?:\s?(?P<after>[ap]m))?)"""
_POINT = rf"""(?P<closing>終業|(?:end|close)\s of\s business(?:\s day)?)
            | (?P<opening>始業|start\s of\s business(?:\s day)?) | {_CLOCK}"""
_TIME = re.compile(rf"(?:(?:{_DAY})\s*(?:の|at\s|T)?\s*)?(?:{_POINT})", re.IGNORECASE | re.VERBOSE)
_ONLY_CLOCK = re.compile(_CLOCK, re.IGNORECASE | re.VERBOSE)
_ONLY_DAY = re.compile(_DAY, re.IGNORECASE | re.VERBOSE)
_PARTICLE = re.compile(r"\s*(?:まで|迄|から|より|に)$|^(?:until|till|from|by|at)\s+", re.IGNORECASE)
_BETWEEN = re.compile(r"\s*(?:~|から|\bto\b|-)\s*", re.IGNORECASE)

_DURATION = re.compile(
    r"""(?:(?P<days>[0-9]+)\s*(?:days?|d|日間?))?\s*
        (?:(?P<hours>[0-9]+(?:\.[0-9]{1,2})?)\s*(?:hours?|h|時間))?\s*
        (?:(?P<minutes>[0-9]+)\s*(?:minutes?|mins?|m|分間?) | (?P<half>(?<=時間)半))?""",
    re.IGNORECASE | re.VERBOSE,
)
_ISO_DURATION = re.compile(
    r"P(?:(?P<days>[0-9]+)D)?(?:T(?:(?P<hours>[0-9]+)H)?(?:(?P<minutes>[0-9]+)M)?(?:(?P<seconds>[0-9]+)S)?)?",
    re.IGNORECASE,
)


class NotUnderstood(ValueError):
    """``text`` means no time or length here, or more than one; ``examples`` are what would be understood."""

    def __init__(self, text: str, examples: tuple[str, ...] = ()) -> None:
        super().__init__(text[:60])
        self.text = text[:60]
        self.examples = examples


def parse_time(text: str, *, now: datetime, zone: ZoneInfo, calendar: BusinessCalendar) -> datetime:
    """The instant meant, with the offset ``zone`` has then. 24:00–47:59 are hours of the next day.

    Raises NotUnderstood, and RefusedCharacters where there are any.
    """
    return _Reader(_local(now, zone), zone, calendar).time(text)


def parse_range(text: str, *, now: datetime, zone: ZoneInfo, calendar: BusinessCalendar) -> Window:
    """Start and end of ``22:00〜26:00``. The end counts from the start's day; 22:00〜2:00 ends on the next.

    Raises NotUnderstood, and RefusedCharacters where there are any.
    """
    said = normalise(text, "time").value
    reader = _Reader(_local(now, zone), zone, calendar)
    for between in () if _with_offset(said) else _BETWEEN.finditer(said):
        try:
            return reader.range(said[: between.start()], said[between.end() :])
        except NotUnderstood:
            continue
    raise NotUnderstood(text, RANGES)


def parse_duration(text: str) -> timedelta:
    """A length of time, zero included (the planner refuses that by name). A day is 24 hours.

    Raises NotUnderstood, also beyond ten years, and RefusedCharacters where there are any.
    """
    said = normalise(text, "time").value
    match = _ISO_DURATION.fullmatch(said) or _DURATION.fullmatch(said)
    parts = {name: value for name, value in match.groupdict().items() if value} if match else {}
    if not parts or any(len(value) > 7 for value in parts.values()):
        raise NotUnderstood(text, DURATIONS)
    half = 30 if parts.pop("half", "") else 0
    hours = Decimal(parts.pop("hours", "0"))
    length = timedelta(**{unit: int(value) for unit, value in parts.items()})
    length += timedelta(seconds=int(hours * 3600), minutes=half)
    if length > _LONGEST:
        raise NotUnderstood(text, DURATIONS)
    return length


@dataclass(frozen=True)
class Named:
    """A ``time``, a ``length`` or a ``day`` without a time, and where it stands in a text."""

    kind: str
    start: int
    end: int


_LETTERS = re.compile(r"[0-9A-Za-z]")
#: 2日 alone may be the second of the month
_DAY_OR_DAYS = re.compile(r"[0-9]+\s*日")


def named_in(text: str) -> list[Named]:
    """Times, lengths and days written in a normalised text, in their order; what they mean is not looked at."""
    found: list[Named] = []
    at = 0
    while at < len(text):
        named = _named_at(text, at)
        if named is not None:
            found.append(named)
        at = named.end if named else at + 1
    return found


def _named_at(text: str, at: int) -> Named | None:
    """The longest that begins there; words and numbers are whole."""
    inside = at > 0 and _LETTERS.match(text[at]) and (_LETTERS.match(text[at - 1]) or text[at - 1] in ":.")
    if inside or text[at].isspace():
        return None
    best: Named | None = None
    for kind, pattern in (("time", _TIME), ("length", _DURATION), ("length", _ISO_DURATION), ("day", _ONLY_DAY)):
        match = pattern.match(text, at)
        end = at + len(match[0].rstrip()) if match else at
        if end - at < 2 or (best and end <= best.end) or (kind == "length" and not _a_length(text[at:end])):
            continue
        if _LETTERS.match(text[end - 1]) and end < len(text) and (_LETTERS.match(text[end]) or text[end] == ":"):
            continue
        best = Named(kind, at, end)
    return best


def _a_length(said: str) -> bool:
    return bool(re.search("[0-9]", said)) and not _DAY_OR_DAYS.fullmatch(said)


@dataclass(frozen=True)
class _Reader:
    """Reads times as seen from one moment, which is local."""

    now: datetime
    zone: ZoneInfo
    calendar: BusinessCalendar

    def time(self, text: str) -> datetime:
        said = _PARTICLE.sub("", normalise(text, "time").value)
        if (instant := _with_offset(said)) is not None:
            return instant
        match = _TIME.fullmatch(said)
        if match is None:
            raise NotUnderstood(text, TIMES)
        try:
            return self._meant(match)
        except (ValueError, OverflowError) as impossible:
            raise NotUnderstood(text, TIMES) from impossible

    def range(self, start: str, end: str) -> Window:
        starts_at = self.time(start)
        day = starts_at.astimezone(self.zone) - _days_over(start)
        ends_at = (self if _counts_from_today(start) and _counts_from_today(end) else self._seen_from(day)).time(end)
        if ends_at <= starts_at and _ONLY_CLOCK.fullmatch(_PARTICLE.sub("", end)):
            ends_at = self._seen_from(day + timedelta(days=1)).time(end)
        if ends_at <= starts_at:
            raise NotUnderstood(f"{start}~{end}", RANGES)
        return Window(starts_at, ends_at)

    def _seen_from(self, moment: datetime) -> _Reader:
        return _Reader(moment, self.zone, self.calendar)

    def _meant(self, match: re.Match[str]) -> datetime:
        day = self._day(match)
        if match["closing"]:
            return _fixed(self.calendar.closing(self._open_day(match, day)))
        if match["opening"]:
            return _fixed(self.calendar.opening(self._open_day(match, day)))
        return self._at(day, match)

    def _day(self, match: re.Match[str]) -> date:
        today = self.now.date()
        if match["month"]:
            return _dated(match, today)
        if match["business"]:
            return self.calendar.next_business_day(self.now.astimezone(self.calendar.zone).date())
        if match["tonight"]:
            return self._night(match)
        if match["weekday_ja"] or match["weekday_en"]:
            return _weekday(match, today)
        return today + timedelta(days=1 if match["tomorrow"] else 2 if match["day_after"] else 0)

    def _night(self, match: re.Match[str]) -> date:
        """The day of an hour of tonight: this evening, or before dawn. 今夜9:00 may be either: neither."""
        today, hour = self.now.date(), _hour(match) if match["hour"] or match["noon"] or match["midnight"] else _EVENING
        if hour >= _EVENING:
            return today
        if hour > _DAWN:
            raise ValueError("not an hour of the night")
        return today if self.now.hour < hour else today + timedelta(days=1)

    def _open_day(self, match: re.Match[str], day: date) -> date:
        """終業 alone means the next office hours; of a day that was named, it must be a business day."""
        if not any(match[name] for name in _NAMED_DAYS):
            day = self.now.astimezone(self.calendar.zone).date()
            return day if self.calendar.is_business_day(day) else self.calendar.next_business_day(day)
        if not self.calendar.is_business_day(day):
            raise ValueError("the office is closed on that day")
        return day

    def _at(self, day: date, match: re.Match[str]) -> datetime:
        hour, second = _hour(match), int(match["second"] or 0)
        if match["midnight"] and any(match[name] for name in _NAMED_DAYS if name not in ("today", "tonight")):
            raise ValueError("midnight of a day may be its beginning or its end")
        minute = 30 if match["half"] else int(match["minute"] or match["minutes"] or 0)
        if hour > _LAST_HOUR:
            raise ValueError("no such hour")
        wall = datetime.combine(day + timedelta(days=hour // 24), time(hour % 24, minute, second))
        instant = wall.replace(tzinfo=self.zone)
        if instant.astimezone(UTC).astimezone(self.zone).replace(tzinfo=None) != wall:
            raise ValueError("the clock is set forward over this time")
        return _fixed(instant)


def _local(now: datetime, zone: ZoneInfo) -> datetime:
    if now.tzinfo is None:
        raise ValueError("now must be an aware datetime")
    return now.astimezone(zone)


def _days_over(start: str) -> timedelta:
    """How far the clock of ``26:00〜29:00`` is beyond the day that was said."""
    match = _TIME.fullmatch(_PARTICLE.sub("", start))
    return timedelta(days=_hour(match) // 24 if match and not (match["closing"] or match["opening"]) else 0)


def _hour(match: re.Match[str]) -> int:
    """0–47. Raises ValueError for an hour that the half of the day named with it does not have."""
    if match["noon"] or match["midnight"]:
        return _NOON if match["noon"] else 2 * _NOON
    hour, half = int(match["hour"]), (match["before"] or match["after"] or "").lower()
    if match["before"] and match["after"]:
        raise ValueError("which half of the day?")
    if not half:
        return hour
    if hour > _NOON or (hour == 0 and half in ("am", "pm")):
        raise ValueError("no such hour in half a day")
    return hour % _NOON + (_NOON if half in ("午後", "pm") else 0)


def _weekday(match: re.Match[str], today: date) -> date:
    """The next such day, today included; of a week where one is said. Next Friday said on Monday may be either."""
    name = match["weekday_ja"]
    wanted = _WEEKDAYS.index(name) if name else _ENGLISH_WEEKDAYS.index(match["weekday_en"].lower())
    coming = today + timedelta(days=(wanted - today.weekday()) % 7)
    week = (match["week_ja"] or match["week_en"] or "").lower()
    if not week:
        return coming
    monday = today - timedelta(days=today.weekday())
    if week != "next":
        return monday + timedelta(days=7 * _WEEKS[week] + wanted)
    if coming < monday + timedelta(days=7):
        raise ValueError("this week's, or the one after?")
    return coming


def _counts_from_today(said: str) -> bool:
    """明日9:00〜明日12:00 is one day; 11/27 22:00〜明日2:00, and 翌日, count from the start."""
    match = _TIME.fullmatch(_PARTICLE.sub("", said))
    return match is not None and (match["tomorrow"] or match["day_after"] or "").lower() in _FROM_TODAY


def _with_offset(said: str) -> datetime | None:
    """An ISO time that says its offset needs no zone."""
    try:
        instant = datetime.fromisoformat(said)
    except ValueError:
        return None
    return instant if instant.tzinfo and instant.year in _YEARS else None


def _fixed(instant: datetime) -> datetime:
    """The same instant with a fixed offset: who adds hours to it adds hours, not marks of the wall clock."""
    offset = instant.utcoffset()
    return instant.astimezone(timezone(offset)) if offset is not None else instant


def _dated(match: re.Match[str], today: date) -> date:
    """Raises ValueError for a day that does not exist, or whose weekday is another."""
    month, day = int(match["month"]), int(match["date"])
    if match["year"]:
        found = date(int(match["year"]), month, day)
    else:
        found = date(today.year, month, day)
        if found < today - _FOLLOWING_YEAR:
            found = date(today.year + 1, month, day)  # 1/5 said in December
    if found.year not in _YEARS or (match["weekday"] and _WEEKDAYS[found.weekday()] != match["weekday"]):
        raise ValueError("no such day")
    return found
