"""The world of a test run: which database, which browser, and nothing of this machine's own configuration.

`KUMOBAN_TEST_DATABASE` chooses `sqlite` (the default), `postgresql` (a server of our own) or a
`postgresql://…` URL of a server that is there already and may be used freely.
"""

from __future__ import annotations

import atexit
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings

from tests import postgres
from tests.browser import NONE_FOUND, chromium

CHOICE = os.environ.get("KUMOBAN_TEST_DATABASE", "sqlite")
ON_SQLITE = CHOICE == "sqlite"
FOLDER = Path(tempfile.mkdtemp(prefix="kumoban-tests-"))
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
CHROMIUM = chromium()
#: the folders with the longest tests first
FOLDERS = ("journeys", "contract", "integration", "unit")
#: a test that asks for one of these touches the database
DATABASE_FIXTURES = {"db", "transactional_db", "live_server", "database_url"}

hypothesis_settings.register_profile("kumoban", deadline=None, print_blob=True)
hypothesis_settings.load_profile("kumoban")


def _forget_this_machine() -> None:
    """No test may find real credentials, a real installation or another run's data."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "KUMOBAN_")) and not name.startswith("KUMOBAN_TEST_"):
            del os.environ[name]
    os.environ.update(
        AWS_CONFIG_FILE=os.devnull,
        AWS_SHARED_CREDENTIALS_FILE=os.devnull,
        AWS_EC2_METADATA_DISABLED="true",
        KUMOBAN_DATA_DIR=str(FOLDER),
        KUMOBAN_SECRET_KEY=secrets.token_urlsafe(32),
        DJANGO_SETTINGS_MODULE="kumoban.settings",
    )


def _server() -> postgres.Server | None:
    if CHOICE == "postgresql":
        return postgres.start()
    if ON_SQLITE or CHOICE.startswith("postgresql://"):
        return None
    raise pytest.UsageError(f"KUMOBAN_TEST_DATABASE must be sqlite, postgresql or a URL, not {CHOICE!r}")


def _set_up_django() -> None:
    import django
    from django.conf import settings

    if ON_SQLITE:
        database = settings.DATABASES["default"]
        # a file, because threads and processes must meet in it; nothing waits for the disk, as in tests/postgres.py
        database.setdefault("TEST", {})["NAME"] = str(FOLDER / "test.sqlite3")
        database["OPTIONS"]["init_command"] += "PRAGMA synchronous=OFF;"
    django.setup()
    _empty_quickly()


def _empty_quickly() -> None:
    """What empties the database after a test took most of its time: 1,400 tests empty it, on either database."""
    from django.contrib.contenttypes.management import create_contenttypes
    from django.db.backends.postgresql.operations import DatabaseOperations
    from django.db.models.signals import post_migrate

    # Django's own permissions are used by nobody here; emptying would make them anew each time
    post_migrate.disconnect(dispatch_uid="django.contrib.auth.management.create_permissions")
    post_migrate.disconnect(create_contenttypes)

    def by_delete(self: DatabaseOperations, _style: object, tables: list[str], **_unused: bool) -> list[str]:
        # TRUNCATE makes new files for every table; foreign keys are deferred, so the order does not matter
        return ["; ".join(f"DELETE FROM {self.quote_name(table)}" for table in tables)]  # noqa: S608

    DatabaseOperations.sql_flush = by_delete  # type: ignore[method-assign]


_forget_this_machine()
SERVER = _server()
if SERVER:
    atexit.register(SERVER.stop)
    os.environ["KUMOBAN_DATABASE_URL"] = SERVER.url(postgres.USER)
else:
    os.environ["KUMOBAN_DATABASE_URL"] = f"sqlite:///{FOLDER / 'kumoban.sqlite3'}" if ON_SQLITE else CHOICE
_set_up_django()


def pytest_report_header() -> list[str]:
    return [f"database: {'SQLite' if ON_SQLITE else 'PostgreSQL'}", f"browser: {CHROMIUM or NONE_FOUND}"]


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """Mark what touches the database; skip, with the reason, what cannot run here; the longest first."""
    for item in items:
        if _touches_database(item):
            item.add_marker("database")
        if item.get_closest_marker("postgresql") and ON_SQLITE:
            item.add_marker(pytest.mark.skip(reason="about PostgreSQL, and this run is on SQLite"))
        if item.get_closest_marker("sqlite") and not ON_SQLITE:
            item.add_marker(pytest.mark.skip(reason="about SQLite, and this run is on PostgreSQL"))
        if item.get_closest_marker("browser") and CHROMIUM is None:
            item.add_marker(pytest.mark.skip(reason=NONE_FOUND))
    yield
    items.sort(key=_turn)  # after pytest-django has put them in its order


def _turn(item: pytest.Item) -> int:
    """A few journeys take minutes: begun last, all other processes would wait for them."""
    folder = item.path.relative_to(Path(__file__).parent).parts[0]
    return FOLDERS.index(folder) if folder in FOLDERS else len(FOLDERS)


def _touches_database(item: pytest.Item) -> bool:
    from django.test import TransactionTestCase

    asked_for = set(getattr(item, "fixturenames", ()))
    case = getattr(item, "cls", None)
    return (
        item.get_closest_marker("django_db") is not None
        or bool(asked_for & DATABASE_FIXTURES)
        or (isinstance(case, type) and issubclass(case, TransactionTestCase))
    )


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = terminalreporter.getreports("skipped")
    skipped = [report for report in reports if NONE_FOUND in str(report.longrepr)]
    if skipped:
        terminalreporter.section("no browser", yellow=True)
        terminalreporter.line(f"{len(skipped)} browser tests did not run: {NONE_FOUND}")


@pytest.fixture
def database_url(tmp_path: Path) -> Iterator[str]:
    """An empty database of this test's own, for the processes it starts (`KUMOBAN_DATABASE_URL`)."""
    if ON_SQLITE:
        yield f"sqlite:///{tmp_path / 'kumoban.sqlite3'}"
    elif SERVER is None:
        pytest.skip("a database of a test's own needs KUMOBAN_TEST_DATABASE=postgresql")
    else:
        name = f"journey_{secrets.token_hex(6)}"
        yield SERVER.create(name)
        SERVER.drop(name)


@pytest.fixture
def chromium_path() -> Path:
    """The Chromium of this machine; mark the test `browser`, so that it is skipped where there is none."""
    if CHROMIUM is None:
        pytest.skip(NONE_FOUND)
    return CHROMIUM
