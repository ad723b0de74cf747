"""Tables by themselves, how long things are kept, and what lets go of what: never the ledger, never too early."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings

from kumoban.core.reason import Refused
from kumoban.desk.models import Hold, Request
from kumoban.evidence.audit.exporting import TABLES, table_of
from kumoban.evidence.audit.models import Pack, PackPart
from kumoban.evidence.audit.pack.ordering import content_of
from kumoban.evidence.audit.retention import let_go, standing
from kumoban.evidence.audit.room import Period
from kumoban.evidence.models import SessionEvent, SessionLog
from kumoban.ledger.clock import database_now
from kumoban.ledger.models import Entry, EntryText
from kumoban.ledger.verify import verify
from tests.integration.api.caller import Caller
from tests.integration.conftest import Office
from tests.integration.evidence.audit.auditors import WEEK, auditor, guest
from tests.integration.evidence.audit.test_pack import files_of, made, worked
from tests.integration.web.visitor import signed_in


def around_now() -> Period:
    now = database_now()
    return Period(now - WEEK, now + WEEK)


def logged(*, complete: bool) -> SessionLog:
    """Session evidence of one grant, with an event of ten days ago."""
    now = database_now()
    log = SessionLog.objects.create(hold=Hold.objects.order_by("pk")[0], since=now, until=now, complete=complete)
    values: dict[str, Any] = {"name": "RunInstances", "source": "ec2.amazonaws.com", "region": "", "changing": True}
    SessionEvent.objects.create(log=log, event_id="e-1", at=now - timedelta(days=10), **values)
    return log


# --- tables


def test_a_table_by_itself_is_what_a_pack_holds(office: Office) -> None:
    worked(office)
    actor, period = office.actor(auditor(office)), around_now()
    files = files_of(made(office, since=period.since, until=period.until))
    for name in TABLES:
        assert table_of(actor, name, period) == json.loads(files[f"{name}.json"]), name


@pytest.mark.parametrize("name", ["sato", "takahashi"])
def test_who_is_audited_takes_no_table(office: Office, name: str) -> None:
    with pytest.raises(Refused):
        table_of(office.actor(name), "requests", around_now())


def test_a_guest_takes_their_period_s_tables_only(office: Office) -> None:
    worked(office)
    now = database_now()
    guest(office, since=now - WEEK, until=now + WEEK)
    endo = office.actor("endo")
    assert len(table_of(endo, "requests", Period(now - WEEK, now + WEEK))) == 2
    with pytest.raises(Refused):
        table_of(endo, "requests", Period(now - 2 * WEEK, now))


def test_the_page_gives_it_as_csv_that_no_spreadsheet_runs_and_that_is_recorded(office: Office) -> None:
    worked(office)
    auditor(office)
    today = str(database_now().date() + timedelta(days=1))
    query = {"table": "requests", "since": "2026-01-01", "until": today, "format": "csv"}
    answer = signed_in(office, "ito").get("/audit/export", query)
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))  # type: ignore[attr-defined]
    assert [row["about"] for row in rows][1].startswith("'=")
    assert Entry.objects.filter(kind="audit.downloaded", body__contains="/audit/export").exists()
    client = signed_in(office, "ito")
    assert client.get("/audit/export", {**query, "table": "users"}).status_code == 404
    assert client.get("/audit/export", {**query, "since": "gestern"}).status_code == 409


def test_the_api_gives_conflicts_and_tables_to_who_audits_and_to_nobody_else(office: Office) -> None:
    worked(office)
    auditor(office)
    period = {"since": "2026-01-01T00:00:00Z", "until": "2030-01-01T00:00:00Z"}
    assert len(Caller(office, "ito").get("audit/tables/grants", **period).json()) == 4
    assert Caller(office, "ito").get("audit/conflicts", **period).status_code == 200
    for name in ("sato", "suzuki", "kim"):
        assert Caller(office, name).get("audit/conflicts", **period).status_code == 403
        assert Caller(office, name).get("audit/tables/grants", **period).status_code == 403
    assert Caller(office, "takahashi").get("audit/tables/grants", **period).status_code == 403


# --- how long


def test_every_class_says_how_long_and_how_much_there_is(office: Office) -> None:
    worked(office)
    found = {one.kept.title: one for one in standing(office.actor(auditor(office)))}
    assert found["Entries of the ledger"].days is None
    assert found["Entries of the ledger"].count == Entry.objects.count()
    assert found["Requests with their plans and grants"].count == Request.objects.count()
    assert found["Audit packs"].days == 90


def test_events_older_than_they_are_kept_go_and_their_figures_stay(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    worked(office)
    log = logged(complete=True)
    assert let_go() == 0
    monkeypatch.setattr(settings, "KUMOBAN_KEEP_EVENTS_DAYS", 9)
    assert let_go() == 1
    assert SessionLog.objects.filter(pk=log.pk).exists()
    assert Entry.objects.filter(kind="retention.let_go").count() == 1
    assert let_go() == 0


def test_events_that_are_still_being_collected_stay(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    worked(office)
    logged(complete=False)
    monkeypatch.setattr(settings, "KUMOBAN_KEEP_EVENTS_DAYS", 9)
    assert let_go() == 0
    assert SessionEvent.objects.exists()


def test_an_old_pack_is_dropped_and_its_digest_stays(office: Office) -> None:
    worked(office)
    pack = made(office)
    Pack.objects.update(made_at=database_now() - timedelta(days=91))
    assert let_go() == 1
    pack.refresh_from_db()
    assert (pack.state, bool(pack.digest)) == ("dropped", True)
    assert not PackPart.objects.exists()
    with pytest.raises(Refused):
        content_of(pack)


def test_nothing_of_the_ledger_ever_goes(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    worked(office)
    entries, texts = Entry.objects.count(), EntryText.objects.count()
    for name in ("KUMOBAN_KEEP_EVENTS_DAYS", "KUMOBAN_KEEP_PACKS_DAYS"):
        monkeypatch.setattr(settings, name, 0)
    let_go()
    assert Entry.objects.count() >= entries
    assert EntryText.objects.count() >= texts
    assert verify().whole
