"""What freezes say about plans that wait, so that nobody learns it only from a button."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from kumoban.core.freeze import Freeze
from kumoban.core.plan import Plan
from kumoban.core.reason import Reason
from kumoban.desk.models import FreezePeriod, Request
from kumoban.estate.models import Account

__all__ = ["freezes_over"]


def freezes_over(found: Iterable[Request], now: datetime) -> dict[int, list[Reason]]:
    """By request, each freeze its plan falls into: one that needs an exception approver, or one that refuses."""
    periods = list(FreezePeriod.objects.filter(ends_at__gt=now).order_by("starts_at"))
    plans = {one.pk: (one.routine, one.plan.value) for one in found if one.plan} if periods else {}
    wanted = {step.account for _routine, plan in plans.values() for step in plan.steps if step.account}
    paths = dict(Account.objects.filter(id__in=wanted).values_list("id", "ou__id_path")) if wanted else {}
    told: dict[int, list[Reason]] = {}
    for period in periods:
        for pk, (routine, plan) in plans.items():
            if _covers(period, routine, plan, paths, now):
                code = "freeze_needs_exception" if period.exception_group else "frozen"
                said = {"freeze": period.reason, "until": period.ends_at.isoformat()}
                told.setdefault(pk, []).append(Reason(code, said))
    return told


def _covers(period: FreezePeriod, routine: str, plan: Plan, paths: Mapping[str, str | None], now: datetime) -> bool:
    if plan.window is None:
        return False
    freeze = Freeze(period.starts_at, period.ends_at, tuple(period.routines), tuple(period.ou_ids))
    window = plan.window.resolved(now)
    found = {paths[step.account] or "" for step in plan.steps if step.account and step.account in paths}
    return any(freeze.covers(routine, path, window) for path in found)
