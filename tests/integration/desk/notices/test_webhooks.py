"""Signed webhooks, to a receiver that checks them with the standard's own library."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from kumoban.desk import requests
from kumoban.desk.models import Notice
from kumoban.desk.notices.outbox import figures, forget_old, undelivered
from tests.integration.conftest import Office
from tests.integration.desk.notices.conftest import Post
from tests.integration.desk.notices.mail_server import MailServer

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()


class Receiver:
    """``answers`` are given, one after the other, before a message is taken."""

    def __init__(self) -> None:
        self.taken: list[dict[str, Any]] = []
        self.ids: list[str] = []
        self.raw: list[tuple[bytes, dict[str, str]]] = []
        self.answers: list[tuple[int, dict[str, str]]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, headers = receiver.heard(body, {name.lower(): value for name, value in self.headers.items()})
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                return

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/hook"

    def heard(self, body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, str]]:
        self.raw.append((body, headers))
        if self.answers:
            return self.answers.pop(0)
        self.taken.append(Webhook(SECRET).verify(body, headers))
        self.ids.append(headers["webhook-id"])
        return 204, {}


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    from django.conf import settings

    made = Receiver()
    monkeypatch.setattr(settings, "KUMOBAN_WEBHOOKS", {"itsm": (made.url, SECRET)})
    monkeypatch.setattr(settings, "KUMOBAN_BASE_URL", "https://desk.example.jp")
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def post(receiver: Receiver) -> Post:
    return Post(MailServer())


def test_every_change_is_told_signed_and_says_no_more_than_it_must(
    office: Office, post: Post, receiver: Receiver
) -> None:
    made = requests.ask(office.actor("sato"), "temporary-access", office.form(reason="決済エラーの調査"))
    post.round()
    assert [one["type"] for one in receiver.taken] == ["request.planned", "request.waiting"]
    assert receiver.taken[1]["data"] == {
        "request": made.number,
        "routine": "temporary-access",
        "state": "waiting",
        "url": f"https://desk.example.jp/requests/{made.number}",
    }
    said = b"".join(body for body, _ in receiver.raw).decode()
    assert "sato" not in said
    assert "決済" not in said


def test_a_body_that_was_changed_on_its_way_is_not_taken(office: Office, post: Post, receiver: Receiver) -> None:
    requests.ask(office.actor("sato"), "temporary-access", office.form())
    post.round()
    body, headers = receiver.raw[0]
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(body.replace(b"planned", b"approved"), headers)


@pytest.mark.parametrize("answer", [(500, {}), (503, {"Retry-After": "1"}), (429, {"Retry-After": "2"}), (404, {})])
def test_what_was_not_taken_comes_again_under_the_same_id(
    office: Office, post: Post, receiver: Receiver, answer: tuple[int, dict[str, str]]
) -> None:
    receiver.answers = [answer]
    requests.ask(office.actor("sato"), "temporary-access", office.form())
    post.round()
    post.patient()
    post.round()
    assert len(receiver.ids) == len(set(receiver.ids)) == 2
    assert receiver.raw[0][1]["webhook-id"] in receiver.ids


def test_an_address_that_is_gone_is_given_up(office: Office, post: Post, receiver: Receiver) -> None:
    receiver.answers = [(410, {}), (410, {})]
    requests.ask(office.actor("sato"), "temporary-access", office.form())
    post.round()
    assert undelivered(office.actor("takahashi")).count() == 2


def test_a_redirect_is_not_followed(office: Office, post: Post, receiver: Receiver) -> None:
    receiver.answers = [(302, {"Location": "http://169.254.169.254/"})] * 2
    requests.ask(office.actor("sato"), "temporary-access", office.form())
    post.round()
    assert {one.last_error for one in Notice.objects.all()} == {"HTTP 302"}


def test_one_address_that_is_down_delays_no_other(
    office: Office, post: Post, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.conf import settings

    down = ("http://127.0.0.1:9/hook", SECRET)
    monkeypatch.setattr(settings, "KUMOBAN_WEBHOOKS", {"down": down, "itsm": (receiver.url, SECRET)})
    requests.ask(office.actor("sato"), "temporary-access", office.form())
    post.round()
    assert len(receiver.taken) == 2
    assert figures().late == 2


def test_what_waits_for_an_address_that_is_no_longer_there_is_given_up(
    office: Office, post: Post, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.conf import settings

    receiver.answers = [(500, {})]
    requests.ask(office.actor("sato"), "temporary-access", office.form())
    post.round()
    monkeypatch.setattr(settings, "KUMOBAN_WEBHOOKS", {})
    Notice.objects.update(until="2020-01-01T00:00:00Z")
    forget_old()
    assert not Notice.objects.filter(due__isnull=False).exists()
