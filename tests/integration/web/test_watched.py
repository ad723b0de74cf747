"""What monitors read: the process, whether the desk can work, its figures; closed unless it was opened."""

from __future__ import annotations

import re
from datetime import timedelta
from ipaddress import ip_network

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from kumoban.aws.buckets import slow_down
from kumoban.desk import requests
from kumoban.desk.models import Duty, Step
from kumoban.ledger.clock import database_now
from kumoban.ledger.seal import last_seal, seal_head, seals
from tests.integration.conftest import Office
from tests.integration.findings.noticing import opened

TOKEN = {"Authorization": "Bearer watch-me"}


@pytest.fixture
def watched(office: Office, monkeypatch: pytest.MonkeyPatch) -> Office:
    monkeypatch.setattr(settings, "KUMOBAN_METRICS_TOKEN", "watch-me")
    return office


def figures() -> dict[str, float]:
    """By name with labels."""
    answer = Client().get("/metrics", headers=TOKEN)
    assert answer.status_code == 200
    lines = [line for line in answer.content.decode().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


def runner_seen(ago: timedelta = timedelta()) -> None:
    at = database_now() - ago
    Duty.objects.update_or_create(name="lapse", defaults={"due": at, "last_at": at})


def test_a_living_process_says_so_without_the_database(office: Office) -> None:
    with CaptureQueriesContext(connection) as queries:
        assert Client().get("/healthz").content == b"ok\n"
    assert len(queries) == 0


def test_ready_is_who_has_a_database_its_migrations_and_a_runner(office: Office) -> None:
    silent = Client().get("/readyz")
    assert (silent.status_code, silent.json()["runner"]) == (503, "not_seen")
    assert Client().get("/readyz?runner=no").status_code == 200
    runner_seen()
    assert Client().get("/readyz").json() == {"ready": True, "database": "ok", "migrations": "ok", "runner": "ok"}
    runner_seen(timedelta(minutes=4))
    assert Client().get("/readyz").status_code == 503


def test_without_a_setting_there_are_no_metrics(office: Office) -> None:
    assert Client().get("/metrics").status_code == 404
    assert Client().get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


def test_a_token_or_a_network_opens_them_but_never_through_a_proxy(
    watched: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Client().get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 404
    assert Client().get("/metrics", headers=TOKEN).status_code == 200
    monkeypatch.setattr(settings, "KUMOBAN_METRICS_FROM", [ip_network("127.0.0.0/8")])
    assert Client().get("/metrics").status_code == 200
    assert Client().get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 404
    assert Client().get("/metrics", REMOTE_ADDR="203.0.113.9").status_code == 404


def test_an_end_that_is_late_is_counted_with_its_age(watched: Office) -> None:
    made = requests.ask(watched.actor("sato"), "temporary-access", watched.form())
    requests.approve(watched.actor("suzuki"), made.number, plan_digest=made.plan.digest if made.plan else "")
    watched.runner.drain()
    assert figures()["kumoban_ends_overdue"] == 0
    assert figures()['kumoban_grants{state="active"}'] == 4
    Step.objects.filter(kind="end").update(due=database_now() - timedelta(minutes=7))
    late = figures()
    assert late["kumoban_ends_overdue"] == 4
    assert 420 <= late["kumoban_ends_overdue_oldest_seconds"] < 480
    assert late['kumoban_steps_due{rank="end"}'] == 4
    assert late['kumoban_requests{state="active"}'] == 1


def test_buckets_duties_ledger_and_mode_are_told(watched: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "KUMOBAN_AWS_LIMITS", True)
    watched.door.read("sso-admin", "list_account_assignment_creation_status")
    slow_down("sso-admin", 30)
    runner_seen(timedelta(minutes=2))
    Duty.objects.create(name="scan", due=database_now(), last_at=database_now(), last_error="AccessDenied")
    requests.ask(watched.actor("sato"), "temporary-access", watched.form())
    seal_head()
    read = figures()
    assert read['kumoban_bucket_wait_seconds{bucket="identity-center"}'] > 25
    assert 115 < read['kumoban_duty_done_age_seconds{duty="lapse"}'] < 180
    assert (read['kumoban_duty_failing{duty="scan"}'], read['kumoban_duty_failing{duty="lapse"}']) == (1, 0)
    assert read["kumoban_ledger_sealed_entries"] == read["kumoban_ledger_entries"] > 0
    assert read["kumoban_observing"] == 0
    monkeypatch.setattr(settings, "KUMOBAN_MODE", "observe")
    assert figures()["kumoban_observing"] == 1


def test_nothing_about_people_is_in_the_figures_and_they_cost_the_same_however_much_there_is(watched: Office) -> None:
    asked = []
    for more in (1, 5):
        for _ in range(more):
            requests.ask(watched.actor("sato"), "temporary-access", watched.form())
        with CaptureQueriesContext(connection) as queries:
            text = Client().get("/metrics", headers=TOKEN).content.decode()
        asked.append(len(queries))
    assert asked[0] == asked[1] < 25
    assert not re.search(r"sato|佐藤|payments|R-\d", text)


def test_the_newest_seal_is_read_from_the_end_of_the_file(office: Office) -> None:
    assert last_seal() is None
    for _ in range(40):
        requests.ask(office.actor("sato"), "temporary-access", office.form())
        seal_head()
    assert last_seal() == seals()[-1]
    with open(settings.KUMOBAN_LEDGER_SEAL_FILE, "a", encoding="utf-8") as file:
        file.write('{"at": "2026-')
    assert last_seal() == seals()[-1]


def test_findings_to_be_looked_at_are_counted_by_severity(watched: Office) -> None:
    opened("a", severity=3)
    opened("b", severity=3, state="suppressed")
    assert figures()['kumoban_findings{severity="high"}'] == 1
    assert figures()['kumoban_findings{severity="low"}'] == 0
