"""A month of log files on disk: 2,000 privileged sessions among millions of calls of services and workloads.

The many records that are nobody's session are compressed once for hundreds of files, as deflate blocks that can stand
one after the other; each file is one gzip member with its own checksum, and a whole log file when it is unpacked.
"""

from __future__ import annotations

import json
import random
import struct
import uuid
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.trail_aws import ORGANIZATION

__all__ = ["account_of", "call", "write_files"]

BLOCKS = 24


def account_of(number: int) -> str:
    return str(410122400000 + number)


def call(account: str, at: datetime, identity: dict[str, Any], chance: random.Random, **changed: Any) -> dict[str, Any]:
    """A record with the members that one of CloudTrail's has."""
    return {
        "eventVersion": "1.11",
        "userIdentity": identity,
        "eventTime": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": chance.choice(("ec2", "ssm", "s3", "logs", "kms", "sts", "dynamodb")) + ".amazonaws.com",
        "eventName": chance.choice(("DescribeInstances", "UpdateInstanceInformation", "Decrypt", "GetParameter")),
        "awsRegion": "ap-northeast-1",
        "sourceIPAddress": f"10.{chance.randrange(256)}.{chance.randrange(256)}.{chance.randrange(256)}",
        "userAgent": "aws-sdk-go/1.55.5 (go1.22.5; linux; amd64) amazon-ssm-agent/3.3.987.0",
        "requestParameters": {
            "instanceId": f"i-{chance.getrandbits(68):017x}",
            "agentVersion": "3.3.987.0",
            "platformType": "Linux",
            "availabilityZone": "ap-northeast-1a",
        },
        "responseElements": None,
        "requestID": str(uuid.UUID(int=chance.getrandbits(128))),
        "eventID": str(uuid.UUID(int=chance.getrandbits(128))),
        "readOnly": chance.random() < 0.8,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": account,
        "eventCategory": "Management",
        "tlsDetails": {
            "tlsVersion": "TLSv1.3",
            "cipherSuite": "TLS_AES_128_GCM_SHA256",
            "clientProvidedHostHeader": "ssm.ap-northeast-1.amazonaws.com",
        },
        **changed,
    }


def write_files(
    folder: Path,
    month: datetime,
    files: int,
    each: int,
    accounts: int,
    sessions: dict[tuple[str, int], list[dict[str, Any]]],
) -> tuple[dict[str, Path], int]:
    """So many files of ``each`` events, over all accounts and days; ``sessions`` are by (account, day of the month).

    What the bucket holds by key, and how many records that are.
    """
    chance = random.Random(5)  # noqa: S311
    blocks = [_deflated(_listed(_nobody(chance, month, each))) for _ in range(BLOCKS)]
    head = _deflated(b'{"Records":[')
    made: dict[str, Path] = {}
    written = 0
    for number, (account, day) in enumerate(_places(files, accounts)):
        part = sessions.pop((account, day), [])
        at = month + timedelta(days=day, hours=23, minutes=50)
        body = _gzip([head, _deflated(_listed(part)), blocks[number % BLOCKS], _deflated(_unique(number))])
        name = f"{account}_CloudTrail_ap-northeast-1_{at:%Y%m%dT%H%MZ}_{number:016x}.json.gz"
        key = f"AWSLogs/{ORGANIZATION}/{account}/CloudTrail/ap-northeast-1/{at:%Y/%m/%d}/{name}"
        made[key] = folder / name
        made[key].write_bytes(body)
        written += each + len(part) + 1
    assert not sessions, "a day without a file has a session"
    return made, written


def _places(files: int, accounts: int) -> Iterator[tuple[str, int]]:
    """Every account and day in turn, as often as there are files."""
    for number in range(files):
        place = number % (accounts * 28)
        yield account_of(place % accounts), place // accounts


@dataclass(frozen=True)
class _Part:
    plain: bytes
    deflated: bytes


def _deflated(plain: bytes) -> _Part:
    packing = zlib.compressobj(5, wbits=-15)
    return _Part(plain, packing.compress(plain) + packing.flush(zlib.Z_FULL_FLUSH))


def _gzip(parts: Sequence[_Part]) -> bytes:
    """RFC 1952: header, deflate blocks, an empty last one, CRC-32 and length."""
    crc = size = 0
    for part in parts:
        crc, size = zlib.crc32(part.plain, crc), size + len(part.plain)
    end = zlib.compressobj(wbits=-15).flush()
    return b"\x1f\x8b\x08" + bytes(7) + b"".join(part.deflated for part in parts) + end + struct.pack("<II", crc, size)


def _listed(records: Sequence[dict[str, Any]]) -> bytes:
    """A part of the list, with a comma after each."""
    return "".join(json.dumps(one, separators=(",", ":")) + "," for one in records).encode()


def _unique(number: int) -> bytes:
    """The last record, which makes a file differ from all others, and the end of the list."""
    last = {"userIdentity": {"type": "AWSService", "invokedBy": "ec2.amazonaws.com"}, "eventID": f"last-{number}"}
    return json.dumps(last).encode() + b"]}"


def _nobody(chance: random.Random, month: datetime, count: int) -> list[dict[str, Any]]:
    """Calls of services and of workloads; those of a block are of one account only by their text."""
    return [
        call("410122400000", month + timedelta(seconds=chance.randrange(28 * 86400)), _workload(chance), chance)
        for _ in range(count)
    ]


def _workload(chance: random.Random) -> dict[str, Any]:
    if chance.random() < 0.3:
        return {"type": "AWSService", "invokedBy": "autoscaling.amazonaws.com"}
    role, account = f"app-{chance.randrange(40)}", "410122400000"
    return {
        "type": "AssumedRole",
        "principalId": f"AROA{chance.getrandbits(64):016X}:i-{chance.getrandbits(68):017x}",
        "arn": f"arn:aws:sts::{account}:assumed-role/{role}/i-{chance.getrandbits(68):017x}",
        "accountId": account,
        "accessKeyId": f"ASIA{chance.getrandbits(64):016X}",
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": f"AROA{chance.getrandbits(64):016X}",
                "arn": f"arn:aws:iam::{account}:role/{role}",
                "accountId": account,
                "userName": role,
            },
            "attributes": {"creationDate": "2026-10-03T01:02:03Z", "mfaAuthenticated": "false"},
            "ec2RoleDelivery": "2.0",
        },
    }
