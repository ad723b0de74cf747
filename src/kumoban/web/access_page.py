"""Who has access: a table of people, accounts and permission sets with their path; narrowed down, paged, given out."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_GET

from kumoban.desk import clock
from kumoban.desk.access import COUNTED, access_csv, counted, unread, who_has_access
from kumoban.estate.access import Wanted
from kumoban.estate.models import Account
from kumoban.web.downloads import sent_as
from kumoban.web.gate import page

__all__ = ["access_page"]


@page
@require_GET
def access_page(request: Any) -> HttpResponseBase:
    actor, asked = request.actor, _asked(request)
    wanted = Wanted(**asked)
    if request.GET.get("format") == "csv":
        return sent_as("access.csv", "text/csv", access_csv(actor, wanted))
    found = who_has_access(actor, wanted, request.GET.get("after", ""))
    given = {name: value for name, value in asked.items() if value}
    context = {
        "here": "access",
        "rows": found.rows,
        "next": urlencode({**given, "after": found.next}) if found.next else "",
        "first": not request.GET.get("after"),
        "count": counted(actor, wanted),
        "most": COUNTED,
        "asked": asked,
        "query": urlencode(given),
        "unread": unread(actor),
        "everything": actor.ops or actor.auditor,
        "environments": Account.objects.exclude(environment="").order_by("environment")
        .values_list("environment", flat=True).distinct(),
        "now": clock.now(),
    }  # fmt: skip
    return render(request, "web/access.html", context)


def _asked(request: Any) -> dict[str, str]:
    names = ("text", "person", "account", "permission_set", "environment", "path", "adopted", "standing")
    return {name: request.GET.get(name, "").strip()[:120] for name in names}
