"""The session evidence on a request's page, whole on its own page, and as a table."""

from __future__ import annotations

import pytest
from django.conf import settings

from kumoban.desk import requests
from kumoban.desk.models import Hold, Request
from kumoban.evidence.models import SessionEvent, SessionLog
from kumoban.ledger.clock import database_now
from tests.integration.conftest import Office
from tests.integration.web.visitor import signed_in


@pytest.fixture
def logged(office: Office, monkeypatch: pytest.MonkeyPatch) -> Request:
    """A request whose grant has ended, with one event that changed something."""
    monkeypatch.setattr(settings, "KUMOBAN_TRAIL_BUCKET", "trail")
    form = office.form(accounts=["410122300001"], workers=["u-sato"])
    made = requests.ask(office.actor("sato"), "temporary-access", form)
    requests.approve(office.actor("suzuki"), made.number, plan_digest=made.plan.digest if made.plan else "")
    office.runner.drain()
    requests.end_early(office.actor("sato"), made.number)
    office.runner.drain()
    now = database_now()
    hold = Hold.objects.get(request=made)
    log = SessionLog.objects.create(
        hold=hold,
        since=now,
        until=now,
        collected_at=now,
        complete=True,
        changing=1,
        services={"ec2.amazonaws.com": {"reading": 0, "changing": 1}},
    )
    SessionEvent.objects.create(
        log=log,
        event_id="e-1",
        at=now,
        name="StopInstances",
        source="ec2.amazonaws.com",
        region="ap-northeast-1",
        changing=True,
    )
    return made


def test_it_is_on_the_request_s_page_and_whole_on_its_own(office: Office, logged: Request) -> None:
    visitor = signed_in(office, "suzuki")
    assert "Session evidence" in visitor.get(f"/requests/{logged.number}").content.decode()
    assert "StopInstances" in visitor.get(f"/requests/{logged.number}/log").content.decode()
    table = visitor.get(f"/requests/{logged.number}/log.csv")
    assert "StopInstances" in b"".join(table.streaming_content).decode()  # type: ignore[attr-defined]


def test_who_may_not_see_the_request_sees_nothing_of_it(office: Office, logged: Request) -> None:
    stranger = signed_in(office, "kim")
    for page in ("log", "log.csv"):
        assert stranger.get(f"/requests/{logged.number}/{page}").status_code in (403, 404, 409)
