"""The machine itself: the database, and what must be kept secret."""

from __future__ import annotations

import stat
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from kumoban.cli.doctor.checks import Look, Wrong
from kumoban.cli.language import gettext as _
from kumoban.cli.language import gettext_noop, ngettext
from kumoban.desk.archive import archived
from kumoban.ledger.clock import database_now
from kumoban.ledger.seal import last_seal, went_back

__all__ = ["CHECKS"]

#: characters of a key that nobody guesses
_LONG_ENOUGH = 32
#: the ledger goes into the locked store every hour, where there is something new
_EXPORTED_WITHIN = timedelta(hours=26)


def _database() -> str:
    executor = MigrationExecutor(connection)
    missing = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    if missing:
        said = ngettext("%(n)d change of the database is missing", "%(n)d changes of the database are missing", missing)
        raise Wrong(said % {"n": missing})
    return connection.vendor


def _durable() -> str:
    """What is committed must survive a power cut: the desk acts on what it has written."""
    if connection.vendor == "sqlite":
        wanted: dict[str, tuple[str, ...]] = {
            "PRAGMA journal_mode": ("wal", "memory"),
            "PRAGMA synchronous": ("2", "3"),
        }
    else:
        wanted = {"SHOW fsync": ("on",), "SHOW synchronous_commit": ("on", "local", "remote_write", "remote_apply")}
    found = {}
    with connection.cursor() as cursor:
        for asked in wanted:
            cursor.execute(asked)
            found[asked] = str(cursor.fetchone()[0]).lower()
    said = ", ".join(f"{asked.split()[-1]}={value}" for asked, value in found.items())
    if any(found[asked] not in good for asked, good in wanted.items()):
        raise Wrong(said)
    return said


def _secret_key() -> str:
    if len(settings.SECRET_KEY) < _LONG_ENOUGH:
        raise Wrong(_("it has only %(n)s characters") % {"n": len(settings.SECRET_KEY)})
    return _kept(settings.KUMOBAN_DATA_DIR / "secret.key") or _("from the environment")


def _ledger_key() -> str:
    found = _kept(Path(settings.KUMOBAN_LEDGER_KEY_FILE))
    if not found:
        raise Wrong(
            _("%(file)s is not there; it is made when the first entry is written")
            % {"file": settings.KUMOBAN_LEDGER_KEY_FILE}
        )
    return found


def _ledger() -> str:
    seal = last_seal()
    if went_back() and seal:
        raise Wrong(_("it lacks what was sealed at %(at)s: an older backup was restored") % {"at": seal.at[:19]})
    return _("it contains what was sealed") if seal else _("nothing is sealed yet")


def _archive() -> str:
    found = archived()
    if not found.configured:
        return _("KUMOBAN_ARCHIVE_BUCKET is not set: the ledger is kept here only")
    if found.faults:
        raise Wrong(_("%(n)s parts were read back wrong") % {"n": found.faults})
    if found.at is None or database_now() - found.at > _EXPORTED_WITHIN:
        at = f"{found.at:%Y-%m-%d %H:%M} UTC" if found.at else "–"
        raise Wrong(_("the last part was put at: %(at)s") % {"at": at})
    return _("up to entry %(n)s") % {"n": found.until}


def _kept(path: Path) -> str:
    """Its path, where it is nobody else's to read; empty where it is not there."""
    if not path.exists():
        return ""
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise Wrong(_("%(file)s can be read by others than its owner") % {"file": path})
    return str(path)


CHECKS: tuple[Look, ...] = (
    (gettext_noop("database"), _database, gettext_noop("run: kumoban migrate")),
    (
        gettext_noop("what is written stays written"),
        _durable,
        gettext_noop("SQLite: WAL and synchronous=FULL; PostgreSQL: fsync and synchronous_commit on"),
    ),
    (
        gettext_noop("secret key"),
        _secret_key,
        gettext_noop("give KUMOBAN_SECRET_KEY 32 characters or more, and its file the mode 600"),
    ),
    (
        gettext_noop("ledger"),
        _ledger,
        gettext_noop("run: kumoban orphans; then: kumoban ledger accept (docs/operator/backup)"),
    ),
    (
        gettext_noop("ledger in a locked store"),
        _archive,
        gettext_noop("run: kumoban ledger export; it says what is wrong (docs/auditor/ledger)"),
    ),
    (
        gettext_noop("key of the ledger"),
        _ledger_key,
        gettext_noop("chmod 600, and keep a copy elsewhere"),
    ),
)
