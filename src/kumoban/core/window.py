"""When a change is in force: counted from approval, or between two instants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

__all__ = ["Window"]


@dataclass(frozen=True)
class Window:
    """``duration`` alone: on approval + duration. ``ends_at`` with or without ``starts_at``: absolute.

    Half-open, [start, end). Instants are kept in UTC: adding to a local time counts the wall clock's hours.
    Whether the end is after the start is for the planner to refuse, in words.
    """

    starts_at: datetime | None = None
    ends_at: datetime | None = None
    duration: timedelta | None = None

    def __post_init__(self) -> None:
        if (self.duration is None) == (self.ends_at is None):
            raise ValueError("a window has either a duration or an end")
        object.__setattr__(self, "starts_at", _utc(self.starts_at) if self.starts_at else None)
        object.__setattr__(self, "ends_at", _utc(self.ends_at) if self.ends_at else None)

    @property
    def length(self) -> timedelta:
        """Of a resolved window, or the duration. Raises ValueError for one that starts on approval."""
        if self.duration is not None:
            return self.duration
        starts_at, ends_at = self._ends()
        return ends_at - starts_at

    def resolved(self, at: datetime) -> Window:
        """The absolute window when it comes into force at ``at``, or at its own start where that is later."""
        now = _utc(at)
        starts_at = max(now, self.starts_at) if self.starts_at else now
        ends_at = self.ends_at if self.ends_at else starts_at + (self.duration or timedelta())
        return Window(starts_at, ends_at)

    def overlaps(self, other: Window) -> bool:
        """Of two resolved windows: an end at the other's start does not overlap."""
        return self._gap(other) < timedelta()

    def touches(self, other: Window, within: timedelta = timedelta()) -> bool:
        """Of two resolved windows: they overlap, or at most ``within`` lies between them."""
        return self._gap(other) <= within

    def stored(self) -> dict[str, str | None]:
        """Strings that mean the same to every reader: instants in UTC with Z, the duration in seconds."""
        return {
            "starts_at": _text(self.starts_at),
            "ends_at": _text(self.ends_at),
            "seconds": str(int(self.duration.total_seconds())) if self.duration is not None else None,
        }

    @classmethod
    def from_stored(cls, stored: Mapping[str, str | None]) -> Window:
        seconds = stored["seconds"]
        return cls(
            _instant(stored["starts_at"]),
            _instant(stored["ends_at"]),
            timedelta(seconds=int(seconds)) if seconds is not None else None,
        )

    def _gap(self, other: Window) -> timedelta:
        """From the end of the earlier to the start of the later; negative by as much as they share."""
        (starts_at, ends_at), (others_start, others_end) = self._ends(), other._ends()
        return max(starts_at, others_start) - min(ends_at, others_end)

    def _ends(self) -> tuple[datetime, datetime]:
        if self.starts_at is None or self.ends_at is None:
            raise ValueError("resolve the window first")
        return self.starts_at, self.ends_at


def _utc(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError("a window needs aware datetimes")
    return instant.astimezone(UTC)


def _text(instant: datetime | None) -> str | None:
    return instant.isoformat().replace("+00:00", "Z") if instant else None


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
