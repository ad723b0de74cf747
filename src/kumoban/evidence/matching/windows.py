"""When somebody was allowed in: pure rules over windows.

A window is open from the moment the desk asked AWS for the access until its end was proven; credentials made within it
work for the life of a session after that, and no longer. Clocks differ by a little.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

__all__ = ["SKEW", "Seen", "Window", "covering", "judged", "spans"]

#: CloudTrail has whole seconds, and the clocks of two systems are never the same
SKEW = timedelta(minutes=1)
#: what comes after a pause longer than this is another session
PAUSE = timedelta(hours=1)


@dataclass(frozen=True)
class Window:
    """``end`` None: still open. ``life``: how long credentials made within it work. ``by`` names what opened it."""

    start: datetime
    end: datetime | None
    life: timedelta
    by: str
    request: str = ""


@dataclass(frozen=True)
class Seen:
    """Use from ``first`` to ``last``, with credentials of which the newest was made at ``issued`` (None: not told)."""

    first: datetime
    last: datetime
    issued: datetime | None = None


def covering(windows: Iterable[Window], seen: Seen) -> Window | None:
    """The window within which all of it lies, with credentials of that window."""
    for window in windows:
        begun = window.start - SKEW <= seen.first
        if begun and (window.end is None or _before_the_end(window, window.end, seen)):
            return window
    return None


def _before_the_end(window: Window, end: datetime, seen: Seen) -> bool:
    if seen.issued is not None and seen.issued > end + SKEW:
        return False
    return seen.last <= end + window.life + SKEW


def judged(windows: Sequence[Window], parts: Iterable[Seen]) -> tuple[Window | None, bool]:
    """The first window that covers something, and whether every part lies within some window."""
    first: Window | None = None
    whole = True
    for part in parts:
        found = covering(windows, part)
        first = first or found
        whole = whole and found is not None
    return first, whole


def spans(parts: Sequence[Seen]) -> list[list[int]]:
    """The positions of parts (in the order of their beginnings) that are one session: no pause is longer than PAUSE."""
    found: list[list[int]] = []
    last: datetime | None = None
    for position, part in enumerate(parts):
        if last is not None and part.first - last <= PAUSE:
            found[-1].append(position)
        else:
            found.append([position])
        last = part.last if last is None else max(last, part.last)
    return found
