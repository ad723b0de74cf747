"""A plan with a step by hand between steps on AWS: what stands behind it is planned and decided again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from kumoban.core.plan import MANUAL, Plan, PlannedStep
from kumoban.core.reason import Reason, Refused
from kumoban.desk import requests
from kumoban.desk import routine as registry
from kumoban.desk.models import Hold, Request, Rule, Step
from kumoban.ledger.clock import database_now
from kumoban.routines.temporary_access.routine import ROUTINE
from tests.integration.conftest import Office

FIRST, SECOND = "410122300001", "410122300002"


def _with_work_between(form: object, seen: object, asked: object) -> Plan:
    plan = ROUTINE.plan(form, seen, asked)
    by_hand = PlannedStep(MANUAL, Reason("other_request", {"subject": "ファイアウォールの開放"}))
    return replace(plan, steps=(plan.steps[0], by_hand, *plan.steps[1:]))


@pytest.fixture
def routine(office: Office) -> Iterator[str]:
    made = replace(ROUTINE, name="with-work", plan=_with_work_between)
    registry._routines[made.name] = made
    Rule.objects.update(routine=made.name)
    yield made.name
    del registry._routines[made.name]


def begun(office: Office, routine: str) -> Request:
    ends = (database_now() + timedelta(hours=1)).isoformat()
    made = requests.ask(office.actor("sato"), routine, office.form(workers=["u-sato"], until=ends))
    requests.approve(office.actor("suzuki"), made.number, plan_digest=made.plan.digest)
    office.runner.drain()
    made.refresh_from_db()
    return made


def work_is_done(office: Office, made: Request) -> None:
    requests.work(office.actor("takahashi"), made.number, text="開放しました", minutes=10)
    requests.close_manual(office.actor("takahashi"), made.number)
    office.runner.drain()
    made.refresh_from_db()


def test_what_stands_before_the_work_is_applied_and_what_stands_behind_it_waits(office: Office, routine: str) -> None:
    made = begun(office, routine)
    assert office.has(FIRST, "u-sato")
    assert not office.has(SECOND, "u-sato")
    assert made.state == "applying"
    work_is_done(office, made)
    assert office.has(SECOND, "u-sato")
    assert made.state == "active"


def test_a_plan_that_differs_behind_the_work_needs_a_person(office: Office, routine: str) -> None:
    made = begun(office, routine)
    next(iter(office.aws.sets.values()))["_managed"] = ["arn:aws:iam::aws:policy/AdministratorAccess"]
    work_is_done(office, made)
    assert not office.has(SECOND, "u-sato")
    assert Hold.objects.get(account_id=SECOND).state == "failed"
    assert Step.objects.get(kind="apply", hold__account_id=SECOND).needs_a_person
    assert made.state == "active"  # the first grant stays what it is


def test_authority_lost_meanwhile_stops_what_stands_behind_the_work(office: Office, routine: str) -> None:
    made = begun(office, routine)
    Rule.objects.create(name="凍結", routine=routine, effect="deny", changed_at=database_now())
    work_is_done(office, made)
    assert not office.has(SECOND, "u-sato")
    assert Hold.objects.get(account_id=SECOND).state == "failed"


def test_work_nobody_finished_in_time_leaves_nothing_behind(office: Office, routine: str) -> None:
    made = begun(office, routine)
    office.pass_time(timedelta(hours=2))
    office.runner.drain()
    made.refresh_from_db()
    assert made.state == "ended"
    assert not office.has(FIRST, "u-sato")
    assert Hold.objects.get(account_id=SECOND).ended_by == "never_made"


def test_ending_early_closes_the_work_too(office: Office, routine: str) -> None:
    made = begun(office, routine)
    requests.end_early(office.actor("sato"), made.number)
    office.runner.drain()
    made.refresh_from_db()
    assert made.state == "ended"
    with pytest.raises(Refused):
        requests.close_manual(office.actor("takahashi"), made.number)


def test_a_length_is_refused_where_people_work_in_between(office: Office, routine: str) -> None:
    with pytest.raises(Refused) as refusal:
        requests.ask(office.actor("sato"), routine, office.form(workers=["u-sato"], until="30m"))
    assert [reason.code for reason in refusal.value.reasons] == ["end_as_a_time"]
