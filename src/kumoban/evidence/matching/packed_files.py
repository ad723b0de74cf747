"""The log files of one day, packed: 60 bytes a file, so that six million files of a month stay a few hundred MB.

A record is the minute in the file's name, 12 bytes of the SHA-256 of its name, 20 of that of its content, and how many
records it held: all, of AWS's services, of workloads, of other accounts, of sign-ins without access, of sessions.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

__all__ = ["CLASSES", "PackedFile", "pack", "unpack"]

#: what a record is where it is no session's, in the order in which they are packed
CLASSES = ("aws_service", "workload", "other_account", "no_access", "not_understood")
_LAYOUT = struct.Struct(">I12s20s6I")


@dataclass(frozen=True, slots=True)
class PackedFile:
    """``counted`` is by class; the rest of ``records`` are of sessions."""

    minute: int
    name: bytes
    content: bytes
    records: int
    counted: tuple[int, ...]

    @classmethod
    def of(cls, at: datetime, name: str, digest: bytes, records: int, counted: Mapping[str, int]) -> PackedFile:
        """``digest``: the SHA-256 of the content as it is stored."""
        counts = tuple(counted.get(one, 0) for one in CLASSES)
        return cls(minute_of(at), name_digest(name), digest[:20], records, counts)


def minute_of(at: datetime) -> int:
    return int(at.astimezone(UTC).timestamp()) // 60


def name_digest(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()[:12]


def pack(files: Iterable[PackedFile]) -> bytes:
    """In the order of minute and name, whatever order they were read in."""
    ordered = sorted(files, key=lambda one: (one.minute, one.name))
    return b"".join(_LAYOUT.pack(one.minute, one.name, one.content, one.records, *one.counted) for one in ordered)


def unpack(packed: bytes | memoryview) -> list[PackedFile]:
    return [
        PackedFile(minute, name, content, records, tuple(counted))
        for minute, name, content, records, *counted in _LAYOUT.iter_unpack(bytes(packed))
    ]
