"""Why somebody may have something or may not, by every rule, and who could approve it now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from kumoban.desk.explain import Explanation, Placed, Question, explain
from kumoban.desk.planning import ShapeError
from kumoban.desk.routine import routine_of
from kumoban.desk.shapes import read
from kumoban.estate.models import Person
from kumoban.web.gate import page
from kumoban.web.problems import by_field
from kumoban.web.rule_form import Pick, ruled
from kumoban.web.rule_view import Names, offered, options_of

__all__ = ["explain_page"]

#: people suggested while typing; anybody else is typed whole
SUGGESTED = 500


@page
@require_GET
def explain_page(request: Any) -> HttpResponse:
    """May this person have this? The question stands in the address, so that an answer can be passed on."""
    asked = _asked(request)
    errors: dict[str, list[str]] = {}
    told: Explanation | None = None
    if "person" in request.GET and "look" not in request.GET:
        try:
            told = explain(read(Question, asked))
        except ShapeError as shape:
            errors = by_field(shape)
    context = {
        "here": "rules",
        "asked": asked,
        "people": _people(),
        "routines": ruled(),
        "picks": _picks(request, asked, errors),
        "errors": errors,
        "told": told,
        "rules": _told_rules(told) if told else [],
        "seats": _seats(told) if told else [],
    }
    return render(request, "web/rules/explain.html", context, status=422 if errors else 200)


def _people() -> list[tuple[str, str]]:
    found = Person.objects.filter(absent_since=None, enabled=True).order_by("user_name")[:SUGGESTED]
    return [(one.user_name, one.display_name) for one in found]


def _asked(request: Any) -> dict[str, Any]:
    given = request.GET
    routine = routine_of(given.get("routine", "")) or next(iter(ruled()), None)
    values = {
        one.name: [value for value in given.getlist(f"values.{one.name}") if value.strip()]
        for one in (routine.dimensions if routine else ())
    }
    return {
        "person": given.get("person", "").strip() or request.actor.person.user_name,
        "routine": routine.name if routine else "",
        "values": {name: found for name, found in values.items() if found},
        "minutes": given.get("minutes", "60").strip(),
        "machine": given.get("machine", "").strip(),
    }


def _picks(request: Any, asked: Mapping[str, Any], errors: Mapping[str, list[str]]) -> list[Pick]:
    """A list for each dimension that is asked for; the environment is the account's own."""
    routine = routine_of(asked["routine"])
    dimensions = routine.dimensions if routine else ()
    names = {one.name for one in dimensions}
    return [
        Pick(
            f"values.{one.name}",
            _(one.title),
            f"exact.{one.name}" if offered(one) else "",
            tuple(asked["values"].get(one.name, ())),
            tuple(
                options_of(
                    f"exact.{one.name}",
                    request.GET.get(f"narrow.values.{one.name}", ""),
                    asked["values"].get(one.name, ()),
                )
            ),
            tuple(errors.get(f"values.{one.name}", errors.get("values", []) if one.name == "account" else [])),
            request.GET.get(f"narrow.values.{one.name}", ""),
        )
        for one in dimensions
        if not (one.name == "environment" and "account" in names)
    ]


def _told_rules(told: Explanation) -> list[dict[str, Any]]:
    """Each rule once, with what it says about each thing; those that decided first."""
    grouped: dict[int, list[Placed]] = {}
    for placed in told.placed:
        grouped.setdefault(placed.rule.pk, []).append(placed)
    titles = {one.name: _(one.title) for one in told.routine.dimensions}
    accounts = dict(_account_names({one.value.get("account", "") for one in told.placed}))
    rows = [
        {
            "rule": all_of_it[0].rule,
            "denies": any(one.denies for one in all_of_it),
            "matched": any(one.matched for one in all_of_it),
            "things": [
                {
                    "about": accounts.get(one.value.get("account", ""), "") if len(all_of_it) > 1 else "",
                    "matched": one.matched,
                    "missed": [_missed(name, titles) for name in one.missed],
                }
                for one in all_of_it
            ],
        }
        for all_of_it in grouped.values()
    ]
    return sorted(rows, key=lambda row: (not row["denies"], not row["matched"]))


def _account_names(ids: set[str]) -> list[tuple[str, str]]:
    return [(value, label) for value, label, _hint in options_of("exact.account", "", sorted(ids - {""}))]


def _missed(name: str, titles: Mapping[str, str]) -> str:
    if name == "disabled":
        return _("it is disabled")
    if name == "who":
        return _("it speaks of other people")
    if name == "length":
        return _("it allows less time")
    if name == "hours":
        return _("it allows at other hours")
    if name == "week":
        return _("its total of this week is used up")
    if name == "pairs":
        return _("it is about other pairs")
    if name == "emergency":
        return _("it is for emergencies, approved afterwards")
    if name == "qualified":
        return _("the runbook is not read, or the exercise not finished")
    return _("other value: %(dimension)s") % {"dimension": titles.get(name, name)}


def _seats(told: Explanation) -> list[dict[str, Any]]:
    names = Names([{"approvers": [{"group": ref} for seat in told.seats for ref in seat.slot.refs]}])
    return [
        {
            "title": _("the requester's manager")
            if seat.slot.kind == "manager"
            else names.group(seat.slot.refs[0])
            if seat.slot.kind == "group" and seat.slot.refs
            else _("named people"),
            "count": seat.slot.count,
            "people": [person.display_name for person in seat.people],
            "stand_ins": seat.stand_ins,
            "rules": seat.slot.rules,
        }
        for seat in told.seats
    ]
