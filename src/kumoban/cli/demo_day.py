"""The demo's day: some requests of its people, so that today's operations and the calendar have something to show."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from kumoban.core.reason import Refused
from kumoban.desk import clock, requests, shift_notes
from kumoban.desk.models import Request
from kumoban.desk.office_calendar import organisation_zone
from kumoban.desk.people import Actor
from kumoban.desk.planning import ShapeError
from kumoban.desk.sign_in import demo_user
from kumoban.estate.models import Account, PermissionSet

__all__ = ["fill_day"]


def fill_day() -> int:
    """Does nothing where somebody has asked already. How many requests were made, each as its person would."""
    if Request.objects.exists():
        return 0
    tonight = _evening()
    made = [
        _access("emma.clark", "search-dev", tonight, 2, "検索インデックスの再構築"),
        _access("daniel.kim", "search-dev", tonight + timedelta(hours=1), 2, "Load test of the new ranking"),
        _access("daniel.kim", "search-stg", tonight + timedelta(days=1), 3, "Rehearsal of the release"),
        _other(
            "watanabe.sho", "社内 DNS への転送", "pay.internal への転送を追加してください。影響は検証環境のみです。"
        ),
        _other("emma.clark", "Read access for the audit", "Please let me read search-dev for an hour tomorrow."),
    ]
    keeper = Actor(demo_user("ito.naoki"))
    shift_notes.leave(keeper, "昨夜の edge-prod は様子見。同じ警告が出たら伊藤へ。")
    return sum(one is not None for one in made)


def _evening() -> datetime:
    """22:00 of this day, or of the next where it is later than that."""
    here = clock.now().astimezone(organisation_zone())
    day = here.date() if here.hour < 21 else here.date() + timedelta(days=1)
    return datetime.combine(day, time(22), organisation_zone())


def _access(who: str, account: str, start: datetime, hours: int, reason: str) -> Request | None:
    """In that person's name, under the demo's rules."""
    actor = Actor(demo_user(who))
    wanted = Account.objects.filter(name=account, absent_since=None).first()
    permission_set = PermissionSet.objects.filter(name="Developer", absent_since=None).first()
    if wanted is None or permission_set is None:
        return None
    form = {
        "accounts": [wanted.pk],
        "permission_set": permission_set.arn,
        "workers": [actor.person.id],
        "start": start.isoformat(),
        "until": (start + timedelta(hours=hours)).isoformat(),
        "reason": reason,
    }
    return _asked(actor, "temporary-access", form)


def _other(who: str, subject: str, what: str) -> Request | None:
    return _asked(Actor(demo_user(who)), "other-request", {"subject": subject, "what": what})


def _asked(actor: Actor, routine: str, form: dict[str, Any]) -> Request | None:
    """A demo begins also where its own rules were changed before: what they refuse is left out."""
    try:
        return requests.ask(actor, routine, form)
    except (Refused, ShapeError):
        return None
