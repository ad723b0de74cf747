"""凍結期間: which freezes a plan falls into, for the decision and for everybody who must know of it beforehand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from kumoban.core.freeze import Freeze
from kumoban.core.plan import Plan
from kumoban.core.reason import Reason
from kumoban.desk.models import FreezePeriod, Request
from kumoban.estate.models import Account

__all__ = ["freezes_over", "freezing", "told_of"]


def freezing(routine: str, plan: Plan, now: datetime) -> list[FreezePeriod]:
    """The freezes that a plan of this routine falls into."""
    return _covering(_ahead(now), routine, plan, _paths([plan]), now)


def freezes_over(found: Iterable[Request], now: datetime) -> dict[int, list[Reason]]:
    """By request, each freeze its plan falls into; in three queries, however many requests."""
    periods = _ahead(now)
    plans = {one.pk: (one.routine, one.plan.value) for one in found if one.plan} if periods else {}
    paths = _paths([plan for _routine, plan in plans.values()])
    return {
        pk: [told_of(period) for period in covering]
        for pk, (routine, plan) in plans.items()
        if (covering := _covering(periods, routine, plan, paths, now))
    }


def told_of(period: FreezePeriod) -> Reason:
    """What a freeze says: it refuses, or it asks one more person."""
    said = {"freeze": period.reason, "until": period.ends_at.isoformat()}
    return Reason("freeze_needs_exception" if period.exception_group else "frozen", said)


def _ahead(now: datetime) -> list[FreezePeriod]:
    return list(FreezePeriod.objects.filter(ends_at__gt=now).order_by("starts_at"))


def _paths(plans: Iterable[Plan]) -> dict[str, str | None]:
    """The OUs of the accounts that these plans touch, from the root down."""
    wanted = {step.account for plan in plans for step in plan.steps if step.account}
    return dict(Account.objects.filter(id__in=wanted).values_list("id", "ou__id_path")) if wanted else {}


def _covering(
    periods: Iterable[FreezePeriod], routine: str, plan: Plan, paths: Mapping[str, str | None], now: datetime
) -> list[FreezePeriod]:
    if plan.window is None:
        return []
    window = plan.window.resolved(now)
    own = {paths[step.account] or "" for step in plan.steps if step.account and step.account in paths}
    return [period for period in periods if any(_freeze(period).covers(routine, path, window) for path in own)]


def _freeze(period: FreezePeriod) -> Freeze:
    return Freeze(period.starts_at, period.ends_at, tuple(period.routines), tuple(period.ou_ids))
