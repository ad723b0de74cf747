"""A lease fences the database: nothing is signed for a step whose lease is gone or nearly over."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest

from kumoban.aws import buckets
from kumoban.aws.errors import Postponed
from kumoban.desk import requests
from kumoban.desk.models import Step
from kumoban.ledger.clock import database_now
from tests.integration.conftest import Office


@pytest.fixture
def step(office: Office) -> Step:
    made = requests.ask(office.actor("sato"), "temporary-access", office.form())
    requests.approve(office.actor("suzuki"), made.number, plan_digest=made.plan.digest)
    return Step.objects.get(kind="check")


@pytest.mark.parametrize(
    ("left", "holder", "signs"), [(29, "node-test", True), (14, "node-test", False), (29, "x", False)]
)
@pytest.mark.parametrize("limits", [True, False])
def test_a_call_is_signed_only_under_a_lease_of_ours_with_15_seconds_left(
    office: Office, step: Step, monkeypatch: pytest.MonkeyPatch, left: int, holder: str, signs: bool, limits: bool
) -> None:
    from django.conf import settings

    monkeypatch.setattr(settings, "KUMOBAN_AWS_LIMITS", limits)
    Step.objects.update(lease_by=holder, lease_until=database_now() + timedelta(seconds=left))
    fence = office.runner._fence(step)
    if signs:
        assert buckets.take("sso-admin", urgent=True, fence=fence, patience=1).fresh
    else:
        with pytest.raises(Postponed):
            buckets.take("sso-admin", urgent=True, fence=fence, patience=1)


def test_the_service_is_called_at_most_19_times_a_second(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.conf import settings

    monkeypatch.setattr(settings, "KUMOBAN_AWS_LIMITS", True)
    started = buckets.boot_clock()
    for _ in range(20):
        buckets.take("identitystore", urgent=True, fence=None, patience=2)
    assert buckets.boot_clock() - started >= 19 / 19


def test_who_is_not_urgent_gives_way_to_an_urgent_call(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.conf import settings

    monkeypatch.setattr(settings, "KUMOBAN_AWS_LIMITS", True)
    buckets.take("sso-admin", urgent=False, fence=None, patience=2)
    started = buckets.boot_clock()
    buckets.take("sso-admin", urgent=True, fence=None, patience=2)
    buckets.take("sso-admin", urgent=False, fence=None, patience=2)
    assert buckets.boot_clock() - started >= 0.1


def test_what_a_lane_makes_up_for_never_exceeds_the_service_s_rate(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.conf import settings

    monkeypatch.setattr(settings, "KUMOBAN_AWS_LIMITS", True)
    buckets.take("sso-admin", urgent=False, fence=None, patience=2)
    time.sleep(0.5)
    started = buckets.boot_clock()
    for _ in range(20):
        buckets.take("sso-admin", urgent=False, fence=None, patience=2)
    assert buckets.boot_clock() - started >= 19 / 19
