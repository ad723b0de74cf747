"""TEAM's requests as history. Their status was written by clients: it is kept as it was said, and proves nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from kumoban.core.reason import Reason
from kumoban.desk.from_team.export import Export
from kumoban.desk.past import Row

__all__ = ["history_rows"]

#: what of a request is kept beside who, what and when; never tokens or e-mail addresses of others
_SAID = {
    "status": "status",
    "ticketNo": "ticket",
    "justification": "reason",
    "approver": "approver",
    "revoker": "revoker",
    "comment": "comment",
}
_LONGEST = 200


def history_rows(export: Export) -> tuple[list[Row], list[tuple[str, Reason]]]:
    """Rows, and each request that is none, by its id and why."""
    rows: list[Row] = []
    refused: list[tuple[str, Reason]] = []
    for item in export.requests:
        read = _row(item)
        if isinstance(read, Row):
            rows.append(read)
        else:
            refused.append((str(item.get("id", "?"))[:80], read))
    return rows, refused


def _row(item: Mapping[str, Any]) -> Row | Reason:
    person, account, role = (str(item.get(name) or "") for name in ("username", "accountId", "role"))
    person = person or str(item.get("email") or "")
    starts, ends = _instant(item.get("startTime")), _instant(item.get("endTime"))
    if not (person and account and role and item.get("id")):
        return Reason("past_nothing_named")
    if starts is None:
        return Reason("past_no_time", {"text": str(item.get("startTime"))[:40]})
    if ends is None or ends <= starts:
        ends = _after(starts, item.get("duration"))
    if ends is None:
        return Reason("past_no_time", {"text": str(item.get("duration"))[:40]})
    said = {name: str(item[key])[:_LONGEST] for key, name in _SAID.items() if item.get(key)}
    return Row(str(item["id"]), person, account, role, starts, ends, said)


def _instant(text: Any) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return at if at.tzinfo else None


def _after(starts: datetime, hours: Any) -> datetime | None:
    """TEAM writes the length in whole hours, as text."""
    try:
        length = timedelta(hours=float(hours))
    except (TypeError, ValueError, OverflowError):
        return None
    return starts + length if timedelta() < length < timedelta(days=366) else None
