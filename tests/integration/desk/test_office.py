"""Absences, freezes, company fields and business days, as they change what the desk does."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kumoban.core.reason import Refused
from kumoban.desk import office as book
from kumoban.desk import requests
from kumoban.desk.duties import lapse
from kumoban.desk.models import Approval, Request
from kumoban.desk.planning import ShapeError
from kumoban.ledger.clock import database_now
from tests.integration.conftest import Office


def ask(office: Office, **extra: str) -> Request:
    return requests.ask(office.actor("sato"), "temporary-access", office.form(), extra=extra)


def freeze(office: Office, group: str = "") -> None:
    now = database_now()
    book.add_freeze(
        office.actor("takahashi"),
        reason="年末の凍結",
        starts_at=now - timedelta(hours=1),
        ends_at=now + timedelta(days=3),
        routines=[],
        ou_ids=["ou-prod"],
        exception_group=group,
    )


def test_a_delegate_approves_in_the_absence_and_the_original_is_shown(office: Office) -> None:
    now = database_now()
    book.be_absent(office.actor("tanaka"), delegate="kim", starts_at=now, ends_at=now + timedelta(days=1))
    made = ask(office)
    requests.approve(office.actor("kim"), made.number, plan_digest=made.plan.digest)
    office.runner.drain()
    made.refresh_from_db()
    assert made.state == "active"
    assert Approval.objects.get().on_behalf_of_id == "u-tanaka"


def test_a_delegate_may_not_approve_after_the_absence(office: Office) -> None:
    now = database_now()
    book.be_absent(office.actor("tanaka"), delegate="kim", starts_at=now - timedelta(days=2), ends_at=now)
    made = ask(office)
    with pytest.raises(Refused, match="no_such_request"):
        requests.approve(office.actor("kim"), made.number, plan_digest=made.plan.digest)


def test_nothing_starts_in_a_freeze(office: Office) -> None:
    freeze(office)
    with pytest.raises(Refused, match="frozen"):
        ask(office)


def test_a_freeze_with_an_exception_asks_one_more_person(office: Office) -> None:
    freeze(office, "ops")
    made = ask(office)
    requests.approve(office.actor("suzuki"), made.number, plan_digest=made.plan.digest)
    made.refresh_from_db()
    assert made.state == "waiting"
    requests.approve(office.actor("takahashi"), made.number, plan_digest=made.plan.digest)
    office.runner.drain()
    made.refresh_from_db()
    assert made.state == "active"


def test_a_company_field_is_required_validated_and_signed(office: Office) -> None:
    book.add_extra_field(
        office.actor("takahashi"),
        {
            "routine": "temporary-access",
            "key": "change",
            "label_ja": "変更番号",
            "label_en": "Change",
            "kind": "text",
            "required": True,
            "pattern": r"CHG-\d+",
            "choices": [],
            "position": 0,
        },
    )
    with pytest.raises(ShapeError):
        ask(office)
    with pytest.raises(ShapeError):
        ask(office, change="いろいろ")
    assert '"change":"CHG-12"' in ask(office, change="CHG-12").plan.signed


def test_only_ops_may_set_a_freeze(office: Office) -> None:
    now = database_now()
    with pytest.raises(Refused, match="ops_only"):
        book.add_freeze(
            office.actor("sato"), reason="x", starts_at=now, ends_at=now + timedelta(1), routines=[], ou_ids=[]
        )


def test_what_nobody_approves_in_business_time_lapses(office: Office) -> None:
    made = ask(office)
    Request.objects.filter(pk=made.pk).update(lapses_at=database_now())
    lapse()
    made.refresh_from_db()
    assert made.state == "lapsed"
    with pytest.raises(Refused, match="not_waiting"):
        requests.approve(office.actor("suzuki"), made.number, plan_digest=made.plan.digest)
