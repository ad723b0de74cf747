"""A node's post office: a thread finds who is to hear what happened, and one for each lane delivers.

Beside the runner's own loop and its duties: a mail server that is dead, or slow, delays no end and no lapse.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from django.conf import settings
from django.db import connection

from kumoban.desk.notices.delivery import Lane, Postman
from kumoban.desk.notices.fan_out import fan_out
from kumoban.desk.notices.lanes import configured
from kumoban.desk.notices.mail import MailLane
from kumoban.desk.notices.slack import SlackLane
from kumoban.desk.notices.slack_socket import SlackSocket
from kumoban.desk.notices.webhooks import WebhookLane

__all__ = ["PostOffice", "postmen"]

log = logging.getLogger(__name__)

_PAUSE = 0.5


class PostOffice:
    """Open until ``stop`` is set; nothing is started where no lane is configured."""

    def __init__(self, node: str, stop: threading.Event) -> None:
        self._node = node
        self._stop = stop
        self._threads: list[threading.Thread] = []

    def open(self) -> None:
        if not configured():
            return
        rounds: list[Callable[[], int]] = [fan_out, *(postman.round for postman in postmen(self._node))]
        self._threads = [threading.Thread(target=self._go_on, args=(one,), daemon=True) for one in rounds]
        if settings.KUMOBAN_SLACK_APP_TOKEN:
            self._threads.append(threading.Thread(target=SlackSocket().listen, args=(self._stop,), daemon=True))
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """A message under way is sent or not: its lease runs out, and it is the same message again."""
        for thread in self._threads:
            thread.join(timeout=1)

    def _go_on(self, work: Callable[[], int]) -> None:
        while not self._stop.is_set():
            done = 0
            try:
                done = work()
            except Exception:
                log.exception("a round of the notices failed; the rows are as they were, the next round goes on")
                connection.close()
            if not done:
                self._stop.wait(_PAUSE)


def postmen(node: str) -> list[Postman]:
    lanes: list[Lane] = []
    if settings.KUMOBAN_EMAIL:
        lanes.append(MailLane())
    if settings.KUMOBAN_SLACK_BOT_TOKEN:
        lanes.append(SlackLane())
    lanes += [WebhookLane(name) for name in settings.KUMOBAN_WEBHOOKS]
    return [Postman(lane, node) for lane in lanes]
