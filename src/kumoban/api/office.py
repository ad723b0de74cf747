"""The office's calendar and the company's own fields: read by everybody, kept by the operations team."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema, Status

from kumoban.api.callers import actor_of
from kumoban.desk import office
from kumoban.desk.models import CompanyHoliday, ExtraField, FreezePeriod
from kumoban.desk.words import say

__all__ = ["router"]

router = Router(tags=["office"])


@router.get("/freezes")
def list_freezes(request: HttpRequest) -> list[dict[str, Any]]:
    """The nearest first, those that are over too. ``exception_group`` is a group's id."""
    actor_of(request)
    return [
        {
            "id": period.pk,
            "reason": period.reason,
            "starts_at": period.starts_at.isoformat(),
            "ends_at": period.ends_at.isoformat(),
            "routines": period.routines,
            "ou_ids": period.ou_ids,
            "exception_group": period.exception_group,
        }
        for period in FreezePeriod.objects.order_by("starts_at", "id")
    ]


@router.post("/freezes", response={201: dict[str, Any]})
def add_freeze(request: HttpRequest, body: office.FreezeForm) -> Status[dict[str, Any]]:
    made = office.add_freeze(actor_of(request, "rules"), **body.model_dump())
    return Status(201, {"id": made.pk})


@router.delete("/freezes/{int:freeze_id}", response={204: None})
def end_freeze(request: HttpRequest, freeze_id: int) -> Status[None]:
    """A freeze to come is taken back; one under way ends now."""
    office.end_freeze(actor_of(request, "rules"), freeze_id)
    return Status(204, None)


@router.get("/holidays")
def list_holidays(request: HttpRequest) -> list[dict[str, str]]:
    """The company's own; Japan's public holidays are known anyway."""
    actor_of(request)
    return [{"day": one.day.isoformat(), "name": one.name} for one in CompanyHoliday.objects.order_by("day")]


@router.post("/holidays", response={201: dict[str, Any]})
def add_holiday(request: HttpRequest, body: office.HolidayForm) -> Status[dict[str, Any]]:
    office.add_holiday(actor_of(request, "rules"), day=body.day, name=body.name)
    return Status(201, {"day": body.day.isoformat()})


class HolidayList(Schema):
    """``csv``: a line for each day, ``2026-12-29,年末休業``."""

    csv: str


@router.post("/holidays/list")
def take_holidays(request: HttpRequest, body: HolidayList) -> dict[str, Any]:
    """Many at once. Lines that are not understood are told; the others are taken."""
    taken = office.take_holidays(actor_of(request, "rules"), body.csv)
    return {
        "taken": [day.isoformat() for day in taken.days],
        "refused": [{"line": line, "code": why.code, "detail": say(why)} for line, why in taken.refused],
    }


@router.delete("/holidays/{day}", response={204: None})
def remove_holiday(request: HttpRequest, day: date) -> Status[None]:
    office.remove_holiday(actor_of(request, "rules"), day)
    return Status(204, None)


@router.get("/extra-fields")
def list_extra_fields(request: HttpRequest) -> list[dict[str, Any]]:
    actor_of(request)
    fields = ("id", "routine", "key", "label_ja", "label_en", "kind", "required", "pattern", "choices", "position")
    return list(ExtraField.objects.order_by("routine", "position", "id").values(*fields))


@router.post("/extra-fields", response={201: dict[str, Any]})
def add_extra_field(request: HttpRequest, body: office.ExtraFieldForm) -> Status[dict[str, Any]]:
    """The same routine and key again changes the field."""
    made = office.add_extra_field(actor_of(request, "rules"), body.model_dump())
    return Status(201, {"id": made.pk})


@router.delete("/extra-fields/{int:field_id}", response={204: None})
def remove_extra_field(request: HttpRequest, field_id: int) -> Status[None]:
    office.remove_extra_field(actor_of(request, "rules"), field_id)
    return Status(204, None)
