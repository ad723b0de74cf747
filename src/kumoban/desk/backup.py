"""Backup and restore of an embedded database (SQLite): one file that holds the database and the seal taken before it.

The keys are not in it: who has a backup must not be able to forge the record it holds. A restore never overwrites a
seal file, so that a desk that went back knows it (`ledger.seal.went_back`).
"""

from __future__ import annotations

import io
import json
import os
import sqlite3
import tarfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connections

from kumoban.ledger.models import Head

__all__ = ["NotPossible", "back_up", "restore"]

_DATABASE, _SEAL, _MANIFEST = "kumoban.sqlite3", "ledger.seal", "manifest.json"


class NotPossible(Exception):
    """Nothing was done; ``code`` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def back_up(to: Path) -> dict[str, Any]:
    """Copy the database while it runs. Raises NotPossible: ``not_sqlite``, ``exists``."""
    source = _own_database()
    if to.exists():
        raise NotPossible("exists")
    seal = _seal_file().read_bytes() if _seal_file().exists() else b""
    copy = to.with_name(f"{to.name}.part")
    with closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as running, closing(_new(copy)) as made:
        running.backup(made)
    told = _described(copy)
    packed = to.with_name(f"{to.name}.tar.part")
    with packed.open("wb") as file, tarfile.open(fileobj=file, mode="w") as tar:
        tar.add(copy, _DATABASE)
        _add(tar, _SEAL, seal)
        _add(tar, _MANIFEST, json.dumps(told, indent=1).encode())
    copy.unlink()
    packed.chmod(0o600)
    os.replace(packed, to)
    return told


def restore(source: Path, *, replace: bool) -> dict[str, Any]:
    """Put the database of a backup in place; the processes must be stopped.

    With ``replace`` the one that is there is set aside, not deleted. Raises NotPossible: ``not_sqlite``, ``exists``,
    ``not_a_backup``, ``broken``.
    """
    target = _own_database()
    if target.exists() and not replace:
        raise NotPossible("exists")
    found = _unpacked(source)
    arrived = target.with_name(f"{target.name}.arrived")
    target.parent.mkdir(parents=True, exist_ok=True)
    arrived.write_bytes(found[_DATABASE])
    arrived.chmod(0o600)
    told = _described(arrived)
    connections.close_all()
    _set_aside(target)
    os.replace(arrived, target)
    if found[_SEAL] and not _seal_file().exists():
        _seal_file().write_bytes(found[_SEAL])
    return told


def _own_database() -> Path:
    database = settings.DATABASES["default"]
    if not database["ENGINE"].endswith("sqlite3"):
        raise NotPossible("not_sqlite")
    return Path(str(connections["default"].settings_dict["NAME"]))


def _seal_file() -> Path:
    return Path(settings.KUMOBAN_LEDGER_SEAL_FILE)


def _new(path: Path) -> sqlite3.Connection:
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    return sqlite3.connect(path)


def _described(path: Path) -> dict[str, Any]:
    """What a database file holds. Raises NotPossible where it is none of ours, or damaged."""
    try:
        with closing(sqlite3.connect(path)) as found:
            if found.execute("PRAGMA integrity_check").fetchone()[0] != "ok":
                raise NotPossible("broken")
            entries, digest = found.execute(f"SELECT seq, digest FROM {Head._meta.db_table}").fetchone()  # noqa: S608
    except (sqlite3.DatabaseError, TypeError) as error:
        raise NotPossible("broken") from error
    return {"at": datetime.now(UTC).isoformat(timespec="seconds"), "entries": entries, "digest": digest}


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), 0o600
    tar.addfile(entry, io.BytesIO(content))


def _unpacked(source: Path) -> dict[str, bytes]:
    """The members by name; nothing is written where a name in the file says."""
    try:
        with tarfile.open(source) as tar:
            files = {name: tar.extractfile(name) for name in (_DATABASE, _SEAL, _MANIFEST)}
            return {name: file.read() if file else b"" for name, file in files.items()}
    except (tarfile.TarError, KeyError, OSError) as error:
        raise NotPossible("not_a_backup") from error


def _set_aside(target: Path) -> None:
    """The database that is there, with what SQLite keeps beside it: a log of another database would spoil the new."""
    stamp = f"{datetime.now(UTC):%Y%m%dT%H%M%S}"
    for suffix in ("", "-wal", "-shm"):
        file = target.with_name(target.name + suffix)
        if file.exists():
            os.replace(file, target.with_name(f"{target.name}.before-{stamp}{suffix}"))
