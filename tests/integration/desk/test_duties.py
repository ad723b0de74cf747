"""What the desk does by itself: reminders in business time, lapses, each duty once however many nodes."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from kumoban.desk import requests
from kumoban.desk.duties import DUTIES, lapse, remind, run_due_duties
from kumoban.desk.models import CompanyHoliday, Duty, Plan, Request
from kumoban.ledger.clock import database_now
from kumoban.ledger.models import Entry
from tests.integration.conftest import Office

TOKYO = ZoneInfo("Asia/Tokyo")


def waiting(office: Office) -> Request:
    made = requests.ask(office.actor("sato"), "temporary-access", office.form())
    assert made.state == "waiting"
    return made


def asked_business_days_ago(made: Request, days: int) -> None:
    """As if asked so many whole days ago, none of them a holiday, and lapsing tomorrow evening."""
    today = datetime.now(TOKYO).date()
    CompanyHoliday.objects.all().delete()
    Request.objects.filter(pk=made.pk).update(
        changed_at=database_now() - timedelta(days=days * 3),
        lapses_at=datetime.combine(today + timedelta(days=1), datetime.min.time(), TOKYO) + timedelta(hours=18),
    )


def test_an_approver_is_reminded_once_when_half_of_the_business_time_has_passed(office: Office) -> None:
    made = waiting(office)
    assert remind() == 0
    asked_business_days_ago(made, 5)
    assert remind() == 1
    assert remind() == 0
    entry = Entry.objects.get(kind="request.reminded")
    assert entry.subject == made.number
    assert "u-suzuki" in entry.body
    assert "u-sato" not in entry.body.split('"approvers"')[1].split("]")[0]


def test_a_new_plan_is_reminded_of_anew(office: Office) -> None:
    made = waiting(office)
    asked_business_days_ago(made, 5)
    remind()
    requests.return_for_correction(office.actor("suzuki"), made.number, comment="短くしてください")
    requests.resubmit(office.actor("sato"), made.number, office.form(until="10m"))
    made.refresh_from_db()
    assert Plan.objects.get(pk=made.plan_id).reminded_at is None


def test_a_request_nobody_decided_lapses_and_can_no_longer_be_approved(office: Office) -> None:
    made = waiting(office)
    Request.objects.filter(pk=made.pk).update(lapses_at=database_now())
    assert lapse() == 1
    made.refresh_from_db()
    assert made.state == "lapsed"


@pytest.mark.parametrize("long", [False, True])
def test_a_duty_is_done_by_one_node_a_tick(office: Office, long: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    monkeypatch.setattr("kumoban.desk.duties._do", lambda duty, node: done.append(duty.name))
    expected = {duty.name for duty in DUTIES if duty.long == long}
    for _ in range(len(expected) + 2):
        run_due_duties("one", long=long)
        run_due_duties("two", long=long)
    assert sorted(done) == sorted(expected)


def test_a_duty_that_fails_says_so_and_is_tried_at_its_next_tick(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise RuntimeError("no disk")

    monkeypatch.setattr("kumoban.desk.duties.DUTIES", (type(DUTIES[0])("seal", timedelta(minutes=1), broken),))
    run_due_duties("one", long=False)
    row = Duty.objects.get(name="seal")
    assert "no disk" in row.last_error
    assert row.lease_until is None
    assert row.due > database_now()
