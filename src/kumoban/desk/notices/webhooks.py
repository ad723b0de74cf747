"""Signed webhooks (https://www.standardwebhooks.com): every change of a request, told to another program.

It says which request and what state; whoever may know more asks the API with a token of their own.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx
from django.conf import settings
from standardwebhooks import Webhook

from kumoban.desk.notices.composing import address_of
from kumoban.desk.notices.delivery import Bundle, Down, NotNow, NotThisOne
from kumoban.desk.notices.lanes import webhook

__all__ = ["WebhookLane"]

_TIMEOUT = 10.0
#: seconds; who asks for a longer pause gets this one
_LONGEST = 3600.0


class WebhookLane:
    """One address. Its answers mean: 2xx taken, 410 never again, 429 and 5xx later, the rest not as it is."""

    def __init__(self, name: str) -> None:
        self.name = webhook(name)
        self._url, self._secret = settings.KUMOBAN_WEBHOOKS[name]

    def send(self, bundle: Bundle) -> str:
        body = _body(bundle)
        try:
            answer = httpx.post(
                self._url, content=body.encode(), headers=self._headers(bundle.key, body), timeout=_TIMEOUT
            )
        except httpx.HTTPError as error:
            raise Down(f"{type(error).__name__}: {error}") from error
        _understand(answer)
        return bundle.key

    def keep_up(self) -> int:
        return 0

    def rest(self) -> None:
        return

    def _headers(self, key: str, body: str) -> dict[str, str]:
        at = datetime.now(UTC)  # receivers compare it with their own clock, not with our database's
        return {
            "content-type": "application/json",
            "user-agent": "kumoban",
            "webhook-id": key,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": Webhook(self._secret).sign(key, at, body),
        }


def _body(bundle: Bundle) -> str:
    notice = bundle.first
    request = notice.request
    assert request is not None
    data = {
        "request": request.number,
        "routine": request.routine,
        "state": request.state,
        "url": address_of(request),
    }
    told = {"type": f"request.{notice.kind}", "timestamp": notice.event.at.isoformat(), "data": data}
    return json.dumps(told, ensure_ascii=False)


def _understand(answer: httpx.Response) -> None:
    told = f"HTTP {answer.status_code}"
    if answer.is_success:
        return
    if answer.status_code == httpx.codes.GONE:
        raise NotThisOne(told)
    if answer.status_code == httpx.codes.TOO_MANY_REQUESTS or answer.is_server_error:
        raise Down(told, _retry_after(answer.headers.get("retry-after", "")))
    raise NotNow(told)


def _retry_after(said: str) -> float | None:
    """Seconds, or a date; None where nothing understandable was said."""
    if said.isdecimal():
        return min(float(said), _LONGEST)
    try:
        at = parsedate_to_datetime(said)
    except ValueError:
        return None
    wait = (at - datetime.now(at.tzinfo)).total_seconds()
    return min(max(wait, 0.0), _LONGEST)
