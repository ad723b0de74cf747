"""The account register: what people know of each account, beside what AWS says of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Field, Query, Router, Schema, Status

from kumoban.api.answers import ReasonOut, reasons_out
from kumoban.api.callers import actor_of
from kumoban.desk import register
from kumoban.desk.people import Actor
from kumoban.estate.models import Account, Person, RegisterColumn, RegisterEntry

__all__ = ["router"]

router = Router(tags=["accounts"])
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: accounts in one answer
_PAGE = 200


class FieldOut(Schema):
    """One field of the register. ``title`` is in the reader's language; values are text in its ``kind``'s form."""

    name: str
    title: str
    kind: str
    choices: list[str]
    required: bool


class AccountOut(Schema):
    """``values`` are all fields of the register as text: people by user name, dates ISO 8601, empty: not known.

    ``version`` is what a change says it has read; 0 where nothing was ever written.
    """

    id: str
    name: str
    email: str
    status: str
    present: bool
    ou: str
    team: str
    environment: str
    tags: dict[str, Any]
    seen_at: datetime
    values: dict[str, str]
    #: owner or deputy are no longer in the directory, or disabled there
    owner_gone: bool
    deputy_gone: bool
    #: register and tag mean different environments
    environment_differs: bool
    confirmed_by: str | None
    #: when the owner was asked to confirm; none once confirmed
    asked_at: datetime | None
    changed_at: datetime | None
    version: int


class FieldChange(Schema):
    """``before`` and ``after`` are null where they were erased. People are ids."""

    field: str
    before: str | None
    after: str | None


class SavingOut(Schema):
    at: datetime
    by: str
    kind: str
    version: int
    changes: list[FieldChange]


class RegisterIn(Schema):
    """``version`` as it was read; ``values``: the fields to change, and only those."""

    version: int = Field(ge=0, le=2**31 - 1)
    values: dict[str, str]


class Read(Schema):
    version: int = Field(ge=0, le=2**31 - 1)


class Table(Schema):
    """``csv``: the text of a table with the heads of the export, in either language, or the fields' names."""

    csv: str


class TableToWrite(Table):
    """``digest`` as the preview gave it: anything changed since makes it void."""

    digest: str


class RefusalOut(Schema):
    field: str
    reason: ReasonOut


class LineOut(Schema):
    line: int
    account: str | None
    changes: list[FieldChange]
    mended: list[ReasonOut]
    refused: list[RefusalOut]


class PreviewOut(Schema):
    """``unchanged``: lines that say what is there already. ``unknown``: columns that are left out."""

    digest: str
    lines: list[LineOut]
    unchanged: int
    unknown: list[str]


class Asked(Schema):
    q: str = ""
    ou: str = ""
    team: str = ""
    environment: str = ""
    gap: str = ""
    closed: bool = False

    def wanted(self) -> register.Wanted:
        return register.Wanted(**{name: value for name, value in self.model_dump().items() if name != "offset"})


class Paged(Asked):
    offset: int = Field(default=0, ge=0, le=10**6)


@router.get("/accounts", response=list[AccountOut])
def list_accounts(request: HttpRequest, asked: Query[Paged]) -> list[dict[str, Any]]:
    """By name, 200 at a time from ``offset`` on; ``ou`` an id, ``gap`` one of ``/accounts/gaps``."""
    found = register.accounts(actor_of(request), asked.wanted())
    known = register.fields()
    return [_account(one, known) for one in found[asked.offset : asked.offset + _PAGE]]


@router.get("/accounts/fields", response=list[FieldOut])
def list_fields(request: HttpRequest) -> list[dict[str, Any]]:
    actor_of(request)
    return [
        {
            "name": one.name,
            "title": register.label_of(one),
            "kind": one.kind,
            "choices": one.column.choices if one.column else [],
            "required": bool(one.column and one.column.required),
        }
        for one in register.fields()
    ]


@router.get("/accounts/gaps", response=dict[str, int])
def count_gaps(request: HttpRequest) -> dict[str, int]:
    """How many open accounts this person may see have each gap."""
    return dict(register.gaps(actor_of(request)))


@router.get("/accounts/export.csv")
def export_csv(request: HttpRequest, asked: Query[Asked]) -> HttpResponse:
    """In the reader's language; importing it back unchanged changes nothing."""
    text = "".join(register.as_csv(register.accounts(actor_of(request), asked.wanted())))
    return HttpResponse(text, content_type="text/csv; charset=utf-8")


@router.get("/accounts/export.xlsx")
def export_xlsx(request: HttpRequest, asked: Query[Asked]) -> HttpResponse:
    found = register.accounts(actor_of(request), asked.wanted())
    return HttpResponse(register.as_xlsx(found), content_type=_XLSX)


@router.post("/accounts/import/preview", response=PreviewOut)
def preview_import(request: HttpRequest, body: Table) -> dict[str, Any]:
    """What a table would change; nothing is written (operations team)."""
    return _preview(register.preview(actor_of(request, "rules"), body.csv))


@router.post("/accounts/import", response=PreviewOut)
def import_accounts(request: HttpRequest, body: TableToWrite) -> dict[str, Any]:
    """Exactly what was previewed, in one transaction; refused where anything of it is another now."""
    actor = actor_of(request, "rules")
    return _preview(register.import_entries(actor, body.csv, digest=body.digest))


@router.get("/accounts/{account_id}", response=AccountOut)
def get_account(request: HttpRequest, account_id: str) -> dict[str, Any]:
    return _one(actor_of(request), account_id)


@router.put("/accounts/{account_id}", response=AccountOut)
def change_account(request: HttpRequest, account_id: str, body: RegisterIn) -> dict[str, Any]:
    """The operations team changes everything (scope ``rules``), owner and deputy the contacts (scope ``ask``)."""
    actor = actor_of(request)
    register.change(actor, account_id, body.values, version=body.version)
    return _one(actor, account_id)


@router.post("/accounts/{account_id}/confirm", response=AccountOut)
def confirm_account(request: HttpRequest, account_id: str, body: Read) -> dict[str, Any]:
    """All of it is right as it was read: said by owner, deputy or the operations team."""
    actor = actor_of(request, "ask")
    register.confirm(actor, account_id, version=body.version)
    return _one(actor, account_id)


@router.get("/accounts/{account_id}/history", response=list[SavingOut])
def history(request: HttpRequest, account_id: str) -> list[dict[str, Any]]:
    """The newest first, at most 200."""
    account = register.account_seen(actor_of(request), account_id)
    savings = register.history_of(account.pk)
    names = dict(Person.objects.filter(id__in={one.by for one in savings}).values_list("id", "user_name"))
    return [
        {
            "at": one.at,
            "by": names.get(one.by, one.by),
            "kind": one.kind,
            "version": one.version,
            "changes": [{"field": name, "before": before, "after": after} for name, before, after in one.fields],
        }
        for one in savings
    ]


def _one(actor: Actor, account_id: str) -> dict[str, Any]:
    account = register.account_seen(actor, account_id)
    found = register.accounts(actor, register.Wanted(closed=True)).get(pk=account.pk)
    return _account(found, register.fields())


def _account(account: Account, known: list[register.Field]) -> dict[str, Any]:
    entry = register.entry_or_none(account)
    said = register.spoken(entry, known)
    same = ("id", "name", "email", "status", "present", "team", "environment", "tags", "seen_at")
    return {
        **{name: getattr(account, name) for name in same},
        "ou": (account.ou.name_path or account.ou.name) if account.ou else "",
        "values": said,
        "environment_differs": register.differs(account, said["environment"]),
        **_entry(entry),
    }


def _entry(entry: RegisterEntry | None) -> dict[str, Any]:
    owner, deputy = (entry.owner, entry.deputy) if entry else (None, None)
    confirmed_by = entry.confirmed_by if entry else None
    return {
        "owner_gone": bool(owner and not owner.can_act),
        "deputy_gone": bool(deputy and not deputy.can_act),
        "confirmed_by": confirmed_by.user_name if confirmed_by else None,
        "asked_at": entry.asked_at if entry else None,
        "changed_at": entry.changed_at if entry else None,
        "version": entry.version if entry else 0,
    }


def _preview(made: register.Preview) -> dict[str, Any]:
    """Lines that change nothing are only counted."""
    return {
        "digest": made.digest,
        "unchanged": made.unchanged,
        "unknown": list(made.unknown),
        "lines": [_line(line) for line in made.lines if line.changes or line.refused],
    }


def _line(line: register.Line) -> dict[str, Any]:
    return {
        "line": line.number,
        "account": line.account.pk if line.account else None,
        "changes": [{"field": one.field.name, "before": one.before, "after": one.after} for one in line.changes],
        "mended": reasons_out(line.mended),
        "refused": [{"field": name, "reason": reasons_out([reason])[0]} for name, reason in line.refused],
    }


# --- the company's own columns


@router.get("/register-columns")
def list_columns(request: HttpRequest) -> list[dict[str, Any]]:
    actor_of(request)
    read = ("key", "label_ja", "label_en", "kind", "required", "choices", "position")
    return list(RegisterColumn.objects.order_by("position", "id").values(*read))


@router.post("/register-columns", response={201: dict[str, Any]})
def save_column(request: HttpRequest, body: register.ColumnForm) -> Status[dict[str, Any]]:
    """The same key again changes the column."""
    made = register.save_column(actor_of(request, "rules"), body)
    return Status(201, {"key": made.key})


@router.delete("/register-columns/{key}", response={204: None})
def remove_column(request: HttpRequest, key: str) -> Status[None]:
    """What was written in it is kept, and shown again where the column comes back."""
    register.remove_column(actor_of(request, "rules"), key)
    return Status(204, None)
