"""What on AWS is accounted for by the desk: held by a grant, or made by the desk and not yet seen gone."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from django.db.models import Max

from kumoban.desk import clock
from kumoban.desk.models import Hold, Thing
from kumoban.desk.states import IN_FORCE

__all__ = ["closed_since", "held_things"]


def held_things() -> set[str]:
    """The keys of everything in force, on its way there, or on its way out."""
    holds = Hold.objects.filter(state__in=IN_FORCE).values_list("key", flat=True)
    made = Thing.objects.filter(closed_at=None, existed_before=False).values_list("key", flat=True)
    return {*holds, *made}


def closed_since(keys: Collection[str], since: datetime) -> Mapping[str, datetime]:
    """Of these, those that the desk ended after ``since``, on the database's clock (as looks at AWS are).

    What an older look shows of them tells nothing.
    """
    ahead, wanted = clock.offset(), set(keys)
    recent = Thing.objects.filter(closed_at__gt=since + ahead).values_list("key").annotate(at=Max("closed_at"))
    return {key: at - ahead for key, at in recent if key in wanted}
