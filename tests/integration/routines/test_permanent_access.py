"""Access without an end: to a group, with an owner and a day of review; ended by a person, and proven gone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from kumoban.aws.door import door
from kumoban.core.reason import Refused
from kumoban.desk import clock, requests
from kumoban.desk.models import Hold, Request
from kumoban.estate.scan import scan_assignments
from tests.integration.desk import practice as practice_module
from tests.integration.desk.practice import Practice, practice_desk

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def desk(emptied_ledger: None, tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[Practice]:
    monkeypatch.setitem(practice_module.GROUPS, "ops", ["takahashi", "kim"])
    with practice_desk(monkeypatch, tmp_path) as opened:
        yield opened


def in_days(days: int) -> date:
    return (clock.now() + timedelta(days=days)).date()


def ask(desk: Practice, **changed: object) -> Request:
    form = {
        "group": desk.group("team-payments"),
        "accounts": [desk.account("payments-prod"), desk.account("payments-data-prod")],
        "permission_set": desk.permission_set,
        "owner": desk.user("suzuki"),
        "review_on": in_days(180),
        "reason": "決済チームの参照権限、責任者の依頼",
    }
    wanted = {name: value for name, value in {**form, **changed}.items() if value is not None}
    return requests.ask(desk.actor("takahashi"), "permanent-access", wanted)


def granted(desk: Practice, **changed: object) -> Request:
    made = ask(desk, **changed)
    desk.approve(made, "kim")
    return desk.until(made, "active")


def codes(refused: pytest.ExceptionInfo[Refused]) -> set[str]:
    return {reason.code for reason in refused.value.reasons}


def test_a_group_has_it_without_an_end_and_somebody_answers_for_it(desk: Practice) -> None:
    made = granted(desk)
    group = desk.group("team-payments")
    assert desk.assigned() == {(desk.account(name), group) for name in ("payments-prod", "payments-data-prod")}
    assert made.ends_at is None
    holds = Hold.objects.filter(request=made)
    assert {(hold.owner_id, hold.review_on) for hold in holds} == {(desk.user("suzuki"), in_days(180))}
    desk.later(made, timedelta(days=30))
    assert made.state == "active"


def test_it_ends_when_somebody_ends_it_and_is_proven_gone(desk: Practice) -> None:
    made = granted(desk)
    requests.end_early(desk.actor("kim"), made.number)
    desk.until(made, "ended")
    assert desk.assigned() == set()
    assert set(Hold.objects.filter(request=made).values_list("ended_by", flat=True)) == {"seen_absent"}


def test_a_temporary_grant_of_the_same_thing_leaves_the_permanent_one_standing(desk: Practice) -> None:
    person = desk.user("ren")
    permanent = granted(desk, group=None, person=person, why_a_person="夜間バッチの担当者で、他にメンバーがいない")
    temporary = desk.granted("ren")
    desk.ended(temporary)
    assert (desk.account("payments-prod"), person) in desk.assigned()
    assert Hold.objects.get(request=temporary).ended_by == "held_by_others"
    assert permanent.state == "active"


def test_to_a_person_only_with_a_reason_and_never_without_owner_and_review(desk: Practice) -> None:
    with pytest.raises(Refused) as refused:
        ask(desk, group=None, person=desk.user("ren"))
    assert codes(refused) == {"why_not_a_group"}
    with pytest.raises(Refused) as refused:
        ask(desk, owner=None, review_on=in_days(500))
    assert codes(refused) == {"owner_needed", "review_out_of_range"}
    with pytest.raises(Refused) as refused:
        ask(desk, person=desk.user("ren"))
    assert "group_or_person" in codes(refused)


def test_what_a_request_granted_is_not_granted_twice_and_is_ended_by_that_request(desk: Practice) -> None:
    granted(desk)
    with pytest.raises(Refused) as refused:
        ask(desk)
    assert codes(refused) == {"granted_by"}
    with pytest.raises(Refused) as refused:
        ask(desk, act="take_away")
    assert codes(refused) == {"end_the_request"}


def test_what_was_there_before_the_desk_is_taken_away(desk: Practice) -> None:
    group = desk.group("team-payments")
    thing = {**desk.thing("ren"), "PrincipalType": "GROUP", "PrincipalId": group}
    desk.admin("sso-admin").create_account_assignment(**thing)
    desk.aws.admin.advance(60)
    scan_assignments(door().open("test"), desk.account("payments-prod"), desk.permission_set)
    made = ask(desk, act="take_away", accounts=[desk.account("payments-prod")], owner=None, review_on=None)
    desk.approve(made, "kim")
    desk.until(made, "done")
    assert desk.assigned() == set()


def test_owner_and_review_are_signed_so_that_another_owner_is_another_plan(desk: Practice) -> None:
    first, second = ask(desk), ask(desk, owner=desk.user("tanaka"))
    assert '"terms":{"owner":' in first.plan.signed
    assert first.plan.signed.replace(first.number, "") != second.plan.signed.replace(second.number, "")
