"""When a change is in force: counted from approval, or between two instants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

__all__ = ["Window"]


@dataclass(frozen=True)
class Window:
    """``duration`` alone: on approval + duration. ``ends_at`` with or without ``starts_at``: absolute."""

    starts_at: datetime | None = None
    ends_at: datetime | None = None
    duration: timedelta | None = None

    def __post_init__(self) -> None:
        if (self.duration is None) == (self.ends_at is None):
            raise ValueError("a window has either a duration or an end")

    @property
    def length(self) -> timedelta:
        """Of a resolved window. Raises ValueError for one that starts on approval."""
        if self.duration is not None:
            return self.duration
        if self.starts_at is None or self.ends_at is None:
            raise ValueError("resolve the window first")
        return self.ends_at - self.starts_at

    def resolved(self, at: datetime) -> Window:
        """The absolute window when it comes into force at ``at`` (or at its own start, where that is later)."""
        starts_at = max(at, self.starts_at) if self.starts_at else at
        ends_at = self.ends_at if self.ends_at else starts_at + (self.duration or timedelta())
        return Window(starts_at, ends_at)

    def overlaps(self, other: Window) -> bool:
        """Of two resolved windows, half-open: an end at the other's start does not overlap."""
        if None in (self.starts_at, self.ends_at, other.starts_at, other.ends_at):
            raise ValueError("resolve both windows first")
        return self.starts_at < other.ends_at and other.starts_at < self.ends_at  # type: ignore[operator]

    def stored(self) -> dict[str, str | None]:
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


def _text(instant: datetime | None) -> str | None:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z") if instant else None


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
