"""How far each routine is in the teams' own hands, and who of the operations team can do it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from kumoban.api.callers import actor_of
from kumoban.desk import handover

__all__ = ["router"]

router = Router(tags=["operations"])


class MonthOut(Schema):
    """One routine in one month. ``lead_seconds``: the median from asking until in force or done."""

    routine: str
    month: date
    requests: int
    lead_seconds: int | None
    without_operations: int
    minutes_by_hand: int


class PerformedOut(Schema):
    """``last_at``: for real; ``practised_at``: in practice; ``read_at``: the runbook. Never: null."""

    person: str
    routine: str
    times: int
    last_at: datetime | None
    practised_at: datetime | None
    read_at: datetime | None


class HandoverOut(Schema):
    months: list[MonthOut]
    performed: list[PerformedOut]


@router.get("/handover", response=HandoverOut)
def handed_over(request: HttpRequest) -> dict[str, Any]:
    """The last six months by routine, and who of the operations team approved or worked on what, when last,
    for real or in practice."""
    actor = actor_of(request)
    return {
        "months": [
            {
                "routine": one.routine,
                "month": one.month,
                "requests": one.requests,
                "lead_seconds": int(one.lead.total_seconds()) if one.lead is not None else None,
                "without_operations": one.without_operations,
                "minutes_by_hand": int(one.worked.total_seconds() // 60),
            }
            for one in handover.handed_over(actor)
        ],
        "performed": [
            {
                "person": one.person.user_name,
                "routine": one.routine,
                "times": one.times,
                "last_at": one.last_at,
                "practised_at": one.practised_at,
                "read_at": one.read_at,
            }
            for one in handover.performed(actor)
        ],
    }
