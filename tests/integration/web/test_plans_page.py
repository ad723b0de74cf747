"""The plans of a request side by side."""

from __future__ import annotations

from kumoban.desk import requests
from kumoban.desk.models import Request
from kumoban.estate.models import PermissionSet
from tests.integration.conftest import ARN, Office
from tests.integration.web.visitor import signed_in


def test_what_differs_stands_in_columns_before_and_after(office: Office) -> None:
    made = requests.ask(office.actor("sato"), "temporary-access", office.form())
    requests.return_for_correction(office.actor("suzuki"), made.number, comment="もっと短く")
    requests.resubmit(office.actor("sato"), made.number, office.form(until="5m", reason="決済エラーの再調査"))
    page = signed_in(office, "sato").get(f"/requests/{made.number}/plans").content.decode()
    assert "<del>15 minutes</del>" in page
    assert "<ins>5 minutes</ins>" in page
    assert "<del>決済エラーの調査</del>" in page
    assert "Void since" in page


def test_a_permission_set_edited_meanwhile_shows_what_it_could_do_and_what_it_can_do_now(office: Office) -> None:
    made = requests.ask(office.actor("sato"), "temporary-access", office.form())
    requests.approve(office.actor("suzuki"), made.number, plan_digest=made.plan.digest)
    office.aws.sets[ARN]["_managed"] = ["arn:aws:iam::aws:policy/AdministratorAccess"]
    office.runner.drain()
    assert Request.objects.get(pk=made.pk).plans.count() == 2
    assert PermissionSet.objects.get().content["managed"] == ["arn:aws:iam::aws:policy/AdministratorAccess"]
    page = signed_in(office, "suzuki").get(f"/requests/{made.number}/plans?from=1&to=2").content.decode()
    assert "<ins>AdministratorAccess</ins>" in page
    assert "<del>ReadOnlyAccess</del>" in page
    assert "fallen" in page


def test_one_plan_alone_is_shown_without_a_comparison(office: Office) -> None:
    made = requests.ask(office.actor("sato"), "temporary-access", office.form())
    page = signed_in(office, "sato").get(f"/requests/{made.number}/plans").content.decode()
    assert made.plan.number in page
    assert "What differs" not in page


def test_a_stranger_sees_no_plans(office: Office) -> None:
    made = requests.ask(office.actor("sato"), "temporary-access", office.form())
    answer = signed_in(office, "kim").get(f"/requests/{made.number}/plans")
    assert answer.status_code == 404
    assert made.plan.number not in answer.content.decode()
