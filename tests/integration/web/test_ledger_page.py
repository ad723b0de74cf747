"""The ledger's page and its exports: whole, and never more than one may see."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

from kumoban.desk import records, requests
from kumoban.ledger.record import record, writing
from kumoban.web import ledger_page
from tests.integration.conftest import Office
from tests.integration.web.visitor import signed_in


def sent(answer: Any) -> str:
    return b"".join(answer.streaming_content).decode()


def test_an_approver_reads_what_is_about_the_requests_they_see(office: Office) -> None:
    made = requests.ask(office.actor("sato"), "temporary-access", office.form())
    for name in ("sato", "suzuki", "takahashi"):
        assert f"/requests/{made.number}" in signed_in(office, name).get("/ledger").content.decode()
    assert made.number not in signed_in(office, "kim").get("/ledger").content.decode()
    assert made.number not in sent(signed_in(office, "kim").get("/ledger/export.jsonl"))


def test_it_is_narrowed_down_by_who_and_when(office: Office) -> None:
    requests.ask(office.actor("sato"), "temporary-access", office.form())
    client = signed_in(office, "takahashi")
    assert "request.asked" in client.get("/ledger", {"actor": "sato"}).content.decode()
    assert "request.asked" not in client.get("/ledger", {"actor": "kim"}).content.decode()
    assert "request.asked" not in client.get("/ledger", {"until": "2001-01-01"}).content.decode()
    assert "request.asked" in client.get("/ledger", {"since": "2001-01-01"}).content.decode()


def test_a_day_that_is_none_is_told_and_kept(office: Office) -> None:
    answer = signed_in(office, "takahashi").get("/ledger", {"since": "きのう"})
    assert answer.status_code == 422
    assert 'value="きのう"' in answer.content.decode()


def test_pages_lead_on_to_older_entries(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_page, "PAGE", 3)
    with writing():
        for index in range(5):
            record("test.said", actor="desk", subject=f"X-{index}")
    client = signed_in(office, "takahashi")
    first = client.get("/ledger", {"kind": "test."}).content.decode()
    assert "X-4" in first
    assert "X-1" not in first
    before = first.split("before=")[1].split('"')[0]
    assert "X-1" in client.get("/ledger", {"kind": "test.", "before": before}).content.decode()


def test_exports_hold_everything_that_matches(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "CHUNK", 4)
    with writing():
        for index in range(11):
            record("test.said", actor="desk", subject=f"X-{index}")
    client = signed_in(office, "takahashi")
    lines = sent(client.get("/ledger/export.jsonl", {"kind": "test."})).splitlines()
    assert [json.loads(line)["subject"] for line in lines] == [f"X-{index}" for index in range(10, -1, -1)]
    rows = list(csv.reader(io.StringIO(sent(client.get("/ledger/export.csv", {"kind": "test."})))))
    assert len(rows) == 12
