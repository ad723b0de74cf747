"""Lists as CSV: whole, only what one may see, and nothing in them that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
from typing import Any

from kumoban.desk import requests
from tests.integration.conftest import Office
from tests.integration.web.visitor import signed_in


def rows(answer: Any) -> list[dict[str, str]]:
    text = b"".join(answer.streaming_content).decode()
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text.lstrip("\ufeff"))))


def test_requests_come_as_csv_with_what_was_searched(office: Office) -> None:
    made = requests.ask(office.actor("sato"), "temporary-access", office.form(reason="=HYPERLINK(1)の調査"))
    requests.ask(
        office.actor("kim"), "other-request", {"subject": "S3 バケット", "what": "ログ用のバケットを作ってください"}
    )
    (row,) = rows(signed_in(office, "sato").get("/mine?format=csv"))
    assert (row["number"], row["state"], row["workers"]) == (made.number, "waiting", "ren sato")
    assert row["reason"].startswith("'=")
    assert len(rows(signed_in(office, "takahashi").get("/mine?all=1&format=csv"))) == 2
    assert rows(signed_in(office, "kim").get(f"/mine?q={made.number}&format=csv")) == []


def test_grants_come_as_csv(office: Office) -> None:
    made = requests.ask(office.actor("sato"), "temporary-access", office.form())
    requests.approve(office.actor("suzuki"), made.number, plan_digest=made.plan.digest)
    office.runner.drain()
    found = rows(signed_in(office, "takahashi").get("/grants?format=csv"))
    assert len(found) == 4
    assert {row["state"] for row in found} == {"active"}
    assert rows(signed_in(office, "kim").get("/grants?format=csv")) == []
