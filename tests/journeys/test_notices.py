"""Mail from real nodes over a real SMTP server: a node killed between sending and marking, a server that is dead."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.desk.notices.mail_server import MailServer
from tests.journeys.conftest import wait_until
from tests.journeys.desk_processes import Desk, desk_on

pytestmark = [pytest.mark.slow, pytest.mark.kill, pytest.mark.database]


class KillingServer(MailServer):
    """Takes a mail, and then kills the node that sent it, before it hears so."""

    def __init__(self) -> None:
        super().__init__()
        self.desk: Desk | None = None
        self.kills = 0

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        answer = await super().handle_DATA(server, session, envelope)
        if self.kills and self.desk is not None:
            self.kills -= 1
            self.desk.kill_runners()
        return answer


@pytest.fixture
def mail() -> Iterator[KillingServer]:
    server = KillingServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def desk(mail: KillingServer, database_url: str, tmp_path: Path) -> Iterator[Desk]:
    settings = {
        "KUMOBAN_EMAIL_URL": f"smtp://127.0.0.1:{mail.port}?tls=no",
        "KUMOBAN_EMAIL_FROM": "kumoban@example.jp",
    }
    with desk_on(database_url, tmp_path, **settings) as made:
        mail.desk = made
        yield made


def unsent(desk: Desk) -> int:
    """But for those that wait whether more follows."""
    return int(desk.sql("SELECT count(*) FROM desk_notice WHERE due IS NOT NULL AND kind <> 'approved'")[0][0])


def test_a_node_killed_between_sending_and_marking_sends_the_same_mail_again(desk: Desk, mail: KillingServer) -> None:
    mail.kills = 1
    desk.start_runner("first")
    number = desk.ask("payments-dev", workers=("sato.misaki", "nakamura.ren"))
    wait_until("the node is dead", lambda: mail.kills == 0, 90)
    desk.sql("UPDATE desk_notice SET lease_until = '2020-01-01 00:00:00' WHERE lease_until IS NOT NULL")
    desk.leases_run_out()
    desk.start_runner("second")
    desk.wait_for(number, "active")
    wait_until("everything is told", lambda: unsent(desk) == 0 and len(mail.mails) >= 3, 60)
    ids = [mail["Message-ID"] for mail in mail.mails]
    assert ids.count(ids[0]) == 2  # the one that the dead node had sent
    assert len(set(ids)) == len(ids) - 1
    assert desk.sql("SELECT count(*) FROM desk_notice WHERE unsure")[0][0] >= 1


def test_a_dead_mail_server_delays_no_end_and_loses_nothing(desk: Desk, mail: KillingServer) -> None:
    mail.stop()
    desk.start_runner("node")
    number = desk.ask("payments-dev")
    desk.wait_for(number, "active")
    desk.end(number)
    desk.wait_for(number, "ended")
    wait_until("the mail waits", lambda: unsent(desk) > 0)
    mail.start()
    wait_until("the mail came after all", lambda: unsent(desk) == 0, 60)
    assert mail.mails
