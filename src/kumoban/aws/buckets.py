"""Rate limits shared by all nodes: one UPDATE on the database's clock takes a token and checks the lease.

A bucket is a row with the instant of the next call (GCRA with burst 1). Urgent calls (ends, and what AWS has begun)
pay only the service's bucket; all others also pay a narrower lane, so that ends always find tokens. What a lane loses
because somebody woke up late it makes up for: the service's bucket alone is what AWS must never see exceeded.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import connection

from kumoban.aws.errors import Postponed
from kumoban.aws.models import Bucket

__all__ = ["PERMIT_SECONDS", "Fence", "Permit", "boot_clock", "count_alone", "hold_back", "slow_down", "take", "waits"]

#: a permit older than this signs nothing
PERMIT_SECONDS = 2.0
#: 20/s are allowed over all Identity Center APIs and were measured as 21 in a second (knowledge: access);
#: CloudTrail answers LookupEvents twice a second (CloudTrail API reference)
_RATES = {"identity-center": 19.0, "identity-center/other": 18.0, "cloudtrail": 1.8, "cloudtrail/other": 1.5}
#: seconds for which the lane gives way to an urgent call: two of the service's tokens
_GIVES_WAY = 0.105
#: seconds that a lane makes up for
_CATCH_UP = 0.25
_BUCKET_OF = {"sso-admin": "identity-center", "identitystore": "identity-center", "cloudtrail": "cloudtrail"}
_NOW = {
    "sqlite": "((julianday('now') - 2440587.5) * 86400.0)",
    "postgresql": "extract(epoch from clock_timestamp())::double precision",
}


def boot_clock() -> float:
    """Seconds on a clock that goes on while the machine sleeps, where there is one; for waits only."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


@dataclass(frozen=True)
class Fence:
    """A condition on the database that must hold when a token is taken: the step's lease is still ours."""

    condition: str
    params: Sequence[int | float | str]


@dataclass(frozen=True)
class Permit:
    """The database said yes at ``at`` on this machine's boot clock."""

    at: float

    @property
    def fresh(self) -> bool:
        return boot_clock() - self.at < PERMIT_SECONDS


def take(service: str, *, urgent: bool, fence: Fence | None, patience: float) -> Permit:
    """Wait at most ``patience`` seconds for this service's tokens. Raises Postponed, also where the fence fell."""
    bucket = _BUCKET_OF.get(service)
    lanes = [bucket] if bucket and settings.KUMOBAN_AWS_LIMITS else []
    if lanes and not urgent:
        lanes.insert(0, f"{bucket}/other")
    elif lanes:
        _not_before(f"{bucket}/other", _GIVES_WAY)
    if not lanes and fence is None:
        return Permit(boot_clock())
    permit = Permit(boot_clock())
    steps: list[str | None] = [*lanes] or [None]
    for lane in steps:
        permit = _take_lane(lane, fence, patience)
    return permit


def waits() -> dict[str, float]:
    """By bucket the seconds until its next call may leave; hardly more than zero unless somebody slowed it down."""
    now = _NOW[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT name, next_at - {now} FROM aws_bucket ORDER BY name")  # noqa: S608
        return {name: max(float(seconds), 0.0) for name, seconds in cursor.fetchall()}


def slow_down(service: str, seconds: float = 1.0) -> None:
    """After AWS throttled us: nobody calls this service for a while."""
    bucket = _BUCKET_OF.get(service)
    if bucket:
        _not_before(bucket, seconds)


def count_alone(service: str) -> None:
    """Until this transaction ends, no other node counts what is under way at this service (PostgreSQL)."""
    if connection.vendor == "postgresql":
        _make(_BUCKET_OF[service])
        list(Bucket.objects.select_for_update().filter(name=_BUCKET_OF[service]))


def hold_back(service: str, seconds: float) -> None:
    """Ends wait for room: whoever is not urgent does not call this service for a while."""
    _not_before(f"{_BUCKET_OF[service]}/other", seconds)


def _not_before(lane: str, seconds: float) -> None:
    now = _NOW[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE aws_bucket SET next_at = {now} + %s WHERE name = %s AND next_at < {now} + %s",  # noqa: S608
            [seconds, lane, seconds],
        )


def _take_lane(lane: str | None, fence: Fence | None, patience: float) -> Permit:
    deadline = boot_clock() + patience
    while True:
        asked = boot_clock()
        wait = _fence_only(fence) if lane is None else _try_lane(lane, fence)
        if wait <= 0:
            return Permit(asked)
        if boot_clock() + wait > deadline:
            raise Postponed("NoToken", f"{lane} has no token within {patience:g} s")
        time.sleep(wait)


def _try_lane(lane: str, fence: Fence | None) -> float:
    """0 when a token was taken, else the seconds until the next one."""
    now = _NOW[connection.vendor]
    condition, params = (f" AND ({fence.condition})", list(fence.params)) if fence else ("", [])
    greatest = "max" if connection.vendor == "sqlite" else "greatest"
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE aws_bucket SET next_at = {greatest}(next_at, {now} - %s) + %s"  # noqa: S608
            f" WHERE name = %s AND next_at <= {now}{condition} RETURNING next_at",
            [_CATCH_UP if lane.endswith("/other") else 0.0, 1 / _RATES[lane], lane, *params],
        )
        if cursor.fetchone():
            return 0.0
        cursor.execute(f"SELECT next_at - {now} FROM aws_bucket WHERE name = %s", [lane])  # noqa: S608
        row = cursor.fetchone()
    if row is None:
        _make(lane)
        return 0.001
    if row[0] <= 0:
        _fence_only(fence)
    return max(float(row[0]), 0.001)


def _make(lane: str) -> None:
    Bucket.objects.bulk_create([Bucket(name=lane)], ignore_conflicts=True)


def _fence_only(fence: Fence | None) -> float:
    if fence is None:
        return 0.0
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT 1 WHERE {fence.condition}", list(fence.params))
        if cursor.fetchone() is None:
            raise Postponed("LeaseMovedOn", "another node has taken this step over")
    return 0.0
