"""Temporary access from request to proven end, on the desk's own functions and the real runner."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kumoban.core.reason import Refused
from kumoban.desk import requests
from kumoban.desk.models import Hold, Lock, Request, Step
from kumoban.desk.planning import ShapeError
from kumoban.estate.models import Person
from kumoban.ledger.models import Entry
from kumoban.ledger.verify import verify
from tests.integration.conftest import ARN, Office

PAY, DATA = "410122300001", "410122300002"


def asked(office: Office, **changed: object) -> Request:
    return requests.ask(office.actor("sato"), "temporary-access", office.form(**changed))


def approved(office: Office, **changed: object) -> Request:
    made = asked(office, **changed)
    requests.approve(office.actor("suzuki"), made.number, plan_digest=made.plan.digest)
    office.runner.drain()
    made.refresh_from_db()
    return made


def test_it_is_granted_after_approval_and_seen_on_aws(office: Office) -> None:
    made = asked(office)
    assert made.state == "waiting"
    assert office.aws.assigned == set()
    requests.approve(office.actor("suzuki"), made.number, plan_digest=made.plan.digest)
    office.runner.drain()
    made.refresh_from_db()
    assert made.state == "active"
    assert {(a, p) for a, _, p in office.aws.assigned} == {
        (PAY, "u-sato"),
        (PAY, "u-ren"),
        (DATA, "u-sato"),
        (DATA, "u-ren"),
    }


def test_it_ends_by_itself_and_the_end_is_seen(office: Office) -> None:
    made = approved(office)
    office.pass_time(timedelta(minutes=16))
    office.runner.drain()
    made.refresh_from_db()
    assert made.state == "ended"
    assert office.aws.assigned == set()
    assert set(made.holds.values_list("ended_by", flat=True)) == {"seen_absent"}
    assert not Lock.objects.exists()
    assert verify().whole


def test_a_permanent_assignment_that_was_there_before_stays(office: Office) -> None:
    office.aws.assigned.add((PAY, ARN, "u-sato"))
    made = approved(office)
    office.pass_time(timedelta(minutes=16))
    office.runner.drain()
    made.refresh_from_db()
    assert made.state == "ended"
    assert office.aws.assigned == {(PAY, ARN, "u-sato")}
    assert made.holds.get(key__contains=PAY, person_id="u-sato").ended_by == "was_there_before"


def test_overlapping_grants_last_until_the_last_end(office: Office) -> None:
    first, second = approved(office, until="15m"), approved(office, until="1h")
    office.pass_time(timedelta(minutes=16))
    office.runner.drain()
    first.refresh_from_db()
    assert first.state == "ended"
    assert office.has(PAY, "u-sato")
    office.pass_time(timedelta(hours=1))
    office.runner.drain()
    second.refresh_from_db()
    assert second.state == "ended"
    assert not office.has(PAY, "u-sato")


@pytest.mark.parametrize("who", ["sato", "ren"])
def test_neither_requester_nor_worker_approves(office: Office, who: str) -> None:
    made = asked(office)
    with pytest.raises(Refused) as refused:
        requests.approve(office.actor(who), made.number, plan_digest=made.plan.digest)
    assert refused.value.reasons[0].code == "not_own_request"
    assert refused.value.attempt


def test_somebody_who_sees_it_and_is_no_approver_is_refused(office: Office) -> None:
    made = asked(office)
    with pytest.raises(Refused, match="not_an_approver"):
        requests.approve(office.actor("takahashi"), made.number, plan_digest=made.plan.digest)


def test_to_somebody_who_may_not_see_it_there_is_no_such_request_whatever_its_state(office: Office) -> None:
    made = asked(office)
    for digest in (made.plan.digest, "0" * 64):
        with pytest.raises(Refused) as refused:
            requests.approve(office.actor("kim"), made.number, plan_digest=digest)
        assert [reason.code for reason in refused.value.reasons] == ["no_such_request"]
        assert refused.value.attempt


def test_approving_a_plan_that_is_not_the_current_one_is_refused(office: Office) -> None:
    made = asked(office)
    with pytest.raises(Refused, match="plan_changed"):
        requests.approve(office.actor("suzuki"), made.number, plan_digest="0" * 64)


def test_an_edited_permission_set_voids_the_approval(office: Office) -> None:
    made = asked(office)
    office.aws.sets[ARN]["_managed"] = ["arn:aws:iam::aws:policy/AdministratorAccess"]
    requests.approve(office.actor("suzuki"), made.number, plan_digest=made.plan.digest)
    office.runner.drain()
    made.refresh_from_db()
    assert made.state == "waiting"
    assert made.why[0]["code"] == "plan_differs"
    assert office.aws.assigned == set()


def test_a_renamed_worker_voids_nothing(office: Office) -> None:
    made = asked(office)
    Person.objects.filter(pk="u-ren").update(display_name="中村 連")
    requests.approve(office.actor("suzuki"), made.number, plan_digest=made.plan.digest)
    office.runner.drain()
    made.refresh_from_db()
    assert made.state == "active"


def test_an_approver_dismissed_before_the_start_no_longer_counts(office: Office) -> None:
    made = asked(office)
    office.aws.members["g-leads"].discard("u-suzuki")
    requests.approve(office.actor("suzuki"), made.number, plan_digest=made.plan.digest)
    office.runner.drain()
    made.refresh_from_db()
    assert made.state == "waiting"
    assert made.why[0]["code"] == "approver_no_longer_entitled"
    assert office.aws.assigned == set()


def test_a_worker_who_left_the_team_is_refused_at_the_start(office: Office) -> None:
    made = asked(office)
    office.aws.members["g-pay"].discard("u-ren")
    requests.approve(office.actor("suzuki"), made.number, plan_digest=made.plan.digest)
    office.runner.drain()
    made.refresh_from_db()
    assert made.state == "refused"
    assert office.aws.assigned == set()


def test_early_end_by_the_worker(office: Office) -> None:
    made = approved(office)
    requests.end_early(office.actor("ren"), made.number)
    office.runner.drain()
    made.refresh_from_db()
    assert made.state == "ended"
    assert office.aws.assigned == set()


def test_a_stranger_may_not_end_it(office: Office) -> None:
    made = approved(office)
    with pytest.raises(Refused, match="may_not_end"):
        requests.end_early(office.actor("kim"), made.number)


def test_returned_and_asked_again_keeps_its_number(office: Office) -> None:
    made = asked(office)
    requests.return_for_correction(office.actor("suzuki"), made.number, comment="30分で足りますか")
    again = requests.resubmit(office.actor("sato"), made.number, office.form(until="30m"))
    assert (again.number, again.state) == (made.number, "waiting")
    assert again.plan.ordinal == 2


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"accounts": ["999999999999"]}, "unknown_account"),
        ({"permission_set": "arn:nothing"}, "unknown_permission_set"),
        ({"until": "0m"}, "no_time_at_all"),
        ({"until": "3h"}, "longer_than_rule"),
        ({"start": "2020-01-01T00:00+09:00"}, "start_in_the_past"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(office: Office, changed: dict[str, object], code: str) -> None:
    with pytest.raises(Refused, match=code):
        asked(office, **changed)
    assert not Request.objects.exists()


@pytest.mark.parametrize(
    "changed",
    [
        {"until": "-5m"},
        {"reason": "x" * 1_000_000},
        {"reason": "abc\u202edef ghi"},
        {"reason": "a\x00bcdef"},
        {"workers": ["u-nobody"]},
        {"state": "active"},
        {"accounts": []},
    ],
)
def test_what_has_not_the_shape_of_a_request_is_refused(office: Office, changed: dict[str, object]) -> None:
    with pytest.raises(ShapeError):
        asked(office, **changed)
    assert not Request.objects.exists()


def test_the_same_click_twice_is_one_request(office: Office) -> None:
    for _ in range(2):
        requests.ask(office.actor("sato"), "temporary-access", office.form(), idempotency="once")
    assert Request.objects.count() == 1


def test_somebody_no_rule_allows_is_refused(office: Office) -> None:
    with pytest.raises(Refused, match="no_rule_allows"):
        requests.ask(office.actor("kim"), "temporary-access", office.form(workers=["u-kim"]))


def test_a_lost_answer_makes_neither_orphan_nor_duplicate(office: Office) -> None:
    office.aws.lose = {"create_account_assignment": 1}
    made = approved(office, accounts=[PAY], workers=["u-sato"])
    office.runner.drain(4)
    _wait_due(office)
    made.refresh_from_db()
    assert made.state == "active"
    assert office.aws.calls["create_account_assignment"] == 1
    assert not Hold.objects.get().thing.existed_before
    office.pass_time(timedelta(minutes=16))
    office.runner.drain()
    assert office.aws.assigned == set()
    assert Entry.objects.filter(kind="aws.answer_lost").exists()


def _wait_due(office: Office) -> None:
    Step.objects.filter(phase="recover").update(due=Step.objects.filter(phase="recover").values("sent_at")[:1])
    office.runner.drain()


def test_every_mutating_call_has_an_intent_and_an_outcome(office: Office) -> None:
    approved(office)
    office.pass_time(timedelta(minutes=16))
    office.runner.drain()
    assert Entry.objects.filter(kind="aws.intent").count() == Entry.objects.filter(kind="aws.accepted").count() == 8
