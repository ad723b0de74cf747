"""The tables of a pack: flat rows of texts, the same in JSON and CSV, each with the key by which the ledger knows it.

People are ids in the tables; ``people`` says who they are, by name and user name and nothing more.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from kumoban.desk.models import Approval, Hold, Request
from kumoban.desk.speech import titled
from kumoban.estate.models import Person
from kumoban.evidence.models import SessionLog
from kumoban.ledger.models import Entry

__all__ = ["Row", "approvals", "evidence", "grants", "people", "requests", "rule_changes"]

Row = dict[str, str]
_CHUNK = 500
_REQUEST = re.compile(r"R-\d+", re.ASCII)


def requests(entries: Sequence[Entry]) -> list[Row]:
    """Every request that any of these entries is about."""
    numbers = sorted({one.subject for one in entries if _REQUEST.fullmatch(one.subject)}, key=lambda n: int(n[2:]))
    found = {
        one.number: one
        for some in _chunks(numbers)
        for one in Request.objects.filter(number__in=some).select_related("plan").prefetch_related("workers")
    }
    return [_request(found[number]) if number in found else _missing(number) for number in numbers]


def _request(one: Request) -> Row:
    return {
        "key": one.number,
        "routine": one.routine,
        "about": titled(one),
        "state": one.state,
        "requester": one.requester_id,
        "workers": " ".join(sorted(worker.id for worker in one.workers.all())),
        "reason": one.reason,
        "emergency": "yes" if one.emergency else "no",
        "afterwards": one.ratification,
        "plan": one.plan.digest if one.plan else "",
        "asked_at": _iso(one.created_at),
        "starts_at": _iso(one.starts_at),
        "ends_at": _iso(one.ends_at),
        "closed_at": _iso(one.closed_at),
    }


def _missing(number: str) -> Row:
    """The ledger speaks of it and the desk has it no more: told in the place where it would stand."""
    return {**dict.fromkeys(_REQUEST_COLUMNS, ""), "key": number, "state": "MISSING"}


_REQUEST_COLUMNS = (
    *("key", "routine", "about", "state", "requester", "workers", "reason", "emergency", "afterwards", "plan"),
    *("asked_at", "starts_at", "ends_at", "closed_at"),
)


def approvals(entries: Iterable[Entry]) -> list[Row]:
    """Every signature that was given, as its entry says, with what became of it."""
    rows = []
    for one in entries:
        if one.kind == "request.sealed":
            facts = _facts(one)
            seal = Approval.objects.filter(
                plan__request__number=one.subject, person_id=one.actor, digest=facts.get("digest", "")
            ).first()
            rows.append(
                {
                    "key": f"{one.subject}#{one.seq}",
                    "request": one.subject,
                    "person": one.actor,
                    "on_behalf_of": str(facts.get("on_behalf_of", "")),
                    "plan": str(facts.get("digest", "")),
                    "at": _iso(one.at),
                    "void_at": _iso(seal.void_at) if seal else "MISSING",
                }
            )
    return rows


def grants(entries: Iterable[Entry]) -> list[Row]:
    """Every grant that became active, and how it ended."""
    rows: dict[str, Row] = {}
    for one in entries:
        if one.kind == "grant.active":
            thing = str(_facts(one).get("thing", ""))
            rows.setdefault(f"{one.subject} {thing}", _grant(one, thing))
    return list(rows.values())


def _grant(one: Entry, thing: str) -> Row:
    hold = Hold.objects.filter(request__number=one.subject, key=thing).order_by("pk").first()
    return {
        "key": f"{one.subject} {thing}",
        "request": one.subject,
        "person": (hold.person_id or "") if hold else "",
        "account": hold.account_id if hold else "",
        "permission_set": str(hold.shown.get("permission_set", "")) if hold else "",
        "state": hold.state if hold else "MISSING",
        "active_at": _iso(one.at),
        "ends_at": _iso(hold.ends_at) if hold else "",
        "ended_at": _iso(hold.ended_at) if hold else "",
        "ended_by": hold.ended_by if hold else "",
    }


def evidence(numbers: Sequence[str]) -> list[Row]:
    """The session evidence of these requests' grants, in figures."""
    rows = []
    for some in _chunks(numbers):
        logs = SessionLog.objects.filter(hold__request__number__in=some).select_related("hold__request")
        rows += [
            {
                "key": f"{log.hold.request.number} {log.hold.key}",
                "request": log.hold.request.number,
                "person": log.hold.person_id or "",
                "account": log.hold.account_id,
                "since": _iso(log.since),
                "until": _iso(log.until),
                "complete": "yes" if log.complete else "no",
                "changing": str(log.changing),
                "reading": str(log.reading),
                "refused": str(log.refused),
                "services": " ".join(sorted(log.services)),
            }
            for log in logs.order_by("hold_id")
        ]
    return rows


def rule_changes(entries: Iterable[Entry]) -> list[Row]:
    return [
        {
            "key": f"{one.subject}#{one.seq}",
            "rule": one.subject,
            "version": str(_facts(one).get("version", "")),
            "person": one.actor,
            "at": _iso(one.at),
            "content": json.dumps(_facts(one), ensure_ascii=False, sort_keys=True),
        }
        for one in entries
        if one.kind == "rule.saved"
    ]


def people(rows: Iterable[Row]) -> list[Row]:
    """Who the ids in these rows are."""
    ids = {word for row in rows for name in _PEOPLE if row.get(name) for word in row[name].split()}
    found = [
        {"key": one.id, "user_name": one.user_name, "name": one.display_name}
        for some in _chunks(sorted(ids))
        for one in Person.objects.filter(pk__in=some)
    ]
    return sorted(found, key=lambda row: row["key"])


_PEOPLE = ("requester", "workers", "person", "on_behalf_of")


def _chunks(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    return (keys[start : start + _CHUNK] for start in range(0, len(keys), _CHUNK))


def _facts(one: Entry) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(one.body)["facts"]
    return found


def _iso(at: datetime | None) -> str:
    return at.isoformat() if at else ""
