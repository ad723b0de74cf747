"""One's own notices: how one wants to be told, what one was told; the operations team's second try."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_GET, require_POST

from kumoban.core.reason import Reason, Refused
from kumoban.desk.models import Notice
from kumoban.desk.notices import outbox, slack_links, wishes
from kumoban.desk.notices.composing import compose
from kumoban.desk.notices.kinds import KINDS
from kumoban.desk.notices.readers import readers
from kumoban.desk.shapes import read
from kumoban.web.gate import page

__all__ = ["lost_rows", "make_code", "notice_page", "try_again", "unlink", "wish", "wishes_context"]

_SHOWN = 20
_LOST = 50
_STATES = {
    "waiting": gettext_noop("waits"),
    "failing": gettext_noop("is tried again"),
    "sent": gettext_noop("sent"),
    "dropped": gettext_noop("mattered no more"),
    "given_up": gettext_noop("given up"),
}
_LANES = {"mail": gettext_noop("Mail"), "slack": gettext_noop("Slack")}


def wishes_context(request: Any) -> dict[str, Any]:
    """What the parts of one's own page need; ``told`` is the newest twenty."""
    now = wishes.standing_of(request.actor)
    told = [_row(one) for one in outbox.notices_of(request.actor)[:_SHOWN]]
    return {"wishes": now.wishes, "reach": now.reach, "link": now.link, "told": told}


def wish(request: Any) -> str:
    given = request.POST
    data = {
        "mail": given.get("mail") == "1",
        "slack": given.get("slack") == "1",
        "quiet_from": given.get("quiet_from", ""),
        "quiet_to": given.get("quiet_to", ""),
        "digest": given.get("digest") == "1",
    }
    wishes.wish(request.actor, read(wishes.NoticeWishes, data))
    return ""


def make_code(request: Any) -> str:
    code, _expires = slack_links.code_for(request.actor)
    return code


def lost_rows(request: Any) -> list[dict[str, Any]]:
    """What was given up, for the operations team's page of work."""
    return [{**_row(one), "who": one.person} for one in outbox.undelivered(request.actor)[:_LOST]]


def _row(one: Notice) -> dict[str, Any]:
    kind, state = KINDS.get(one.kind), outbox.state_of(one)
    return {
        "id": one.pk,
        "label": _(kind.label) if kind else one.kind,
        "number": one.request.number if one.request else "",
        "lane": _(_LANES.get(one.lane, "")) or one.lane,
        "at": one.sent_at or one.created_at,
        "due": one.due,
        "state": state,
        "said": _(_STATES[state]),
        "error": one.last_error,
    }


@page
@require_GET
def notice_page(request: Any, pk: int) -> HttpResponse:
    """One notice as its reader gets it; composed now, so it says what is so now."""
    found = outbox.notices_of(request.actor).filter(pk=pk)
    one = found.select_related("request__requester", "request__plan").first()
    if one is None or one.kind not in KINDS:
        raise Refused(Reason("no_such_notice"))
    message = compose(one, readers([request.actor.person.id])[request.actor.person.id])
    return render(request, "web/notice.html", {"here": "me", "notice": _row(one), "message": message})


@page
@require_POST
def unlink(request: Any) -> HttpResponse:
    slack_links.unlink(request.actor)
    messages.success(request, _("Your Slack account is no longer linked."))
    return redirect("/me#slack")


@page
@require_POST
def try_again(request: Any, pk: int) -> HttpResponse:
    outbox.try_again(request.actor, pk)
    messages.success(request, _("It is sent again."))
    return redirect("/work#undelivered")
