"""Access without a request by API: read by operations and auditors, explained, signed and excluded by the rules."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from kumoban.evidence.matching.models import Gap, Session
from tests.integration.api.caller import Caller
from tests.integration.evidence.conftest import Matching, matching
from tests.integration.evidence.months import MONTH, gap_row, month_row, session_row
from tests.integration.evidence.trail import PROD, deliver, event, user

pytestmark = pytest.mark.django_db(transaction=True)
__all__ = ["matching"]


def test_a_month_with_its_sessions_and_gaps_is_read(matching: Matching) -> None:
    month_row()
    session_row()
    session_row(
        key="b", outcome="matched", request="R-1", why={"code": "session_by_grant", "params": {"request": "R-1"}}
    )
    gap_row()
    api = Caller(matching.office, "kim", "read")
    found = api.get(f"matching/{MONTH}").json()
    assert (found["to_explain"], found["gaps_to_explain"], found["figures"]["records"]) == (1, 1, 88_210)
    every = api.get(f"matching/{MONTH}/sessions").json()
    assert (every["count"], every["next"], len(every["sessions"])) == (2, None, 2)
    asked = api.get(f"matching/{MONTH}/sessions", outcome="asked").json()["sessions"]
    assert [(one["who"], one["why"]["code"]) for one in asked] == [("batch", "session_user_unknown")]
    assert api.get(f"matching/{MONTH}/gaps").json()[0]["unreadable"][0][2] == "cut_short"
    assert [one["month"] for one in api.get("matching").json()] == [MONTH]
    assert api.get(f"matching/{MONTH}/export.csv").content.decode().count("\n") == 3
    assert api.get(f"matching/{MONTH}/export.xlsx").content[:2] == b"PK"


def test_a_month_is_explained_and_signed(matching: Matching) -> None:
    month, noon = matching.last_month()
    deliver(matching.aws, [event(PROD, noon, user(PROD, "batch"))])
    matching.matched()
    matching.settled(month)
    lead = Caller(matching.office, "tanaka", "read", "approve")
    digest = lead.get(f"matching/{month}").json()["digest"]
    early = lead.post(f"matching/{month}/sign", {"digest": digest})
    assert early.status_code == 409
    body: dict[str, Any] = {
        "sessions": list(Session.objects.values_list("pk", flat=True)),
        "gaps": list(Gap.objects.filter(month=month).values_list("pk", flat=True)),
        "comment": "確認済み",
    }
    elsewhere = session_row(key="elsewhere", month="2026-02")
    wrong = {**body, "sessions": [*body["sessions"], elsewhere.pk]}
    assert lead.post(f"matching/{month}/explain", wrong).status_code == 404
    assert lead.post(f"matching/{month}/explain", body).json() == {"explained": 1 + len(body["gaps"])}
    digest = lead.get(f"matching/{month}").json()["digest"]
    signed = lead.post(f"matching/{month}/sign", {"digest": digest, "comment": "完了"}).json()
    assert (signed["signed_by"], signed["signed_digest"], signed["digest"]) == ("tanaka", digest, digest)


def test_exclusions_are_the_lead_s(matching: Matching) -> None:
    today = matching.now.date()
    body = {
        "pattern": "arn:aws:iam::*:role/Deploy",
        "reason": "CI",
        "owner": "u-takahashi",
        "valid_from": today.isoformat(),
        "valid_until": (today + timedelta(days=90)).isoformat(),
    }
    assert Caller(matching.office, "takahashi", "rules").post("matching/exclusions", body).status_code == 403
    lead = Caller(matching.office, "tanaka", "read", "rules")
    made = lead.post("matching/exclusions", body)
    assert made.status_code == 201
    assert [one["owner"] for one in lead.get("matching/exclusions").json()] == ["takahashi"]
    assert lead.post(f"matching/exclusions/{made.json()['id']}/end", {}).json()["ended_at"]
    assert lead.post(f"matching/exclusions/{made.json()['id']}/end", {}).status_code == 404


@pytest.mark.parametrize("path", ["matching", f"matching/{MONTH}", f"matching/{MONTH}/sessions", "matching/exclusions"])
def test_others_read_nothing(matching: Matching, path: str) -> None:
    month_row()
    assert Caller(matching.office, "sato", "read").get(path).status_code == 403


def test_a_month_that_is_none_is_not_found(matching: Matching) -> None:
    month_row()
    api = Caller(matching.office, "kim", "read")
    for month in ("2026-99", "x", "2031-01"):
        assert api.get(f"matching/{month}").status_code == 404
