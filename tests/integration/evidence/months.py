"""A month with one session that nobody explained, a gap and an exclusion, as matching would have left it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from kumoban.estate.models import Person
from kumoban.evidence.matching.models import Exclusion, Gap, Month, Session
from kumoban.ledger.clock import database_now

__all__ = ["MONTH", "exclusion_row", "gap_row", "month_row", "session_row"]

MONTH = "2026-10"


def month_row(month: str = MONTH, **figures: Any) -> Month:
    told = {
        "days": ["2026-09-30", "2026-10-31"], "files": 1204, "records": 88_210, "duplicates": 1, "unreadable": 1,
        "no_session": {"aws_service": 61_200, "workload": 26_800}, "accounts": 2, "sessions": {"no_request": 1},
        "kinds": {"iam_user": 1}, "events": {"reading": 3, "changing": 2, "refused": 1}, "gaps": 1, **figures,
    }  # fmt: skip
    return Month.objects.create(month=month, figures=told, computed_at=database_now())


def session_row(**changed: Any) -> Session:
    at = datetime(2026, 10, 14, 18, 12, tzinfo=UTC)
    values: dict[str, Any] = {
        "month": MONTH,
        "key": "k",
        "kind": "iam_user",
        "principal": "arn:aws:iam::410122300001:user/batch",
        "account": "410122300001",
        "name": "batch",
        "first": at,
        "last": at,
        "reading": 3,
        "changing": 2,
        "refused": 1,
        "addresses": ["203.0.113.7"],
        "outcome": "no_request",
        "why": {"code": "session_user_unknown", "params": {}},
        "digest": "d",
    }
    return Session.objects.create(**{**values, **changed})


def gap_row(**changed: Any) -> Gap:
    broken = [["ap-northeast-1", "410122300002_CloudTrail_x.json.gz", "cut_short"]]
    values: dict[str, Any] = {"month": MONTH, "account": "410122300002", "days": ["2026-10-03"], "digest": "g"}
    return Gap.objects.create(**{**values, "unreadable": broken, **changed})


def exclusion_row(by: str = "u-takahashi") -> Exclusion:
    person = Person.objects.get(pk=by)
    return Exclusion.objects.create(
        pattern="arn:aws:iam::*:role/Deploy", reason="CI からのデプロイ", owner=person, made_by=person,
        valid_from="2026-10-01", valid_until="2027-03-31", made_at=database_now(),
    )  # fmt: skip
