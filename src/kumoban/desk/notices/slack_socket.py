"""Socket Mode: what people do in Slack arrives over a connection that the desk opened; no address of ours is public.

Slack wants to hear within three seconds that it arrived. A press is acknowledged first and then acted on; a form is
acted on first, because its acknowledgement says what was wrong.
"""

from __future__ import annotations

import logging
import threading
from contextlib import suppress
from socket import SHUT_RDWR
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import translation
from slack_sdk.socket_mode.builtin import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse

from kumoban.desk.notices.delivery import Down, NotNow, NotThisOne
from kumoban.desk.notices.slack_acts import Answer, message_said, pressed, submitted
from kumoban.desk.notices.slack_blocks import fallback
from kumoban.desk.notices.slack_calls import call, client

__all__ = ["SlackSocket"]

log = logging.getLogger(__name__)

_LONGEST_PAUSE = 300.0


class SlackSocket:
    """One node's connection; Slack gives each payload to one of those that are open."""

    def __init__(self) -> None:
        self._client = client()

    def listen(self, stop: threading.Event) -> None:
        """Until ``stop``. The SDK connects again by itself once it was connected."""
        pause = 2.0
        while not stop.is_set():
            socket = SocketModeClient(
                app_token=settings.KUMOBAN_SLACK_APP_TOKEN, web_client=self._client, concurrency=4
            )
            socket.socket_mode_request_listeners.append(self._heard)
            try:
                socket.connect()
                stop.wait()
            except Exception as broken:
                log.warning("no connection to Slack, tried again in %.0f s: %s", pause, broken)
                stop.wait(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
            finally:
                _hang_up(socket)

    def _heard(self, socket: Any, heard: SocketModeRequest) -> None:
        try:
            with translation.override(settings.LANGUAGE_CODE):
                self._understood(socket, heard)
        except Exception:
            log.exception("what somebody did in Slack could not be dealt with")
        finally:
            connection.close()

    def _understood(self, socket: Any, heard: SocketModeRequest) -> None:
        payload = heard.payload
        if heard.type == "interactive" and payload.get("type") == "view_submission":
            answer = submitted(payload)
            wrong = {"response_action": "errors", "errors": {"why": answer.text[:2000]}} if answer.text else None
            _acknowledge(socket, heard, wrong)
            return
        _acknowledge(socket, heard)
        if heard.type == "interactive" and payload.get("type") == "block_actions":
            self._say(payload, str((payload.get("user") or {}).get("id", "")), pressed(payload))
        elif heard.type == "events_api" and (payload.get("event") or {}).get("type") == "message":
            event = payload["event"]
            self._say(payload, str(event.get("channel", "")), message_said(event, str(payload.get("team_id", ""))))

    def _say(self, payload: Any, where: str, answer: Answer) -> None:
        """To the person alone, in their own conversation with the app."""
        try:
            if answer.view is not None:
                call(self._client.views_open, trigger_id=str(payload.get("trigger_id", "")), view=answer.view)
            elif answer.text and where:
                call(self._client.chat_postMessage, channel=where, text=fallback(answer.text), unfurl_links=False)
        except (Down, NotNow, NotThisOne) as lost:
            log.warning("an answer did not reach Slack: %s", lost)


def _hang_up(socket: SocketModeClient) -> None:
    """The SDK's own close waits until its read has timed out, three seconds; ended from below, the read returns."""
    socket.auto_reconnect_enabled = False
    session = socket.current_session
    if session is not None and session.sock is not None:
        with suppress(OSError):
            session.sock.shutdown(SHUT_RDWR)
    socket.close()


def _acknowledge(socket: Any, heard: SocketModeRequest, payload: dict[str, Any] | None = None) -> None:
    socket.send_socket_mode_response(SocketModeResponse(envelope_id=heard.envelope_id, payload=payload))
