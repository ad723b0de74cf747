"""What people do in Slack: link their account, and decide, by the same rules as on the page.

Slack says who pressed (``team`` and ``user`` of a payload that came over our own socket); that account must be linked
to a person. What the button says is signed: the request, the plan that was read, the person it was written for. So a
forwarded message, a forged value, an old plan are refused, each in a sentence; a press that comes twice finds its
work done.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.signing import BadSignature

from kumoban.core.reason import Reason, Refused
from kumoban.desk import requests, rules
from kumoban.desk.models import Request
from kumoban.desk.notices.composing import in_the_words_of
from kumoban.desk.notices.readers import readers
from kumoban.desk.notices.slack_blocks import SIGNER, reason_view
from kumoban.desk.notices.slack_links import link, linked_person
from kumoban.desk.people import Actor
from kumoban.desk.sign_in import user_of
from kumoban.desk.speech import said

__all__ = ["Answer", "message_said", "pressed", "submitted"]

log = logging.getLogger(__name__)

#: a person in Slack may decide, and nothing else
_SCOPES = frozenset({"approve"})
_WITH_REASON = {"return": requests.return_for_correction, "deny": requests.deny}


@dataclass(frozen=True)
class Answer:
    """``text`` to tell the person, ``view`` to open; both empty where nothing is to be said."""

    text: str = ""
    view: dict[str, Any] | None = None


@dataclass(frozen=True)
class _Decision:
    """What a button or a form says, proved to be ours and this person's."""

    actor: Actor
    action: str
    number: str
    digest: str


def pressed(payload: Mapping[str, Any]) -> Answer:
    """A button. An approval is given; a return or a denial asks why first."""
    action = (payload.get("actions") or [{}])[0]
    if str(action.get("action_id", "")).startswith("open"):
        return Answer()  # a link: Slack has opened it
    return _answered(payload, str(action.get("value", "")), str(action.get("action_id", "")), _press)


def _press(decision: _Decision, signed: str) -> Answer:
    if decision.action == "approve":
        requests.approve(decision.actor, decision.number, plan_digest=decision.digest)
        return Answer()
    _still_to_decide(decision)
    return Answer(view=reason_view(decision.action, decision.number, signed))


def submitted(payload: Mapping[str, Any]) -> Answer:
    """The form that asked why. ``text`` is what was wrong with it."""
    view = payload.get("view") or {}
    why = str((((view.get("state") or {}).get("values") or {}).get("why") or {}).get("text", {}).get("value") or "")

    def decide(decision: _Decision, _signed: str) -> Answer:
        act = _WITH_REASON.get(decision.action)
        if act is None:
            raise Refused(Reason("slack_not_valid"), attempt=True)
        act(decision.actor, decision.number, comment=why, plan_digest=decision.digest)
        return Answer()

    return _answered(payload, str(view.get("private_metadata", "")), "", decide)


def message_said(event: Mapping[str, Any], team: str) -> Answer:
    """Something written to the app: a code links the account, anything else is told how."""
    text, user = str(event.get("text", "")), str(event.get("user", ""))
    if event.get("bot_id") or event.get("subtype") or event.get("channel_type") != "im" or not user:
        return Answer()
    try:
        person = link(text, team=team, slack_user=user, channel=str(event.get("channel", "")))
    except Refused as refused:
        known = linked_person(team, user)
        otherwise = Reason("slack_help" if known else "slack_not_linked")
        reason = refused.reasons[0] if _looks_like_a_code(text) else otherwise
        return _told(reason, known.id if known else "")
    return _told(Reason("slack_now_linked", {"person": person.display_name}), person.id)


def _looks_like_a_code(text: str) -> bool:
    return sum(letter.isalnum() for letter in text) == 10


# --- who it is, and whether what they pressed is theirs


def _answered(payload: Mapping[str, Any], signed: str, action: str, act: Any) -> Answer:
    user = payload.get("user") or {}
    team = str((payload.get("team") or {}).get("id") or user.get("team_id") or "")
    person = linked_person(team, str(user.get("id", "")))
    if person is None:
        log.warning("a Slack account that is linked to nobody pressed a button")
        return _told(Reason("slack_not_linked"), "")
    actor, number = Actor(user_of(person), _SCOPES), ""
    try:
        decision = _proved(actor, signed, action)
        number = decision.number
        answer: Answer = act(decision, signed)
        return answer
    except Refused as refused:
        requests.refused_attempt(actor, f"slack {action}", number, refused)
        return _told(_in_slack(refused.reasons[0]), person.id, number)


def _proved(actor: Actor, signed: str, action: str) -> _Decision:
    """Raises Refused. ``action`` is what the button was called, which is signed as well."""
    if not actor.user.is_active:
        raise Refused(Reason("actor_gone"), attempt=True)
    try:
        about = SIGNER.unsign_object(signed)
        decision = _Decision(actor, str(about["a"]), str(about["n"]), str(about["d"]))
        written_for = str(about["p"])
    except (BadSignature, ValueError, KeyError, TypeError):
        raise Refused(Reason("slack_not_valid"), attempt=True) from None
    if written_for != actor.person.id:
        raise Refused(Reason("slack_not_yours"), attempt=True)
    if action and action != decision.action:
        raise Refused(Reason("slack_not_valid"), attempt=True)
    return decision


def _still_to_decide(decision: _Decision) -> None:
    """Before somebody writes why: the plan they read still waits for them. Decided again when they have written."""
    found = rules.inbox(decision.actor).filter(number=decision.number).select_related("plan").first()
    if found is None:
        state = Request.objects.filter(number=decision.number).values_list("state", flat=True).first()
        raise Refused(Reason("not_waiting", {"state": state or ""}))
    if found.plan is None or found.plan.digest != decision.digest:
        raise Refused(Reason("plan_changed", {"number": found.plan.number if found.plan else ""}))


def _in_slack(reason: Reason) -> Reason:
    """A press is no token to who presses."""
    return Reason("slack_in_browser") if reason.code == "step_up_not_by_token" else reason


def _told(reason: Reason, person: str, number: str = "") -> Answer:
    reader = readers([person]).get(person) if person else None
    if reader is None:
        return Answer(said(reason))
    with in_the_words_of(reader):
        link_to = f"\n{settings.KUMOBAN_BASE_URL}/requests/{number}" if number else ""
        return Answer(said(reason) + link_to)
