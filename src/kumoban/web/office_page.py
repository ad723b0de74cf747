"""The company's settings: freezes, holidays, extra fields. Everybody reads them, the operations team keeps them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kumoban.core.reason import Reason, Refused
from kumoban.core.spreadsheet import decoded
from kumoban.desk import clock, office
from kumoban.desk.models import CompanyHoliday, ExtraField, FreezePeriod
from kumoban.desk.planning import ShapeError
from kumoban.desk.requests import refused_attempt
from kumoban.desk.routine import all_routines
from kumoban.desk.shapes import read
from kumoban.estate.models import Group, OrganizationalUnit
from kumoban.web.gate import page
from kumoban.web.moments import aware
from kumoban.web.problems import by_field
from kumoban.web.rule_form import one_group

__all__ = ["end_freeze", "office_page", "remove_field", "remove_holiday"]

#: bytes of an uploaded list of holidays
MOST_UPLOADED = 64 * 1024


@page
def office_page(request: Any) -> HttpResponse:
    """One page with three parts; the form that was wrong is shown again as it was typed."""
    form = request.POST.get("form", "") if request.method == "POST" else ""
    errors: dict[str, list[str]] = {}
    taken: office.HolidaysTaken | None = None
    if form in _FORMS and "look" not in request.POST:
        try:
            taken = _FORMS[form](request)
            if taken is None or not taken.refused:
                messages.success(request, _("Saved."))
                return redirect(f"/office#{form}")
        except ShapeError as shape:
            errors = by_field(shape)
        except Refused as refused:
            refused_attempt(request.actor, f"office {form}", "office", refused)
            errors = by_field(refused)
    context = {
        **_known(),
        "here": "office",
        "form": form,
        "errors": errors,
        "problems": errors.get("", []),
        "taken": taken,
        "exception_group": one_group(
            "exception_group",
            _("Exception approver"),
            request.POST.get("exception_group", ""),
            {"exception_group": request.POST.get("narrow.exception_group", "")[:100]},
            _("none: everything is refused"),
            errors.get("exception_group", ()),
        ),
        "typed": request.POST,
        "chosen": {name: request.POST.getlist(name) for name in ("routines", "ou_ids")},
    }
    return render(request, "web/office.html", context, status=422 if errors else 200)


def _known() -> dict[str, Any]:
    now = clock.now()
    freezes = list(FreezePeriod.objects.order_by("-ends_at")[:50])
    named = Group.objects.filter(id__in={one.exception_group for one in freezes})
    groups = dict(named.values_list("id", "name"))
    ous = OrganizationalUnit.objects.filter(absent_since=None).order_by("name_path")
    ou_names = {one.id: one.name_path or one.name for one in ous}
    titles = {one.name: _(one.title) for one in all_routines()}
    return {
        "now": now,
        "freezes": [_freeze(one, groups, ou_names, titles) for one in freezes],
        "holidays": CompanyHoliday.objects.filter(day__gte=date(now.year - 1, 1, 1)).order_by("day"),
        "fields": [
            {"field": one, "routine": titles.get(one.routine, one.routine)}
            for one in ExtraField.objects.order_by("routine", "position", "id")
        ],
        "routines": list(titles.items()),
        "ous": list(ou_names.items()),
        "kinds": _kinds(),
    }


def _freeze(
    period: FreezePeriod, groups: dict[str, str], ous: dict[str, str], titles: dict[str, str]
) -> dict[str, Any]:
    return {
        "period": period,
        "routines": [titles.get(name, name) for name in period.routines],
        "ous": [ous.get(ou, ou) for ou in period.ou_ids],
        "group": groups.get(period.exception_group, period.exception_group),
    }


def _kinds() -> list[tuple[str, str]]:
    return [
        ("text", _("a line of text")),
        ("paragraph", _("several lines of text")),
        ("number", _("a number")),
        ("date", _("a date")),
        ("url", _("an address (URL)")),
        ("choice", _("one of several values")),
    ]


def _add_freeze(request: Any) -> None:
    given = request.POST
    data = {
        "reason": given.get("reason", ""),
        "starts_at": aware(given.get("starts_at", "")),
        "ends_at": aware(given.get("ends_at", "")),
        "routines": given.getlist("routines"),
        "ou_ids": given.getlist("ou_ids"),
        "exception_group": _group_name(given.get("exception_group", "")),
    }
    office.add_freeze(request.actor, **read(office.FreezeForm, data).model_dump())


def _group_name(given: str) -> str:
    """The desk knows the group by its name; the list gives its id."""
    return Group.objects.filter(id=given).values_list("name", flat=True).first() or given


def _add_holiday(request: Any) -> None:
    data = {"day": request.POST.get("day", ""), "name": request.POST.get("name", "")}
    office.add_holiday(request.actor, **read(office.HolidayForm, data).model_dump())


def _take_holidays(request: Any) -> office.HolidaysTaken:
    """Pasted, or a file in UTF-8 or as Japanese spreadsheets write it."""
    uploaded = request.FILES.get("file")
    if uploaded is None:
        return office.take_holidays(request.actor, request.POST.get("csv", ""))
    if uploaded.size > MOST_UPLOADED:
        raise Refused(Reason("holidays_too_many", {"most": office.MOST_HOLIDAYS}))
    return office.take_holidays(request.actor, decoded(uploaded.read()) or "")


def _add_field(request: Any) -> None:
    given = request.POST
    data = {
        "routine": given.get("routine", ""),
        "key": given.get("key", ""),
        "label_ja": given.get("label_ja", ""),
        "label_en": given.get("label_en", ""),
        "kind": given.get("kind", "text"),
        "required": "required" in given,
        "pattern": given.get("pattern", ""),
        "choices": [line.strip() for line in given.get("choices", "").splitlines() if line.strip()],
        "link": given.get("link", ""),
        "position": given.get("position", "").strip() or 0,
    }
    office.add_extra_field(request.actor, read(office.ExtraFieldForm, data).model_dump())


_FORMS: dict[str, Callable[[Any], office.HolidaysTaken | None]] = {
    "freezes": _add_freeze,
    "holidays": _add_holiday,
    "list": _take_holidays,
    "fields": _add_field,
}


@page
@require_POST
def end_freeze(request: Any, pk: int) -> HttpResponse:
    office.end_freeze(request.actor, pk)
    return _done(request, "freezes")


@page
@require_POST
def remove_holiday(request: Any, day: str) -> HttpResponse:
    parsed = parse_date(day)
    if parsed is None:
        raise Refused(Reason("no_such_holiday", {"day": day[:20]}))
    office.remove_holiday(request.actor, parsed)
    return _done(request, "holidays")


@page
@require_POST
def remove_field(request: Any, pk: int) -> HttpResponse:
    office.remove_extra_field(request.actor, pk)
    return _done(request, "fields")


def _done(request: Any, part: str) -> HttpResponse:
    messages.success(request, _("Done."))
    return redirect(f"/office#{part}")
