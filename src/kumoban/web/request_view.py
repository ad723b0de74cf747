"""A request as its pages show it: rows of the plan, the track of six dots, seals, what is unusual."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kumoban.core.plan import Plan
from kumoban.desk.models import Approval, Hold, Request, Step
from kumoban.desk.rules import Slot
from kumoban.estate.models import Group, Membership, Person
from kumoban.ledger.search import Recorded

__all__ = ["Dot", "history", "in_order", "plan_rows", "slot_views", "track", "unusual"]


def plan_rows(plan: Plan) -> list[dict[str, Any]]:
    return [
        {
            "shown": step.shown,
            "present": step.present,
            "title": step.title,
            "warnings": step.warnings,
            "manual": step.manual,
        }
        for step in plan.steps
    ]


def slot_views(slots: Sequence[Slot], seals: Sequence[Approval]) -> list[dict[str, Any]]:
    """Each requirement with the names of who may fill it and the rules that ask for it."""
    names = dict(
        Group.objects.filter(id__in=[ref for slot in slots for ref in slot.refs]).values_list("id", "description")
    )
    views = []
    for slot in slots:
        ids = set(slot.refs)
        if slot.kind == "group":
            ids = set(
                Membership.objects.filter(group_id__in=slot.refs, absent_since=None).values_list("person_id", flat=True)
            )
        people = Person.objects.filter(id__in=ids, absent_since=None).values_list("display_name", flat=True)[:6]
        title = (
            names.get(slot.refs[0], "")
            if slot.kind == "group"
            else _("Manager")
            if slot.kind == "manager"
            else _("Named")
        )
        views.append({"title": title, "people": list(people), "count": slot.count, "rules": slot.rules})
    return views


_TOLD = {
    "request.asked": gettext_noop("asked"),
    "request.waiting": gettext_noop("waiting for approval"),
    "request.sealed": gettext_noop("approved the plan"),
    "request.approved": gettext_noop("all approvals are there"),
    "request.scheduled": gettext_noop("checked; waiting for the start"),
    "request.applying": gettext_noop("checked on AWS; being applied"),
    "request.active": gettext_noop("everything was seen on AWS"),
    "request.end_asked": gettext_noop("asked to end early"),
    "request.ending": gettext_noop("ending began"),
    "request.ended": gettext_noop("the end was proven"),
    "request.returned": gettext_noop("returned for correction"),
    "request.denied": gettext_noop("denied"),
    "request.withdrawn": gettext_noop("withdrawn"),
    "request.lapsed": gettext_noop("lapsed"),
    "request.refused": gettext_noop("refused"),
    "request.failed": gettext_noop("something failed"),
    "request.resumed": gettext_noop("tried again"),
    "request.reported": gettext_noop("reported the completion"),
    "request.report_confirmed": gettext_noop("confirmed the completion report"),
    "grant.came_back": gettext_noop("it had come back and is being ended again"),
    "grant.made_by_others": gettext_noop("somebody else has made it again"),
}


def history(entries: Sequence[Recorded]) -> list[dict[str, Any]]:
    """What people want to know of the ledger's entries, newest first, with the name of who did it."""
    names = dict(Person.objects.filter(id__in={entry.actor for entry in entries}).values_list("id", "display_name"))
    return [
        {
            "who": names.get(entry.actor, _("Kumoban")),
            "what": _(_TOLD[entry.kind]),
            "at": entry.at,
            "texts": entry.texts,
        }
        for entry in entries
        if entry.kind in _TOLD
    ]


_ORDER = {"check": 0, "manual": 1, "apply": 2, "end": 3}


def in_order(steps: Iterable[Step]) -> list[Step]:
    """As they happen: the check, what is made, what is removed."""
    return sorted(steps, key=lambda step: (_ORDER.get(step.kind, 4), step.position, step.pk))


@dataclass(frozen=True)
class Dot:
    label: str
    state: str
    at: datetime | None = None


def track(request: Request, holds: Sequence[Hold]) -> list[Dot]:
    """The life of a request in one line: six dots, four where nothing ends."""
    labels = [_("Asked"), _("Planned"), _("Approved"), _("Applied"), _("Active"), _("Ended")]
    if (
        not holds
        and request.state in ("applying", "done")
        and request.plan
        and all(s.manual for s in request.plan.value.steps)
    ):
        labels = [_("Asked"), _("Planned"), _("In work"), _("Done")]
        reached = 3 if request.state == "done" else 2
    else:
        reached = {
            "drafted": 0, "planned": 1, "waiting": 2, "returned": 0, "approved": 3, "scheduled": 3, "applying": 3,
            "failed": 3, "active": 4, "ending": 5, "ended": 6, "undone": 6, "done": 6,
        }.get(request.state, 2)  # fmt: skip
    return [
        Dot(
            label,
            "done" if index < reached else "now" if index == reached else "later",
            request.created_at if index == 0 else None,
        )
        for index, label in enumerate(labels)
    ]


def unusual(request: Request) -> list[str]:
    """いつもと違う点: the first time in an account, deep night, the third this week."""
    found: list[str] = []
    accounts = {step.account for step in request.plan.value.steps} if request.plan else set()
    for worker in request.workers.all():
        before = Hold.objects.filter(person=worker, was_active=True, account_id__in=accounts).exclude(request=request)
        if not before.exists():
            found.append(_("%(name)s has not had access here before.") % {"name": worker.display_name})
    window = request.plan.value.window if request.plan else None
    if window and window.starts_at and window.starts_at.astimezone(ZoneInfo(settings.KUMOBAN_TIME_ZONE)).hour < 6:
        found.append(_("It starts deep in the night."))
    return found
