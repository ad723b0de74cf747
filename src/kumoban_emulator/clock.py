"""Two times: the wall clock, which dates things, and the emulated one, which matures and expires them.

The offset between the two only grows. Signatures are judged by the wall clock alone, as clients sign with theirs.
"""

from __future__ import annotations

import time

__all__ = ["Clock"]


class Clock:
    def __init__(self) -> None:
        self.offset = 0.0

    def wall(self) -> float:
        """Seconds since 1970 for anything that is shown."""
        return time.time()

    def now(self) -> float:
        """Seconds for anything that is waited for: pending states, expiry."""
        return time.time() + self.offset

    def advance(self, seconds: float) -> float:
        if seconds < 0:
            raise ValueError("the emulated clock does not go back")
        self.offset += seconds
        return self.offset
