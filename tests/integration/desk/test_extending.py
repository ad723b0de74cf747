"""延長: a new request holds the same thing; access stays without a gap and ends exactly at the last end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from kumoban.core.reason import Refused
from kumoban.desk import clock, requests
from kumoban.desk.models import Request, Rule
from kumoban.desk.planning import ShapeError
from kumoban.ledger.search import search
from tests.integration.desk.practice import Practice, practice_desk


@pytest.fixture
def desk(emptied_ledger: None, monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> Iterator[Practice]:
    with practice_desk(monkeypatch, tmp_path) as made:
        yield made


def extended(desk: Practice, made: Request, until: str = "1h", by: str = "sato") -> Request:
    return requests.extend(desk.actor(by), made.number, until=until)


def refusal(desk: Practice, made: Request, by: str = "sato") -> str:
    with pytest.raises(Refused) as refused:
        extended(desk, made, by=by)
    return refused.value.reasons[0].code


def test_access_stays_without_a_gap_and_ends_at_the_last_end(desk: Practice) -> None:
    first = desk.granted()
    second = desk.until(desk.approve(extended(desk, first)), "active")
    assert second.ends_at > first.ends_at
    desk.later(second, first.ends_at - clock.now() + timedelta(seconds=1))
    desk.until(first, "ended")
    assert first.holds.get().ended_by == "held_by_others"
    assert desk.done("DeleteAccountAssignment") == 0
    assert len(desk.assigned()) == 1
    desk.later(second, second.ends_at - clock.now() + timedelta(seconds=1))
    desk.until(second, "ended")
    assert second.holds.get().ended_by == "seen_absent"
    assert (desk.done("CreateAccountAssignment"), desk.done("DeleteAccountAssignment")) == (1, 1)
    assert desk.assigned() == set()


def test_an_extension_approved_after_the_first_began_to_end_is_in_force_until_its_own_end(desk: Practice) -> None:
    first = desk.granted()
    second = extended(desk, first)
    desk.aws.admin.advance(3600)
    clock.advance(first.ends_at - clock.now() + timedelta(seconds=1), actor="test")
    desk.runner.tick()
    first.refresh_from_db()
    assert first.state == "ending"
    requests.approve(desk.actor("suzuki"), second.number, plan_digest=second.plan.digest)
    desk.until(second, "active")
    desk.until(first, "ended")
    assert len(desk.assigned()) == 1
    desk.later(second, second.ends_at - clock.now() + timedelta(seconds=1))
    desk.until(second, "ended")
    assert desk.assigned() == set()


def test_it_asks_for_the_same_at_once_and_says_what_it_extends(desk: Practice) -> None:
    first = desk.granted("sato", "ren", ticket="OPS-12")
    second = extended(desk, first, "30m", by="ren")
    same = ("accounts", "permission_set", "kind", "ticket")
    assert [second.form[name] for name in same] == [first.form[name] for name in same]
    assert set(second.workers.all()) == set(first.workers.all())
    assert (second.requester.user_name, second.state, second.extends) == ("ren", "waiting", first)
    assert first.number in second.reason
    assert first.reason in second.reason
    assert "start" not in second.form
    asked = next(entry for entry in search(subjects=[second.number]) if entry.kind == "request.asked")
    assert asked.facts["extends"] == first.number


def test_the_plan_says_which_request_gives_it_now_and_which_end_it_makes_of_it(desk: Practice) -> None:
    first = desk.granted()
    end = first.ends_at + timedelta(minutes=20)
    by_time = extended(desk, first, end.isoformat()).plan.value.steps[0]
    assert not by_time.present
    told = by_time.warnings[0]
    assert (told.code, told.params["request"]) == ("granted_then_until", first.number)
    assert (told.params["end"], told.params["to"]) == (first.ends_at.isoformat(), end.isoformat())
    by_length = extended(desk, first, "45m").plan.value.steps[0].warnings[0]
    assert (by_length.code, by_length.params["minutes"]) == ("granted_then_for", 45)
    sooner = extended(desk, first, (clock.now() + timedelta(minutes=5)).isoformat()).plan.value.steps[0].warnings[0]
    assert sooner.code == "granted_longer"


def test_an_extension_of_an_extension_keeps_the_first_reason(desk: Practice) -> None:
    first = desk.granted()
    second = desk.until(desk.approve(extended(desk, first)), "active")
    third = extended(desk, second)
    assert third.reason.count(first.reason) == 1
    assert third.reason.count("R-") == 1


def test_the_rules_of_this_moment_decide_about_it(desk: Practice) -> None:
    first = desk.granted()
    assert Rule.objects.update(limits={"max_minutes": 45}) == 1
    assert refusal(desk, first) == "longer_than_rule"
    with pytest.raises(ShapeError):
        extended(desk, first, "soon")


def test_only_what_is_in_force_is_extended_and_only_by_who_asked_or_works_with_it(desk: Practice) -> None:
    waiting = desk.ask()
    assert refusal(desk, waiting) == "not_extendable"
    first = desk.granted()
    assert refusal(desk, first, by="suzuki") == "not_extendable"
    assert refusal(desk, desk.ended(first)) == "not_extendable"


def test_what_holds_nothing_of_it_does_not_extend_it(desk: Practice) -> None:
    first = desk.granted()
    form, _extra = requests.extended_form(first)
    other = {**form, "accounts": [desk.account("payments-data-prod")], "until": "30m"}
    with pytest.raises(Refused, match="extends_nothing"):
        requests.ask(desk.actor("sato"), "temporary-access", other, extends=first.number)


def test_asked_twice_under_the_same_key_it_is_one_request(desk: Practice) -> None:
    first = desk.granted()
    once = [requests.extend(desk.actor("sato"), first.number, until="1h", idempotency="k") for _ in range(2)]
    assert once[0] == once[1]
