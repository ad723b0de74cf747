"""The HR department's table: previewed with what it would do, then written; and everything of one person."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpRequest
from ninja import File, Form, Router, Schema
from ninja.files import UploadedFile

from kumoban.api.answers import ReasonOut, reasons_out
from kumoban.api.callers import actor_of
from kumoban.desk import staff
from kumoban.desk.staff.person import PersonSheet, leave, sheet_of

__all__ = ["router"]

router = Router(tags=["people"])


class StaffLineOut(Schema):
    line: int
    employee_number: str
    person: str | None
    #: new, changed, same; empty where it is refused
    change: str
    refused: list[ReasonOut]


class LossOut(Schema):
    """What one person no longer has from a day on."""

    person: str
    day: date
    #: own teams no longer, each with how many accounts
    teams: dict[str, int]
    #: requests whose grants end with the last day
    grants: list[str]
    manager_changes: bool
    last_day: date | None


class UnanswerableOut(Schema):
    """A waiting request or a rule for which too few could decide without those who leave."""

    what: str
    who: str
    request: bool


class StaffPreviewOut(Schema):
    digest: str
    rows: int
    unchanged: int
    unknown: list[str]
    #: those refused, and the first 200 of the others that would write something
    lines: list[StaffLineOut]
    losses: list[LossOut]
    unanswerable: list[UnanswerableOut]


class TakenOut(Schema):
    rows: int


class PersonOut(Schema):
    """Everything of one person that the desk knows."""

    id: str
    user_name: str
    name: str
    can_act: bool
    groups: list[str]
    teams: list[str]
    manager: str
    department: str
    last_day: date | None
    #: numbers of requests with grants in force or to come
    grants: list[str]
    waiting: list[str]
    #: requests of others, not applied yet, with this person as a worker
    working: list[str]
    accounts_owned: list[str]
    rules: list[str]
    delegate_for: list[str]
    tokens: int


class LeftOut(Schema):
    #: of the request in which the operations team does the rest
    number: str


@router.post("/staff/preview", response=StaffPreviewOut)
def preview_staff(request: HttpRequest, file: File[UploadedFile]) -> dict[str, Any]:
    """What the table would write, who loses what, and what nobody could decide any more; nothing is stored.

    ``file``: CSV or TSV in UTF-8 or Shift JIS, with heads in Japanese or English, at most 8 MiB.
    """
    return _preview(staff.preview(actor_of(request, "rules"), staff.text_of(file)))


@router.post("/staff", response=TakenOut)
def take_staff(request: HttpRequest, file: File[UploadedFile], digest: Form[str]) -> dict[str, int]:
    """Written as it was previewed: ``digest`` as the preview gave it; anything changed since makes it void."""
    return {"rows": staff.take(actor_of(request, "rules"), staff.text_of(file), digest=digest)}


@router.get("/people/{person_id}", response=PersonOut)
def person(request: HttpRequest, person_id: str) -> dict[str, Any]:
    """One's own, or for the operations team and auditors anybody's; by id or user name."""
    return _sheet(sheet_of(actor_of(request), person_id))


@router.post("/people/{person_id}/leave", response=LeftOut)
def person_leaves(request: HttpRequest, person_id: str) -> dict[str, str]:
    """Ends all grants, withdraws what waits, returns what others asked for with them as a worker, revokes tokens.

    What is left is one request to the operations team.
    """
    return {"number": leave(actor_of(request, "rules"), person_id).number}


def _preview(seen: staff.Preview) -> dict[str, Any]:
    table = seen.table
    return {
        "digest": table.digest,
        "rows": len(table.taken),
        "unchanged": sum(line.change == "same" for line in table.lines),
        "unknown": list(table.unknown),
        "lines": [
            {
                "line": line.number,
                "employee_number": line.employee_number,
                "person": line.person.user_name if line.person else None,
                "change": line.change,
                "refused": reasons_out(line.refused),
            }
            for line in [*table.refused, *table.taken[:200]]
        ],
        "losses": [
            {
                "person": loss.person.user_name,
                "day": loss.day,
                "teams": dict(loss.teams),
                "grants": list(loss.grants),
                "manager_changes": loss.manager_changes,
                "last_day": loss.last_day,
            }
            for loss in seen.effects.losses
        ],
        "unanswerable": [
            {"what": one.what, "who": one.who, "request": one.request} for one in seen.effects.unanswerable
        ],
    }


def _sheet(of: PersonSheet) -> dict[str, Any]:
    return {
        "id": of.person.id,
        "user_name": of.person.user_name,
        "name": of.person.display_name,
        "can_act": of.person.can_act,
        "groups": [group.name for group in of.groups],
        "teams": [team.name for team in of.teams],
        "manager": of.manager.user_name if of.manager else "",
        "department": of.employment.department if of.employment else "",
        "last_day": of.employment.last_day if of.employment else None,
        "grants": list(dict.fromkeys(hold.request.number for hold in of.holds)),
        "waiting": [one.number for one in of.waiting],
        "working": [one.number for one in of.working],
        "accounts_owned": [account.id for account in of.accounts],
        "rules": [rule.name for rule in of.rules],
        "delegate_for": [absence.person.user_name for absence in of.stands_in],
        "tokens": len(of.tokens),
    }
