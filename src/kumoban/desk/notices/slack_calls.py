"""Calls to Slack, understood when they fail: for now with all of Slack, or for this one message for good."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web import WebClient

from kumoban.desk.notices.delivery import Down, NotNow, NotThisOne

__all__ = ["SlackGone", "call", "client"]

_TIMEOUT = 10
#: about this person's conversation, not about the app
_FOR_GOOD = {
    "channel_not_found", "user_not_found", "users_not_found", "is_archived", "cannot_dm_bot", "user_disabled",
    "not_in_channel", "messages_tab_disabled", "no_text", "invalid_blocks", "msg_too_long",
}  # fmt: skip
#: the message that was to be changed is there no more, or may no longer be changed
_GONE = {"message_not_found", "cant_update_message", "edit_window_closed", "thread_not_found"}
_LATER = {"internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"}
#: seconds, where Slack did not say
_USUAL_PAUSE = 30.0
#: a token that is not valid does not become so by being tried
_CONFIGURED_WRONG = 300.0


class SlackGone(NotThisOne):
    """The message that was to be changed."""


def client() -> WebClient:
    """Without the SDK's own retries: when to try again is the postman's decision."""
    return WebClient(
        token=settings.KUMOBAN_SLACK_BOT_TOKEN,
        base_url=settings.KUMOBAN_SLACK_API_URL,
        timeout=_TIMEOUT,
        retry_handlers=[],
    )


def call(method: Callable[..., Any], **params: Any) -> dict[str, Any]:
    """The answer. Raises Down, NotNow, NotThisOne or SlackGone; where the answer was lost, Down says ``unsure``."""
    try:
        answer = method(**params)
    except SlackApiError as refused:
        raise _meaning(refused.response) from refused
    except (SlackClientError, OSError, ValueError) as broken:
        raise Down(f"{type(broken).__name__}: {broken}", unsure=True) from broken
    return dict(answer.data)


def _meaning(answer: Any) -> Exception:
    code = str(answer.get("error", "")) if hasattr(answer, "get") else ""
    if answer.status_code == 429 or code in ("ratelimited", "rate_limited"):
        said = str(answer.headers.get("Retry-After", ""))
        return Down("Slack: too many calls", float(said) if said.isdecimal() else _USUAL_PAUSE)
    if code in _GONE:
        return SlackGone(f"Slack: {code}")
    if code in _FOR_GOOD:
        return NotThisOne(f"Slack: {code}")
    if code in _LATER or answer.status_code >= 500:
        return Down(f"Slack: {code or answer.status_code}", unsure=True)
    if code in ("", "invalid_arguments", "invalid_metadata_format"):
        return NotNow(f"Slack: {code or answer.status_code}")
    return Down(f"Slack: {code}", _CONFIGURED_WRONG)
