"""What a log file holds, unpacked within bounds and decoded twice: a glance at every record, and a few in full.

Of ten million records of a month nearly all are AWS's own services and the organisation's workloads. A glance takes
who it was and what was called; only files with a record worth more are decoded in full. Source of the shapes:
CloudTrail user guide, "CloudTrail userIdentity element", "CloudTrail record contents".
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import msgspec

__all__ = ["Glance", "Identity", "Record", "Unreadable", "glances", "records_in", "unpacked"]

#: bytes of one file when it is unpacked; a file of CloudTrail has some MB
MOST = 512 * 1024 * 1024
_GZIP = 31
#: deflate makes nothing smaller than this (zlib technical details, "Maximum compression factor")
_MOST_TIMES = 1040
#: how every member begins (RFC 1952)
_MAGIC = b"\x1f\x8b\x08"


class Unreadable(Exception):
    """A log file that tells nothing: ``code`` is not_gzip, too_large, cut_short or not_a_log."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class _OnBehalfOf(msgspec.Struct):
    userId: str | None = None


class GlanceIdentity(msgspec.Struct, gc=False):
    type: str | None = None
    arn: str | None = None
    invokedBy: str | None = None
    onBehalfOf: _OnBehalfOf | None = None


class Glance(msgspec.Struct, gc=False):
    """Who it was and what was called."""

    userIdentity: GlanceIdentity | None = None
    eventName: str | None = None


class _Glances(msgspec.Struct):
    Records: list[Glance]


class _Issuer(msgspec.Struct):
    type: str | None = None
    arn: str | None = None
    accountId: str | None = None


class _Attributes(msgspec.Struct):
    creationDate: str | None = None


class _Context(msgspec.Struct):
    sessionIssuer: _Issuer | None = None
    attributes: _Attributes | None = None
    assumedRoot: str | bool | None = None


class Identity(msgspec.Struct):
    """``userIdentity``; what is not named here is not looked at."""

    type: str | None = None
    principalId: str | None = None
    arn: str | None = None
    accountId: str | None = None
    accessKeyId: str | None = None
    userName: str | None = None
    identityProvider: str | None = None
    invokedBy: str | None = None
    sessionContext: _Context | None = None
    onBehalfOf: _OnBehalfOf | None = None

    @property
    def issuer(self) -> str:
        """The ARN of the role or user that the credentials are of."""
        context = self.sessionContext
        return (context.sessionIssuer.arn or "") if context and context.sessionIssuer else ""

    @property
    def issued(self) -> str:
        """When the credentials were made, in ISO 8601; empty where it is not told."""
        context = self.sessionContext
        return (context.attributes.creationDate or "") if context and context.attributes else ""

    @property
    def person(self) -> str:
        """The identity store user id on whose behalf it was."""
        return (self.onBehalfOf.userId or "") if self.onBehalfOf else ""


class Record(msgspec.Struct):
    userIdentity: Identity | None = None
    eventTime: str | None = None
    eventSource: str | None = None
    eventName: str | None = None
    sourceIPAddress: str | None = None
    eventID: str | None = None
    readOnly: bool | str | None = None
    errorCode: str | None = None
    errorMessage: str | None = None
    recipientAccountId: str | None = None
    requestParameters: msgspec.Raw = msgspec.Raw()
    responseElements: msgspec.Raw = msgspec.Raw()
    additionalEventData: msgspec.Raw = msgspec.Raw()


class _Parts(msgspec.Struct):
    Records: list[msgspec.Raw]


_glances = msgspec.json.Decoder(_Glances)
_record = msgspec.json.Decoder(Record)
_parts = msgspec.json.Decoder(_Parts)


def unpacked(body: bytes) -> bytes:
    """Raises Unreadable."""
    size = int.from_bytes(body[-4:], "little")
    bounded = len(body) * _MOST_TIMES <= MOST and size <= MOST
    if not bounded or body.find(_MAGIC, 1) >= 0:  # perhaps several members, of which one call unpacks only the first
        return _unpacked_in_bounds(body)
    try:  # at once into the size that its end tells: half the work
        found = zlib.decompress(body, _GZIP, max(size, 1))
    except zlib.error:
        return _unpacked_in_bounds(body)
    return found if len(found) == size else _unpacked_in_bounds(body)


def _unpacked_in_bounds(body: bytes) -> bytes:
    """Member by member; what is wrong with it is told."""
    found, rest, left = [], body, MOST
    while rest:
        unpacking = zlib.decompressobj(_GZIP)
        try:
            found.append(unpacking.decompress(rest, left))
        except zlib.error as broken:
            raise Unreadable("not_gzip") from broken
        left -= len(found[-1])
        if unpacking.unconsumed_tail or left <= 0:
            raise Unreadable("too_large")
        if not unpacking.eof:
            raise Unreadable("cut_short")
        rest = unpacking.unused_data.lstrip(b"\0")
    return b"".join(found)


def glances(content: bytes) -> Sequence[Glance] | None:
    """Who and what of every record; None where a record has another shape than was ever seen. Raises Unreadable."""
    try:
        return _glances.decode(content).Records
    except msgspec.ValidationError:
        return None
    except msgspec.DecodeError as broken:
        raise Unreadable("not_a_log") from broken


def records_in(content: bytes, only: Sequence[int] | None = None) -> Sequence[Record | None]:
    """The records (at these positions); None for one whose shape is not understood. Raises Unreadable."""
    try:
        parts = _parts.decode(content).Records
    except msgspec.DecodeError as broken:
        raise Unreadable("not_a_log") from broken
    return [_tried(part) for part in (parts if only is None else (parts[position] for position in only))]


def _tried(part: msgspec.Raw) -> Record | None:
    try:
        return _record.decode(part)
    except msgspec.ValidationError:
        return None
