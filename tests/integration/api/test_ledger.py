"""The ledger through the API: narrowed down, whole, and never more than one may see."""

from __future__ import annotations

import csv
import io
import json

import pytest

from kumoban.desk import records, requests
from kumoban.ledger.record import record, writing
from tests.integration.api.caller import Caller
from tests.integration.conftest import Office


def sent(answer: object) -> str:
    return b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]


def test_others_see_what_is_about_requests_they_may_see(office: Office) -> None:
    made = requests.ask(office.actor("sato"), "temporary-access", office.form())
    assert {entry["subject"] for entry in Caller(office, "sato").get("ledger").json()} >= {made.number}
    assert {entry["subject"] for entry in Caller(office, "suzuki").get("ledger").json()} >= {made.number}
    assert Caller(office, "kim").get("ledger", subject=made.number).json() == []
    assert sent(Caller(office, "kim").get("ledger/export", subject=made.number)) == ""


def test_it_is_narrowed_down_by_kind_actor_and_time(office: Office) -> None:
    made = requests.ask(office.actor("sato"), "temporary-access", office.form())
    ops = Caller(office, "takahashi")
    assert {entry["kind"] for entry in ops.get("ledger", kind="plan.").json()} == {"plan.made"}
    assert {entry["actor"] for entry in ops.get("ledger", actor="sato").json()} == {"u-sato"}
    assert ops.get("ledger", since="2999-01-01T00:00:00Z").json() == []
    assert ops.get("ledger", until="2001-01-01T00:00:00Z").json() == []
    assert ops.get("ledger", subject=made.number).json()


def test_an_export_is_whole_however_long_it_is(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "CHUNK", 7)
    with writing():
        for index in range(30):
            record("test.said", actor="desk", subject=f"X-{index}")
    lines = sent(Caller(office, "takahashi").get("ledger/export", kind="test.")).splitlines()
    assert [json.loads(line)["subject"] for line in lines] == [f"X-{index}" for index in range(29, -1, -1)]


def test_a_csv_export_opens_in_a_spreadsheet_and_runs_nothing(office: Office) -> None:
    with writing():
        record("test.said", actor="=1+1", subject="@cmd", texts={"comment": "理由"})
    text = sent(Caller(office, "takahashi").get("ledger/export", format="csv", kind="test."))
    assert text.startswith("\ufeff")
    head, row = list(csv.reader(io.StringIO(text.lstrip("\ufeff"))))
    found = dict(zip(head, row, strict=True))
    assert (found["actor"], found["subject"]) == ("'=1+1", "'@cmd")
    assert json.loads(found["texts"]) == {"comment": "理由"}
