"""The trail's log files: gzipped JSON in the audit account's bucket, as an organisation trail delivers them.

Files are kept compressed and bounded; they enter moto's S3 when somebody first looks at the audit account's S3.
Source: CloudTrail user guide, "CloudTrail log file examples".
"""

from __future__ import annotations

import gzip
import json
import threading
from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kumoban_emulator import moto_bridge
from kumoban_emulator.engine import Engine
from kumoban_emulator.ids import alnum, seeded
from kumoban_emulator.trail import Event, Trail, event_from_record

__all__ = ["BUCKET", "TrailFiles"]

BUCKET = "kumoban-demo-cloudtrail"
_KEPT = 5000
_RESTORED = 500


class TrailFiles:
    def __init__(self, directory: Path | None = None) -> None:
        self._directory = directory / "trail" if directory else None
        self._unseen: OrderedDict[str, bytes] = OrderedDict()
        self._lock = threading.Lock()
        self._spool: Any = None
        if self._directory:
            self._directory.mkdir(parents=True, exist_ok=True)
            self._spool = (self._directory / "pending.jsonl").open("a+", encoding="utf-8")
        self._load()

    def restore(self, trail: Trail) -> None:
        """Make the newest records of an earlier run known to LookupEvents again."""
        newest = list(self._unseen.values())[-_RESTORED:]
        trail.restore(event_from_record(record) for body in newest for record in events_of(body))
        if self._spool:
            self._spool.seek(0)
            trail.add(event_from_record(record) for record in _whole(self._spool))

    def record(self, trail: Trail, events: list[Event]) -> None:
        """Add events to the trail, and to the disk until they are in a log file."""
        with self._lock:
            trail.add(events)
            if self._spool:
                self._spool.writelines(event.text + "\n" for event in events)
                self._spool.flush()

    def flush(self, engine: Engine) -> list[str]:
        """Write what was recorded since the last time; the keys of the new files."""
        fresh: defaultdict[tuple[str, str], list[Event]] = defaultdict(list)
        with self._lock:
            for event in engine.trail.take_fresh():
                fresh[event.account, event.region].append(event)
            keys = self._write(engine, fresh)
            if self._spool:
                self._spool.truncate(0)
        return keys

    def _write(self, engine: Engine, fresh: Mapping[tuple[str, str], list[Event]]) -> list[str]:
        keys = []
        for (account, region), events in fresh.items():
            key = _key(engine.world.organization.id, account, region, events)
            self._keep(key, _compressed(event.text for event in events))
            keys.append(key)
        return keys

    def show(self, engine: Engine) -> None:
        """Put the files nobody has seen yet into the audit account's bucket."""
        with self._lock:
            waiting, self._unseen = self._unseen, OrderedDict()
        for key, body in waiting.items():
            moto_bridge.put_object(engine.world.audit, BUCKET, key, body, engine.world.region)

    def _keep(self, key: str, body: bytes) -> None:
        self._unseen[key] = body
        while len(self._unseen) > _KEPT:
            self._unseen.popitem(last=False)
        if self._directory:
            path = self._directory / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)

    def _load(self) -> None:
        """Take up the files of an earlier run."""
        if self._directory is None or not self._directory.is_dir():
            return
        paths = sorted(self._directory.rglob("*.json.gz"), key=lambda path: path.stat().st_mtime)[-_KEPT:]
        for path in paths:
            self._unseen[path.relative_to(self._directory).as_posix()] = path.read_bytes()


def _key(organization: str, account: str, region: str, events: list[Event]) -> str:
    when = datetime.fromtimestamp(events[-1].time, UTC)
    suffix = alnum(seeded("trail", events[0].id), 16)
    name = f"{account}_CloudTrail_{region}_{when:%Y%m%dT%H%MZ}_{suffix}.json.gz"
    return f"AWSLogs/{organization}/{account}/CloudTrail/{region}/{when:%Y/%m/%d}/{name}"


def _compressed(records: Iterable[str]) -> bytes:
    return gzip.compress(('{"Records":[' + ",".join(records) + "]}").encode(), compresslevel=5)


def events_of(body: bytes) -> list[dict[str, Any]]:
    """The records in one log file."""
    found: list[dict[str, Any]] = json.loads(gzip.decompress(body))["Records"]
    return found


def _whole(lines: Iterable[str]) -> Iterable[dict[str, Any]]:
    """The records of a spool; a line that was not wholly written is left out."""
    for line in lines:
        try:
            yield json.loads(line)
        except ValueError:
            return
