"""The journal: every change in order, so that a restart (also after kill -9) ends where it was.

A line says who called what, when, and from which seed; fakes draw ids from that seed alone, so performing the
lines again gives the same ids and times. Lines are flushed, not synced: the machine may not crash, the process may.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = ["Journal", "WrongScenario"]

_VERSION = 1


class WrongScenario(Exception):
    """The state directory belongs to another scenario."""


class Journal:
    def __init__(self, directory: Path | None, scenario: str) -> None:
        self._lock = threading.Lock()
        self._path = directory / "journal.jsonl" if directory else None
        self._file: Any = None
        if self._path:
            self._open(self._path, scenario)

    def _open(self, path: Path, scenario: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and path.stat().st_size:
            self._check(path, scenario)
            _drop_torn_end(path)
        self._file = path.open("a", encoding="utf-8")
        if path.stat().st_size == 0:
            self.write({"kind": "begin", "scenario": scenario, "version": _VERSION})

    def _check(self, path: Path, scenario: str) -> None:
        with path.open(encoding="utf-8") as lines:
            first = json.loads(lines.readline())
        if (first.get("scenario"), first.get("version")) != (scenario, _VERSION):
            raise WrongScenario(f"{path} holds scenario {first.get('scenario')!r}, version {first.get('version')}")

    def write(self, entry: dict[str, Any]) -> None:
        if self._file is None:
            return
        line = json.dumps(entry, ensure_ascii=False, separators=(",", ":"), default=str)
        with self._lock:
            self._file.write(line + "\n")
            self._file.flush()

    def entries(self) -> Iterator[dict[str, Any]]:
        """What happened before, in order."""
        if self._path is None:
            return
        with self._path.open(encoding="utf-8") as lines:
            for line in lines:
                entry = json.loads(line)
                if entry["kind"] != "begin":
                    yield entry

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def _drop_torn_end(path: Path) -> None:
    """Cut off a last line that was not wholly written."""
    with path.open("rb+") as file:
        content = file.read()
        whole = content.rfind(b"\n") + 1
        if whole != len(content):
            file.truncate(whole)
