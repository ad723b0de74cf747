"""What every page shows around its own content."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from kumoban.desk import clock, rules
from kumoban.desk.people import Actor, team_of

__all__ = ["frame"]


def frame(request: HttpRequest) -> dict[str, Any]:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated or request.headers.get("HX-Request"):
        return {"demo": settings.KUMOBAN_DEMO}
    actor = getattr(request, "actor", None) or Actor(user)
    now = clock.now()
    return {
        "demo": settings.KUMOBAN_DEMO,
        "actor": actor,
        "team": team_of(actor.person.id),
        "inbox_count": rules.inbox(actor, now).count(),
        "now": now,
    }
