"""Access of before the desk, and how today's rules would have decided about it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_GET

from kumoban.core.reason import Reason
from kumoban.desk.models import PastAccess
from kumoban.desk.past import past_access, past_csv, summary
from kumoban.desk.rules import Slot
from kumoban.estate.models import Group, Person
from kumoban.web.downloads import sent_as
from kumoban.web.gate import page
from kumoban.web.numbers import whole

__all__ = ["past_page"]

#: rows on one page
PAGE = 100
#: refusals as a heading, where their sentences speak of one person
REFUSALS = {
    "no_rule_allows": gettext_noop("no rule allows it"),
    "denied_by_rule": gettext_noop("a deny rule forbids it"),
    "longer_than_rule": gettext_noop("longer than the rules allow"),
    "nobody_can_approve": gettext_noop("nobody could approve it"),
}


@page
@require_GET
def past_page(request: Any) -> HttpResponseBase:
    actor, asked = request.actor, _asked(request)
    found = past_access(actor, asked["text"], asked["outcome"])
    if request.GET.get("format") == "csv":
        return sent_as("past-access.csv", "text/csv", past_csv(found))
    last = whole(request.GET.get("before"))
    rows = list((found.filter(id__lt=last) if last is not None else found)[: PAGE + 1])
    told = summary(actor, asked["text"])
    given = {name: value for name, value in asked.items() if value}
    context = {
        "here": "access",
        "rows": _rows(rows[:PAGE]),
        "next": urlencode({**given, "before": rows[PAGE - 1].pk}) if len(rows) > PAGE else "",
        "told": told,
        "outcomes": [(one.value, one.label, told.outcomes[one.value]) for one in PastAccess.Outcome],
        "refusals": [(_(REFUSALS.get(code, code)), n) for code, n in told.refusals],
        "asked": asked,
        "query": urlencode(given),
    }
    return render(request, "web/past.html", context)


def _asked(request: Any) -> dict[str, str]:
    return {name: request.GET.get(name, "").strip()[:120] for name in ("text", "outcome")}


def _rows(found: list[PastAccess]) -> list[dict[str, Any]]:
    slots = {one.pk: [Slot.from_stored(slot) for slot in one.slots] for one in found}
    names = _names(slot for of_one in slots.values() for slot in of_one)
    return [
        {
            "past": one,
            "title": PastAccess.Outcome(one.outcome).label if one.outcome else _("not judged yet"),
            "why": [Reason.from_stored(why) for why in one.why],
            "approvers": [" / ".join(names.get(ref, ref) for ref in slot.refs) for slot in slots[one.pk]],
            "length": one.ends_at - one.starts_at if one.ends_at else None,
        }
        for one in found
    ]


def _names(slots: Iterable[Slot]) -> dict[str, str]:
    """Groups and people that would have to approve, by id."""
    refs = {ref for slot in slots for ref in slot.refs}
    groups = dict(Group.objects.filter(id__in=refs).values_list("id", "name"))
    return {**groups, **dict(Person.objects.filter(id__in=refs).values_list("id", "display_name"))}
