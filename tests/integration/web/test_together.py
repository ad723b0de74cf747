"""Like requests are approved at once: each plan by its own digest, and what is refused holds up no other."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from kumoban.desk import requests
from kumoban.desk.models import Approval, Request
from kumoban.ledger.clock import database_now
from tests.integration.api.caller import Caller
from tests.integration.conftest import Office
from tests.integration.web.visitor import signed_in


def tomorrow_at_ten() -> str:
    day = (database_now().astimezone(ZoneInfo("Asia/Tokyo")) + timedelta(days=1)).date()
    return f"{day.isoformat()}T10:00:00+09:00"


@pytest.fixture
def used_before(office: Office) -> None:
    """Both have had this here before, so that nothing about it is unusual."""
    made = requests.ask(office.actor("sato"), "temporary-access", office.form(until="15m"))
    requests.approve(office.actor("suzuki"), made.number, plan_digest=made.plan.digest)
    office.runner.drain()
    requests.end_early(office.actor("sato"), made.number)
    office.runner.drain()
    Request.objects.update(created_at=database_now() - timedelta(days=30))


def ask(office: Office, **changed: object) -> Request:
    """For tomorrow at ten: no hour at which it is asked makes it unusual."""
    changed = {"start": tomorrow_at_ten(), **changed}
    return requests.ask(office.actor("sato"), "temporary-access", office.form(**changed))


@pytest.mark.usefixtures("used_before")
def test_like_requests_stand_together_and_are_approved_with_one_click(office: Office) -> None:
    first, second = ask(office), ask(office, accounts=["410122300001"])
    client = signed_in(office, "suzuki", "ja")
    page = client.get("/inbox").content.decode()
    assert "似た申請が 2 件" in page
    seals = [f"{one.number}:{one.plan.digest}" for one in (first, second)]
    assert all(f'value="{seal}"' in page for seal in seals)
    answer = client.post("/inbox/approve", {"seal": seals}, follow=True).content.decode()
    assert "2 件の計画を承認しました" in answer
    assert set(Request.objects.filter(pk__in=[first.pk, second.pk]).values_list("state", flat=True)) == {"approved"}


@pytest.mark.usefixtures("used_before")
def test_a_plan_that_has_changed_is_not_sealed_and_holds_up_no_other(office: Office) -> None:
    first, second = ask(office), ask(office)
    answer = Caller(office, "suzuki").post(
        "inbox/approve", {"plans": {first.number: "0" * 64, second.number: second.plan.digest}}
    )
    assert [(one["number"], one["sealed"], [e["code"] for e in one["errors"]]) for one in answer.json()] == [
        (first.number, False, ["plan_changed"]),
        (second.number, True, []),
    ]
    assert Approval.objects.filter(void_at=None, plan__request__in=[first, second]).count() == 1


def test_what_is_unusual_is_read_alone(office: Office) -> None:
    ask(office), ask(office)  # nobody has had this here before
    assert "/inbox/approve" not in signed_in(office, "suzuki").get("/inbox").content.decode()


def test_own_requests_are_not_approved_together_either(office: Office) -> None:
    made = ask(office)
    answer = Caller(office, "sato").post("inbox/approve", {"plans": {made.number: made.plan.digest}}).json()
    assert answer[0]["errors"][0]["code"] == "not_own_request"
