"""Identity Center's request rate: 20 a second over sso-admin and identitystore together, for the whole organisation.

Source: Identity Center user guide, "Quotas" (throttling). Kept on real time, whatever the emulated clock says.
"""

from __future__ import annotations

import threading
import time
from collections import deque

__all__ = ["Bucket", "RateGauge"]


class Bucket:
    """A token bucket: ``rate`` tokens a second, ``burst`` at most."""

    def __init__(self, rate: float, burst: float) -> None:
        self.rate, self.burst = rate, burst
        self._tokens, self._at = burst, time.monotonic()
        self._lock = threading.Lock()

    def take(self) -> bool:
        with self._lock:
            now = time.monotonic()
            self._tokens = min(self.burst, self._tokens + (now - self._at) * self.rate)
            self._at = now
            if self._tokens < 1:
                return False
            self._tokens -= 1
            return True


class RateGauge:
    """The most calls that ever came within one second, refused ones included."""

    def __init__(self) -> None:
        self._recent: deque[float] = deque()
        self.highest = 0
        self._lock = threading.Lock()

    def count(self) -> None:
        with self._lock:
            now = time.monotonic()
            self._recent.append(now)
            while now - self._recent[0] >= 1.0:
                self._recent.popleft()
            self.highest = max(self.highest, len(self._recent))

    def clear(self) -> None:
        with self._lock:
            self._recent.clear()
            self.highest = 0
