"""An office whose people have mail addresses, and a post office that is worked by hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from kumoban.desk.models import Notice, Request
from kumoban.desk.notices.delivery import Postman
from kumoban.desk.notices.fan_out import fan_out
from kumoban.desk.notices.post_office import postmen
from kumoban.estate.models import Person
from tests.integration.conftest import PEOPLE, Office
from tests.integration.desk.notices.mail_server import MailServer


@dataclass
class Post:
    """Everything that a node does about notices, a round at a time, in the test's own thread."""

    mail: MailServer
    _postmen: list[Postman] = field(default_factory=list)

    def round(self) -> None:
        """Until nothing more happens now; a lane that is down stays so until ``patient``."""
        self._postmen = self._postmen or postmen("node-test")
        while fan_out() + sum(postman.round() for postman in self._postmen):
            pass

    def patient(self) -> None:
        """As if every pause and every wait were over."""
        for postman in self._postmen:
            postman._not_before = 0.0
        Notice.objects.filter(due__isnull=False).update(due="2020-01-01T00:00:00Z")

    def told(self, name: str) -> list[str]:
        """The kinds of notices written for somebody, in order."""
        return list(Notice.objects.filter(person_id=f"u-{name}").order_by("id").values_list("kind", flat=True))


@pytest.fixture
def post(office: Office, monkeypatch: pytest.MonkeyPatch) -> Iterator[Post]:
    from django.conf import settings

    server = MailServer()
    server.start()
    monkeypatch.setattr(settings, "KUMOBAN_BASE_URL", "https://desk.example.jp")
    monkeypatch.setattr(settings, "KUMOBAN_EMAIL_FROM", "雲番 <kumoban@example.jp>")
    mail = {"scheme": "smtp", "host": "127.0.0.1", "port": server.port, "username": "", "password": ""}
    monkeypatch.setattr(settings, "KUMOBAN_EMAIL", {**mail, "starttls": False})
    for name in PEOPLE:
        Person.objects.filter(user_name=name).update(email=f"{name}@example.jp")
    yield Post(server)
    server.stop()


@pytest.fixture
def waiting(office: Office) -> Request:
    from kumoban.desk import requests

    return requests.ask(office.actor("sato"), "temporary-access", office.form())
