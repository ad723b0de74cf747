"""Slack, as far as the desk speaks to it: the Web API over HTTP and Socket Mode over a websocket, both on this machine.

Whatever it is sent is held against what Slack publishes: methods' required arguments and Block Kit's limits
(docs.slack.dev/reference/methods, …/reference/block-kit), and against the SDK's own models. What Slack would not take
is refused with Slack's code and remembered in ``complaints``.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import Server, ServerConnection, serve

__all__ = ["APP_TOKEN", "BOT_TOKEN", "TEAM", "SlackStandIn"]

BOT_TOKEN, APP_TOKEN, TEAM = "xoxb-stand-in", "xapp-stand-in", "T0001"
_ARGUMENTS = {
    "chat.postMessage": {"channel", "text", "blocks", "thread_ts", "metadata", "unfurl_links", "unfurl_media"},
    "chat.update": {"channel", "ts", "text", "blocks"},
    "views.open": {"trigger_id", "view"},
    "conversations.history": {"channel", "limit", "include_all_metadata"},
    "conversations.replies": {"channel", "ts", "limit", "include_all_metadata"},
    "apps.connections.open": set(),
}
_REQUIRED = {
    "chat.postMessage": {"channel"},
    "chat.update": {"channel", "ts"},
    "views.open": {"trigger_id", "view"},
    "conversations.history": {"channel"},
    "conversations.replies": {"channel", "ts"},
    "apps.connections.open": set(),
}


class SlackStandIn:
    """``messages`` by (channel, ts); ``throttle`` calls of the Web API are answered 429 before one is taken."""

    def __init__(self) -> None:
        self.messages: dict[tuple[str, str], dict[str, Any]] = {}
        self.views: list[dict[str, Any]] = []
        self.calls: list[str] = []
        self.complaints: list[str] = []
        self.throttle = 0
        self.retry_after = 7
        #: this many answers are lost after the message was taken
        self.lose = 0
        self.errors: list[str] = []
        self.connected = threading.Event()
        self._ts = (f"{int(time.time())}.{number:06}" for number in itertools.count(1))
        self._triggers: set[str] = set()
        self._envelopes = itertools.count(1)
        self._acknowledged: dict[str, dict[str, Any]] = {}
        self._socket: ServerConnection | None = None
        self._http: ThreadingHTTPServer | None = None
        self._ws: Server | None = None

    # --- running

    def start(self) -> None:
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                stand_in._serve(self)

            do_GET = do_POST

            def log_message(self, format: str, *args: Any) -> None:
                return

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._ws = serve(self._connection, "127.0.0.1", 0)
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()  # how soon it stops
        threading.Thread(target=self._ws.serve_forever, daemon=True).start()

    def stop(self) -> None:
        assert self._http is not None
        assert self._ws is not None
        self._ws.shutdown()
        self._http.shutdown()
        self._http.server_close()

    @property
    def url(self) -> str:
        assert self._http is not None
        return f"http://127.0.0.1:{self._http.server_address[1]}/api/"

    # --- the Web API

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        method = handler.path.partition("?")[0].rpartition("/")[2]
        self.calls.append(method)
        length = int(handler.headers.get("Content-Length") or 0)
        given = _given(handler.rfile.read(length).decode(), handler.headers.get("Content-Type", ""), handler.path)
        if self.throttle > 0:
            self.throttle -= 1
            self._answer(handler, 429, {"ok": False, "error": "ratelimited"}, {"Retry-After": str(self.retry_after)})
            return
        answer = self._answered(method, given, handler.headers.get("Authorization", ""))
        if self.lose > 0 and answer["ok"]:
            self.lose -= 1
            handler.connection.close()  # taken, and nobody hears so
            return
        self._answer(handler, 200, answer)

    def _answer(
        self, handler: BaseHTTPRequestHandler, status: int, body: dict[str, Any], headers: dict[str, str] | None = None
    ) -> None:
        with contextlib.suppress(OSError):
            handler.send_response(status)
            for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
                handler.send_header(name, value)
            handler.end_headers()
            handler.wfile.write(json.dumps(body).encode())

    def _answered(self, method: str, given: dict[str, Any], authorization: str) -> dict[str, Any]:
        wanted = APP_TOKEN if method == "apps.connections.open" else BOT_TOKEN
        if authorization != f"Bearer {wanted}":
            return {"ok": False, "error": "invalid_auth"}
        if self.errors:
            return {"ok": False, "error": self.errors.pop(0)}
        if method not in _ARGUMENTS:
            return self._complain("unknown_method", f"no such method: {method}")
        if strange := set(given) - _ARGUMENTS[method] - {"token"}:
            return self._complain("invalid_arguments", f"{method} has no {strange}")
        if missing := _REQUIRED[method] - set(given):
            return self._complain("invalid_arguments", f"{method} needs {missing}")
        answer: dict[str, Any] = getattr(self, "_" + method.replace(".", "_"))(given)
        return answer

    def _apps_connections_open(self, given: dict[str, Any]) -> dict[str, Any]:
        assert self._ws is not None
        return {"ok": True, "url": f"ws://127.0.0.1:{self._ws.socket.getsockname()[1]}/link?ticket=1"}

    def _chat_postMessage(self, given: dict[str, Any]) -> dict[str, Any]:
        if wrong := _wrong_with_message(given):
            return self._complain("invalid_blocks", wrong)
        ts = next(self._ts)
        channel = f"D{given['channel'][1:]}" if given["channel"].startswith("U") else given["channel"]
        self.messages[channel, ts] = {**given, "channel": channel, "ts": ts, "edited": 0}
        return {"ok": True, "channel": channel, "ts": ts, "message": {}}

    def _chat_update(self, given: dict[str, Any]) -> dict[str, Any]:
        if wrong := _wrong_with_message(given):
            return self._complain("invalid_blocks", wrong)
        message = self.messages.get((given["channel"], given["ts"]))
        if message is None:
            return {"ok": False, "error": "message_not_found"}
        message |= {"text": given.get("text", ""), "blocks": given.get("blocks"), "edited": message["edited"] + 1}
        return {"ok": True, "channel": given["channel"], "ts": given["ts"]}

    def _views_open(self, given: dict[str, Any]) -> dict[str, Any]:
        if given["trigger_id"] not in self._triggers:
            return {"ok": False, "error": "expired_trigger_id"}
        if wrong := _wrong_with_view(given["view"]):
            return self._complain("invalid_arguments", wrong)
        self._triggers.discard(given["trigger_id"])
        self.views.append(given["view"])
        return {"ok": True, "view": given["view"]}

    def _conversations_history(self, given: dict[str, Any]) -> dict[str, Any]:
        return self._listed(given, lambda one: not one.get("thread_ts"))

    def _conversations_replies(self, given: dict[str, Any]) -> dict[str, Any]:
        return self._listed(given, lambda one: given["ts"] in (one.get("thread_ts"), one["ts"]))

    def _listed(self, given: dict[str, Any], which: Any) -> dict[str, Any]:
        found = [one for (channel, _), one in self.messages.items() if channel == given["channel"] and which(one)]
        shown = sorted(found, key=lambda one: one["ts"], reverse=True)[: int(given.get("limit", 100))]
        whole = str(given.get("include_all_metadata")).lower() in ("true", "1")
        keep = ("ts", "text", "metadata") if whole else ("ts", "text")
        return {"ok": True, "messages": [{name: one[name] for name in keep if name in one} for one in shown]}

    def _complain(self, code: str, why: str) -> dict[str, Any]:
        self.complaints.append(why)
        return {"ok": False, "error": code}

    # --- Socket Mode

    def _connection(self, socket: ServerConnection) -> None:
        socket.send(json.dumps({"type": "hello", "num_connections": 1, "connection_info": {"app_id": "A1"}}))
        self._socket = socket
        self.connected.set()
        with contextlib.suppress(ConnectionClosed):
            for said in socket:
                answer = json.loads(said)
                if "envelope_id" in answer:
                    self._acknowledged[answer["envelope_id"]] = answer.get("payload") or {}

    def disconnect(self) -> None:
        """As Slack does every few hours."""
        assert self._socket is not None
        self.connected.clear()
        self._socket.close()

    def deliver(self, kind: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Send an envelope; what it was acknowledged with, within the three seconds that Slack waits."""
        assert self._socket is not None
        envelope = f"envelope-{next(self._envelopes)}"
        accepts = kind == "interactive"
        told = {"type": kind, "envelope_id": envelope, "payload": payload, "accepts_response_payload": accepts}
        self._socket.send(json.dumps(told))
        deadline = time.monotonic() + 3
        while time.monotonic() < deadline:
            if envelope in self._acknowledged:
                return self._acknowledged[envelope]
            time.sleep(0.01)
        raise AssertionError("not acknowledged within three seconds")

    # --- what people do

    def write(self, user: str, text: str) -> None:
        event = {"type": "message", "channel_type": "im", "user": user, "text": text, "channel": f"D{user[1:]}"}
        self.deliver("events_api", {"type": "event_callback", "team_id": TEAM, "event": event})

    def press(self, user: str, message: dict[str, Any], action: str, *, value: str | None = None) -> dict[str, Any]:
        button = self.buttons(message)[action]
        trigger = f"trigger-{next(self._envelopes)}"
        self._triggers.add(trigger)
        pressed = {"type": "button", "action_id": action, "block_id": "b", "value": value or button.get("value", "")}
        payload = {
            "type": "block_actions",
            "team": {"id": TEAM},
            "user": {"id": user, "team_id": TEAM},
            "container": {"type": "message", "message_ts": message["ts"], "channel_id": message["channel"]},
            "trigger_id": trigger,
            "actions": [{**pressed, "action_ts": "1.1"}],
        }
        self.deliver("interactive", payload)
        return payload

    def submit(self, user: str, view: dict[str, Any], text: str) -> dict[str, Any]:
        """What the app answers to a form: empty where it was taken."""
        state = {"values": {"why": {"text": {"type": "plain_text_input", "value": text}}}}
        shown = {**view, "id": "V1", "state": state}
        person = {"id": user, "team_id": TEAM}
        return self.deliver(
            "interactive", {"type": "view_submission", "team": {"id": TEAM}, "user": person, "view": shown}
        )

    # --- what tests ask

    def to(self, user: str) -> list[dict[str, Any]]:
        """Messages in this person's conversation, in order, threads included."""
        return [one for (channel, _), one in sorted(self.messages.items()) if channel == f"D{user[1:]}"]

    def buttons(self, message: dict[str, Any]) -> dict[str, dict[str, Any]]:
        return {
            element["action_id"]: element
            for block in message.get("blocks") or ()
            if block["type"] == "actions"
            for element in block["elements"]
        }

    def words(self, message: dict[str, Any]) -> str:
        return "\n".join(_texts(message.get("blocks") or [])) or message.get("text", "")

    def wait_for(self, what: Any, seconds: float = 10.0) -> Any:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if found := what():
                return found
            time.sleep(0.02)
        raise AssertionError(f"it did not happen within {seconds} s")


def _given(body: str, kind: str, path: str) -> dict[str, Any]:
    if "json" in kind:
        return dict(json.loads(body or "{}"))
    pairs = {**parse_qs(path.partition("?")[2]), **parse_qs(body)}
    return {name: values[0] for name, values in pairs.items()}


def _texts(of: Any) -> Iterator[str]:
    if isinstance(of, dict):
        if of.get("type") in ("plain_text", "mrkdwn"):
            yield of["text"]
        for value in of.values():
            yield from _texts(value)
    elif isinstance(of, list):
        for value in of:
            yield from _texts(value)


# --- Slack's published limits


def _wrong_with_message(given: dict[str, Any]) -> str:
    blocks, text = given.get("blocks") or [], given.get("text") or ""
    if not text and not blocks:
        return "no_text"
    if len(text) > 40_000:
        return "text longer than 40,000 characters"
    metadata = given.get("metadata")
    if metadata is not None and not ({"event_type", "event_payload"} == set(metadata) and metadata["event_type"]):
        return "metadata has event_type and event_payload"
    return _wrong_with_blocks(blocks, 50)


def _wrong_with_blocks(blocks: list[dict[str, Any]], most: int) -> str:
    if len(blocks) > most:
        return f"more than {most} blocks"
    for block in blocks:
        check = _BLOCKS.get(block.get("type", ""))
        wrong = check(block) if check else f"no such block: {block.get('type')}"
        if wrong:
            return wrong
        parsed = Block.parse(block)
        assert parsed is not None
        parsed.validate_json()  # the SDK's own rules
    return ""


def _keys(of: dict[str, Any], allowed: set[str]) -> str:
    strange = set(of) - allowed
    return f"{of.get('type')} has no {strange}" if strange else ""


def _text(of: Any, longest: int, *, plain: bool = True) -> str:
    if not isinstance(of, dict) or of.get("type") not in (("plain_text",) if plain else ("plain_text", "mrkdwn")):
        return f"not a text: {of}"
    if not 1 <= len(of["text"]) <= longest:
        return f"text of {len(of['text'])} characters, at most {longest}"
    return _keys(of, {"type", "text", "emoji"} if of["type"] == "plain_text" else {"type", "text", "verbatim"})


def _header(block: dict[str, Any]) -> str:
    return _keys(block, {"type", "text", "block_id"}) or _text(block["text"], 150)


def _section(block: dict[str, Any]) -> str:
    wrong = _keys(block, {"type", "text", "accessory", "block_id"}) or _text(block["text"], 3000, plain=False)
    return wrong or (_button(block["accessory"]) if "accessory" in block else "")


def _context(block: dict[str, Any]) -> str:
    if not 1 <= len(block["elements"]) <= 10:
        return "context has one to ten elements"
    return next((wrong for one in block["elements"] if (wrong := _text(one, 3000, plain=False))), "")


def _actions(block: dict[str, Any]) -> str:
    ids = [one.get("action_id") for one in block["elements"]]
    if not 1 <= len(ids) <= 25 or len(set(ids)) < len(ids):
        return "actions has one to 25 elements, each with an action_id of its own"
    return next((wrong for one in block["elements"] if (wrong := _button(one))), "")


def _button(one: dict[str, Any]) -> str:
    wrong = _keys(one, {"type", "text", "action_id", "url", "value", "style"}) or _text(one["text"], 75)
    limits = {"action_id": 255, "value": 2000, "url": 3000}
    long = next((f"{name} is longer than {most}" for name, most in limits.items() if len(one.get(name, "")) > most), "")
    style = "" if one.get("style", "primary") in ("primary", "danger") else "no such style"
    return wrong or long or style


def _input(block: dict[str, Any]) -> str:
    wrong = _keys(block, {"type", "block_id", "label", "element", "optional"}) or _text(block["label"], 2000)
    element = block["element"]
    if element["type"] != "plain_text_input" or not 1 <= int(element.get("max_length", 3000)) <= 3000:
        return "plain_text_input with at most 3000 characters"
    return wrong or _keys(element, {"type", "action_id", "multiline", "max_length"})


_BLOCKS = {"header": _header, "section": _section, "context": _context, "actions": _actions, "input": _input}


def _wrong_with_view(view: dict[str, Any]) -> str:
    if view.get("type") != "modal":
        return "a view is a modal here"
    for name in ("title", "submit", "close"):
        if wrong := _text(view[name], 24):
            return f"{name}: {wrong}"
    if len(view.get("private_metadata", "")) > 3000 or len(view.get("callback_id", "")) > 255:
        return "private_metadata or callback_id too long"
    View(**view).validate_json()
    return _wrong_with_blocks(view["blocks"], 100)
