"""What every page shows around its own content."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db.models import QuerySet
from django.http import HttpRequest

from kumoban.aws.mode import observing
from kumoban.desk import clock, rules
from kumoban.desk.models import Request
from kumoban.desk.people import Actor
from kumoban.desk.requests import open_reviews
from kumoban.desk.step_up import proved_recently
from kumoban.estate.models import Team
from kumoban.ledger.seal import went_back

__all__ = ["forget_counts", "frame", "remember_inbox"]

#: seconds for which the numbers in the menu, and the team's name beside the person's, may be old
_COUNTED = 10
_EMERGENCIES = "open-emergencies"


def frame(request: HttpRequest) -> dict[str, Any]:
    """Read once for a request, however many templates it renders."""
    if not hasattr(request, "frame"):
        request.frame = _read(request)  # type: ignore[attr-defined]
    return dict(request.frame)  # type: ignore[attr-defined]


def _read(request: HttpRequest) -> dict[str, Any]:
    user = getattr(request, "user", None)
    kind = {"demo": settings.KUMOBAN_DEMO, "observing": observing(), "went_back": _went_back()}
    if user is None or not user.is_authenticated or request.headers.get("HX-Request"):
        return kind
    if user.person is None or not user.person.can_act:  # no page but one that says what is wrong
        return kind
    actor = getattr(request, "actor", None) or Actor(user)
    now = actor.now
    return {
        **kind,
        "actor": actor,
        "own_team": _team_name(actor),
        "inbox_count": _counted(f"inbox-count:{actor.person.id}", lambda: rules.inbox(actor)),
        "work_count": _counted(f"work-count:{actor.person.id}", lambda: rules.work(actor, now)) if actor.ops else 0,
        "emergency_banner": _emergencies() if actor.ops else (),
        "now": now,
        # a button was refused here for want of a recent proof: the page says where to bring one
        "prove_again": request.method == "POST" and not proved_recently(actor),
    }


def _team_name(actor: Actor) -> str:
    """Of the team whose members' group this person is in, the first where there are several; on every page."""
    teams: dict[str, tuple[str, str]] | None = cache.get("teams")
    if teams is None:
        rows = Team.objects.filter(absent_since=None).order_by("-slug").values_list("group_id", "slug", "name")
        teams = {group: (slug, name) for group, slug, name in rows}
        cache.set("teams", teams, _COUNTED)
    return min((teams[group] for group in actor.groups if group in teams), default=("", ""))[1]


def _went_back() -> bool:
    """Seldom true, and shown on every page: asked once in a while."""
    found: bool | None = cache.get("went-back")
    if found is None:
        found = went_back()
        cache.set("went-back", found, _COUNTED)
    return found


def _counted(key: str, rows: Callable[[], QuerySet[Request]]) -> int:
    """Shown on every page, so it is counted once in a while; what the person decides themselves shows at once."""
    found: int | None = cache.get(key)
    if found is None:
        found = rows().count()
        cache.set(key, found, _COUNTED)
    return found


def _emergencies() -> list[dict[str, Any]]:
    """In force, or not yet reviewed: on every page of the operations team until somebody has closed the review."""
    found: list[dict[str, Any]] | None = cache.get(_EMERGENCIES)
    if found is None:
        now = clock.now()
        found = [
            {
                "number": one.request.number,
                "shown": one.request.shown,
                "who": one.request.requester.display_name,
                "live": one.due is None,
                "due": one.due,
                "late": one.due is not None and one.due <= now,
            }
            for one in open_reviews()
        ]
        cache.set(_EMERGENCIES, found, _COUNTED)
    return found


def remember_inbox(actor: Actor, waiting: int) -> None:
    """Who has just read all of it need not count it again."""
    cache.set(f"inbox-count:{actor.person.id}", waiting, _COUNTED)


def forget_counts(actor: Actor) -> None:
    cache.delete_many([_EMERGENCIES, f"inbox-count:{actor.person.id}", f"work-count:{actor.person.id}"])
