"""Times and lengths as offices write them: 26:00, 翌営業日9:00, 終業まで, 1時間30分."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from kumoban.core.calendar import BusinessCalendar
from kumoban.core.normalise import normalise

__all__ = ["NotUnderstood", "parse_duration", "parse_time"]

_CLOCK = r"(?P<hour>\d{1,2})[:時](?P<minute>\d{2})?分?"
_DATED = re.compile(rf"^(?:(?P<year>\d{{4}})[-/年])?(?P<month>\d{{1,2}})[-/月](?P<day>\d{{1,2}})日?[ T]*{_CLOCK}$")
_TODAY = re.compile(rf"^(?:今日|本日|今夜|今晩|today|tonight)?\s*{_CLOCK}$", re.IGNORECASE)
_TOMORROW = re.compile(rf"^(?:明日|翌日|tomorrow)\s*{_CLOCK}$", re.IGNORECASE)
_NEXT_BUSINESS_DAY = re.compile(rf"^(?:翌営業日|next business day)\s*{_CLOCK}$", re.IGNORECASE)
_CLOSING = re.compile(r"^(?:本日)?(?:終業|end of business day|close of business)$", re.IGNORECASE)
_DURATION = re.compile(
    r"^(?:(?P<d>\d+)\s*(?:d|days?|日間?))?\s*(?:(?P<h>\d+)\s*(?:h|hours?|時間))?\s*(?:(?P<m>\d+)\s*(?:m|min(?:ute)?s?|分間?))?$",
    re.IGNORECASE,
)
_ISO_DURATION = re.compile(r"^P(?:(?P<d>\d+)D)?(?:T(?:(?P<h>\d+)H)?(?:(?P<m>\d+)M)?(?:(?P<s>\d+)S)?)?$", re.IGNORECASE)


class NotUnderstood(ValueError):
    """No time or length that this desk understands."""


def parse_time(text: str, *, now: datetime, zone: ZoneInfo, calendar: BusinessCalendar) -> datetime:
    """The instant meant, in ``zone``. 24:00–47:59 are hours of the next day. Raises NotUnderstood."""
    said = re.sub(r"\s*(まで|迄|から)$", "", normalise(text, "time").value)
    today = now.astimezone(zone).date()
    if _CLOSING.match(said):
        return calendar.closing(today if calendar.is_business_day(today) else calendar.next_business_day(today))
    for pattern, day in (
        (_TODAY, today),
        (_TOMORROW, today + timedelta(days=1)),
        (_NEXT_BUSINESS_DAY, calendar.next_business_day(today)),
    ):
        if match := pattern.match(said):
            return _at(day, match, zone)
    if match := _DATED.match(said):
        return _at(_dated(match, today), match, zone)
    raise NotUnderstood(text[:60])


def parse_duration(text: str) -> timedelta:
    """A length of time, zero included (the planner refuses that by name). Raises NotUnderstood."""
    said = normalise(text, "time").value
    match = _ISO_DURATION.match(said) or _DURATION.match(said)
    if not match or not any(match.groupdict().values()):
        raise NotUnderstood(text[:60])
    parts = {name: int(value or 0) for name, value in match.groupdict().items()}
    if parts["d"] > 3660 or parts["h"] > 87_840:
        raise NotUnderstood(text[:60])
    return timedelta(days=parts["d"], hours=parts["h"], minutes=parts["m"], seconds=parts.get("s", 0))


def _at(day: date, match: re.Match[str], zone: ZoneInfo) -> datetime:
    hour, minute = int(match["hour"]), int(match["minute"] or 0)
    if hour > 47 or minute > 59:
        raise NotUnderstood(match.string[:60])
    day += timedelta(days=hour // 24)
    return datetime(day.year, day.month, day.day, hour % 24, minute, tzinfo=zone)


def _dated(match: re.Match[str], today: date) -> date:
    try:
        found = date(int(match["year"] or today.year), int(match["month"]), int(match["day"]))
    except ValueError as impossible:
        raise NotUnderstood(match.string[:60]) from impossible
    if match["year"] is None and found < today - timedelta(days=31):
        return found.replace(year=today.year + 1)  # 1/5 said in December
    return found
