"""Reading an export: DynamoDB's JSON as "Export to S3" writes it (lines, gzip), or as `aws dynamodb scan` prints it.

Exported files have no telling names, so each item is known by its fields.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["Export", "Item", "read_export"]

Item = Mapping[str, Any]
#: fields that are not even looked at
_SECRETS = ("slackToken",)
#: bytes of one file, unpacked
MOST = 512 * 1024 * 1024


@dataclass
class Export:
    """The items by table; ``unread`` names files, and ``unknown`` counts items, that are nothing of TEAM's."""

    eligibility: list[Item] = field(default_factory=list)
    approvers: list[Item] = field(default_factory=list)
    settings: list[Item] = field(default_factory=list)
    requests: list[Item] = field(default_factory=list)
    sessions: list[Item] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    unknown: int = 0


def read_export(path: Path) -> Export:
    """One file, or every JSON file of a folder and its folders."""
    found = Export()
    for file in sorted(_files(path)):
        try:
            items = list(_items(_text(file)))
        except (OSError, ValueError, EOFError, zlib.error):
            found.unread.append(file.name)
            continue
        for item in items:
            table = _table(item)
            if table:
                getattr(found, table).append(item)
            else:
                found.unknown += 1
    return found


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    for file in path.rglob("*"):
        if file.is_file() and not file.name.startswith("manifest") and ".json" in file.name:
            yield file


def _text(file: Path) -> str:
    with gzip.open(file) if file.suffix == ".gz" else file.open("rb") as opened:
        content = opened.read(MOST + 1)
    if len(content) > MOST:
        raise ValueError("too large")
    return content.decode("utf-8-sig")


def _items(text: str) -> Iterator[Item]:
    try:
        whole = json.loads(text)
    except ValueError:
        whole = [json.loads(line) for line in text.splitlines() if line.strip()]
    if isinstance(whole, dict):
        whole = whole["Items"] if isinstance(whole.get("Items"), list) else [whole]
    for one in whole:
        if isinstance(one, dict):
            item = one["Item"] if isinstance(one.get("Item"), dict) else one
            yield {name: _plain(value) for name, value in item.items() if name not in _SECRETS}


def _plain(value: Any) -> Any:
    """Without DynamoDB's type tags."""
    if not isinstance(value, dict) or len(value) != 1:
        return value
    [(tag, inner)] = value.items()
    match tag:
        case "S" | "N" | "BOOL":
            return inner
        case "NULL":
            return None
        case "L" | "SS" | "NS":
            return [_plain(one) if tag == "L" else one for one in inner]
        case "M":
            return {name: _plain(one) for name, one in inner.items()}
        case _:
            return value


def _table(item: Item) -> str:
    """By the fields that only one of TEAM's tables has."""
    names = set(item)
    if {"accountId", "role", "startTime", "status"} <= names:
        return "requests"
    if "queryId" in names or {"accountId", "role", "expireAt"} <= names:
        return "sessions"
    if "permissions" in names and names & {"accounts", "ous"}:
        return "eligibility"
    if "approvers" in names and item.get("type") in ("Account", "OU"):
        return "approvers"
    return "settings" if {"duration", "expiry"} <= names else ""
