"""What an ended grant leaves standing for another one is undone by that other one, however it ends."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kumoban.desk import clock, requests
from kumoban.desk.models import Hold, Lock, Request, Step, Thing
from kumoban.ledger.clock import database_now
from tests.integration.conftest import Office

PAY = "410122300001"


def approved(office: Office, **changed: object) -> Request:
    form = office.form(accounts=[PAY], workers=["u-sato"], **changed)
    made = requests.ask(office.actor("sato"), "temporary-access", form)
    return requests.approve(office.actor("suzuki"), made.number, plan_digest=made.plan.digest)


def test_a_grant_ended_before_it_ever_looked_undoes_what_was_left_for_it(office: Office) -> None:
    first = approved(office)
    office.runner.drain()
    second = approved(office)
    its_own = Step.objects.filter(hold__request=second, kind="apply")
    for _ in range(200):
        office.runner.tick()
        if its_own.exists():
            break
    # its node is busy elsewhere: nothing was looked at yet
    its_own.update(due=database_now() + timedelta(hours=1), lease_until=None, lease_by="")
    Lock.objects.all().delete()
    requests.end_early(office.actor("sato"), first.number)
    office.runner.drain()
    assert Hold.objects.get(request=first).ended_by == "held_by_others"
    requests.end_early(office.actor("sato"), second.number)
    office.runner.drain()
    assert Hold.objects.get(request=second).ended_by == "seen_absent"
    assert office.aws.assigned == set()
    assert not Thing.objects.filter(closed_at=None).exists()


def test_a_start_that_nobody_was_there_for_is_granted_for_the_rest_of_its_window(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.conf import settings

    monkeypatch.setattr(settings, "KUMOBAN_DEMO", True)
    start = clock.now() + timedelta(minutes=10)
    made = approved(office, start=start.isoformat(), until="30m")
    office.runner.drain()
    clock.advance(timedelta(minutes=20), actor="u-sato")
    office.runner.drain()
    made.refresh_from_db()
    assert made.state == "active", made.why
    assert made.ends_at is not None
    assert abs(made.ends_at - (start + timedelta(minutes=30))) < timedelta(seconds=1)
    clock.advance(timedelta(minutes=21), actor="u-sato")
    office.runner.drain()
    made.refresh_from_db()
    assert made.state == "ended"
    assert office.aws.assigned == set()
