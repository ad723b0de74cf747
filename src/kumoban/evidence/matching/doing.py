"""What is in one batch of log files: by principal, account and hour, each event once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from kumoban.evidence.matching.months import hour_of, month_of
from kumoban.evidence.matching.principals import Known, Principal, Taken, at_a_glance, principal_of, taken_on
from kumoban.services.cloudtrail import Glance, LogFile, Record, glances, records_in

__all__ = ["CHANGING", "KEPT", "REFUSED", "Batch", "Done", "event_digest", "joined"]

#: flags of an event
CHANGING, REFUSED = 1, 2
#: addresses, access keys and beginnings kept of an hour
KEPT = 20
#: an event's clock may be ahead of the minute at which its file was delivered by no more than this
_AHEAD = timedelta(hours=1)
_BEGINS = frozenset({"ConsoleLogin", "SwitchRole"})


@dataclass
class Done:
    """One principal in one account in one hour; ``events`` maps eight bytes of an event's id to its flags."""

    principal: Principal
    hour: datetime
    month: str
    first: datetime
    last: datetime
    issued: datetime | None = None
    events: dict[bytes, int] = field(default_factory=dict)
    addresses: set[str] = field(default_factory=set)
    access_keys: set[str] = field(default_factory=set)
    begun_by: set[str] = field(default_factory=set)

    def add(self, record: Record, at: datetime) -> None:
        flags = (0 if record.readOnly in (True, "true") else CHANGING) | (REFUSED if record.errorCode else 0)
        self.events[event_digest(record.eventID or "")] = flags
        self.first, self.last = min(self.first, at), max(self.last, at)
        identity = record.userIdentity
        issued = _instant(identity.issued) if identity and identity.issued else None
        if issued and (self.issued is None or issued > self.issued):
            self.issued = issued
        for kept, value in (
            (self.addresses, record.sourceIPAddress),
            (self.access_keys, identity.accessKeyId if identity else None),
            (self.begun_by, record.eventID if record.eventName in _BEGINS else None),
        ):
            if value and len(kept) < KEPT:
                kept.add(value[:64])


class Batch:
    """Some log files of one account, read one after the other.

    ``taken`` are the roles taken on that were not known before, each with the number of files read before it was.
    """

    def __init__(self, known: Known, zone: ZoneInfo) -> None:
        self.known, self.zone = known, zone
        self.done: dict[tuple[str, datetime], Done] = {}
        self.taken: list[tuple[Taken, int]] = []
        self._files = 0

    def read(self, file: LogFile, content: bytes) -> tuple[int, Mapping[str, int]]:
        """Take in the unpacked file: how many records it has, and how many of them are of no session, by class.

        Raises Unreadable before anything is taken in.
        """
        seen = glances(content)
        known = len(self.taken)
        told = self._told(file, content, seen)
        while len(self.taken) > known:  # a role taken on in this file: what its session did may stand before it
            known = len(self.taken)
            told = self._told(file, content, seen)
        self._files += 1
        return told

    def _told(self, file: LogFile, content: bytes, seen: Sequence[Glance] | None) -> tuple[int, Mapping[str, int]]:
        if seen is None:
            found = records_in(content)
            return len(found), self._each(file, found, {})
        counted, closer = at_a_glance(seen, self.known)
        return len(seen), self._each(file, records_in(content, closer), counted) if closer else counted

    def _each(self, file: LogFile, found: Iterable[Record | None], counted: dict[str, int]) -> Mapping[str, int]:
        for record in found:
            why = "not_understood" if record is None else self._one(file, record)
            if why:
                counted[why] = counted.get(why, 0) + 1
        return counted

    def _one(self, file: LogFile, record: Record) -> str:
        at = _instant(record.eventTime or "")
        if at is None or at > file.at + _AHEAD:
            at = file.at  # a clock that is ahead moves nothing into a later month
        if not record.recipientAccountId:
            record.recipientAccountId = file.account
        principal = principal_of(record, at, self.known)
        taken = taken_on(record, at, principal, self.known)
        if taken is not None:
            self._take(taken)
        if isinstance(principal, str):
            return principal
        hour = hour_of(at, self.zone)
        done = self.done.get((principal.key, hour))
        if done is None:
            done = Done(principal, hour, month_of(at, self.zone), at, at)
            self.done[principal.key, hour] = done
        done.add(record, at)
        return ""

    def _take(self, taken: Taken) -> None:
        there = self.known.taken.setdefault(taken.target, [])
        if all((one.event_id, one.kind) != (taken.event_id, taken.kind) for one in there):
            there.append(taken)
            there.sort(key=lambda one: one.at, reverse=True)
            self.taken.append((taken, self._files))


def event_digest(event_id: str) -> bytes:
    return hashlib.blake2b(event_id.encode(), digest_size=8).digest()


def joined(*packed: bytes | memoryview) -> tuple[bytes, dict[bytes, int]]:
    """Packed events of several readings as one, each event once."""
    found: dict[bytes, int] = {}
    for part in packed:
        found.update(_events(bytes(part)))
    return b"".join(name + bytes((found[name],)) for name in sorted(found)), found


def _events(packed: bytes) -> Iterator[tuple[bytes, int]]:
    for start in range(0, len(packed), 9):
        yield packed[start : start + 8], packed[start + 8]


def _instant(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
