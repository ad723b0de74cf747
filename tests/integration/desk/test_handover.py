"""移譲: what the months say, and who of the operations team has done what."""

from __future__ import annotations

import pytest

from kumoban.core.reason import Refused
from kumoban.desk import requests
from kumoban.desk.handover import handed_over, performed
from tests.integration.conftest import Office
from tests.integration.web.visitor import signed_in


@pytest.fixture
def worked(office: Office) -> Office:
    made = requests.ask(office.actor("sato"), "temporary-access", office.form())
    requests.approve(office.actor("suzuki"), made.number, plan_digest=made.plan.digest)
    office.runner.drain()
    other = requests.ask(office.actor("sato"), "other-request", {"subject": "調べて", "what": "ログの場所を調べて"})
    requests.work(office.actor("takahashi"), other.number, text="調べた", minutes=25)
    requests.close_manual(office.actor("takahashi"), other.number)
    return office


def test_a_month_tells_what_went_without_operations_and_what_was_done_by_hand(worked: Office) -> None:
    rows = {one.routine: one for one in handed_over(worked.actor("takahashi"))}
    access, other = rows["temporary-access"], rows["other-request"]
    assert (access.requests, access.share, access.worked.total_seconds()) == (1, 100, 0)
    assert access.lead is not None
    assert (other.requests, other.share, other.worked.total_seconds()) == (1, 0, 25 * 60)


def test_who_did_what_and_when_last(worked: Office) -> None:
    assert [(one.person.user_name, one.routine, one.times) for one in performed(worked.actor("takahashi"))] == [
        ("takahashi", "other-request", 1)
    ]


def test_only_operations_and_auditors_see_it(worked: Office) -> None:
    with pytest.raises(Refused):
        handed_over(worked.actor("sato"))
    assert signed_in(worked, "sato").get("/handover").status_code == 409
    page = signed_in(worked, "takahashi", "ja").get("/handover").content.decode()
    assert "25 分" in page
    assert "担当者マトリクス" in page
