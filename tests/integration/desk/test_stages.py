"""Approvals in an order (first the manager, then security), and to whom it goes where nobody answers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from kumoban.core.reason import Refused
from kumoban.desk import requests, rules
from kumoban.desk.duties import DUTIES, remind
from kumoban.desk.models import Event, Plan, Request, Requirement, Rule, User
from kumoban.desk.notices.audience import audience
from kumoban.desk.people import Actor
from kumoban.desk.planning import ShapeError
from kumoban.desk.routine import routine_of
from kumoban.desk.rule_book import RuleForm, save_rule
from kumoban.desk.shapes import read
from kumoban.estate.models import Membership, Person
from kumoban.ledger.clock import database_now
from kumoban.ledger.search import search
from tests.integration.api.caller import Caller
from tests.integration.conftest import Office

LEADS_THEN_OPS = [{"group": "g-leads"}, {"group": "g-ops", "stage": 2}]
LEADS_ELSE_OPS = [{"group": "g-leads", "escalate": {"hours": 4, "group": "g-ops"}}]


def rule(approvers: list[dict[str, Any]], **changed: Any) -> Rule:
    ordinary = Rule.objects.get()
    written = {name: getattr(ordinary, name) for name in ("name", "routine", "who", "dimensions", "limits")}
    return save_rule(None, read(RuleForm, {**written, "approvers": approvers, **changed}).stored(), ordinary)


def ask(office: Office) -> Request:
    return requests.ask(office.actor("sato"), "temporary-access", office.form())


def approve(office: Office, made: Request, name: str) -> None:
    made.refresh_from_db()
    assert made.plan is not None
    requests.approve(office.actor(name), made.number, plan_digest=made.plan.digest)
    made.refresh_from_db()


def refusal(office: Office, made: Request, name: str) -> str:
    with pytest.raises(Refused) as refused:
        approve(office, made, name)
    return refused.value.reasons[0].code


def waits_for(office: Office, name: str) -> list[str]:
    return [request.number for request in rules.inbox(office.actor(name))]


@pytest.fixture
def told(office: Office, settings: Any) -> None:
    """There is somewhere to tell people."""
    settings.KUMOBAN_EMAIL = {"smtp": "smtp://127.0.0.1:1"}


def last_told(kind: str) -> set[tuple[str, str]]:
    event = Event.objects.filter(kind=kind).latest("id")
    return {(one.person, one.kind) for one in audience(event)}


# --- 順番


def test_the_second_step_waits_for_the_first(office: Office) -> None:
    rule(LEADS_THEN_OPS)
    made = ask(office)
    assert (waits_for(office, "suzuki"), waits_for(office, "takahashi")) == ([made.number], [])
    assert refusal(office, made, "takahashi") == "not_your_turn"
    approve(office, made, "suzuki")
    assert (made.state, waits_for(office, "takahashi")) == ("waiting", [made.number])
    approve(office, made, "takahashi")
    assert made.state == "approved"


def test_who_waits_for_their_turn_may_read_it_but_not_deny_it(office: Office) -> None:
    rule(LEADS_THEN_OPS)
    made = ask(office)
    ops = office.actor("takahashi")
    assert rules.visible(ops).filter(pk=made.pk).exists()
    with pytest.raises(Refused) as refused:
        requests.deny(ops, made.number, comment="だめです")
    assert refused.value.reasons[0].code == "not_your_turn"


def test_a_part_that_has_its_approval_takes_no_further_one(office: Office) -> None:
    rule(LEADS_THEN_OPS)
    made = ask(office)
    approve(office, made, "suzuki")
    assert waits_for(office, "tanaka") == []
    assert refusal(office, made, "tanaka") == "not_your_turn"


def test_one_person_does_not_fill_both_steps(office: Office) -> None:
    Membership.objects.create(person_id="u-suzuki", group_id="g-ops", seen_at=database_now())
    rule(LEADS_THEN_OPS)
    made = ask(office)
    approve(office, made, "suzuki")
    assert refusal(office, made, "suzuki") == "already_approved"
    approve(office, made, "takahashi")
    assert made.state == "approved"


def test_the_next_are_told_when_it_is_their_turn_and_only_then(office: Office, told: None) -> None:
    rule(LEADS_THEN_OPS)
    made = ask(office)
    assert last_told("waiting") == {("u-suzuki", "decide"), ("u-tanaka", "decide")}
    approve(office, made, "suzuki")
    assert last_told("turn") == {("u-takahashi", "decide")}


def test_a_changed_plan_begins_with_the_first_step_again(office: Office) -> None:
    rule(LEADS_THEN_OPS)
    made = ask(office)
    approve(office, made, "suzuki")
    requests.return_for_correction(office.actor("takahashi"), made.number, comment="短くしてください")
    requests.resubmit(office.actor("sato"), made.number, office.form(until="10m"))
    assert (waits_for(office, "suzuki"), waits_for(office, "takahashi")) == ([made.number], [])


def test_where_the_first_approver_leaves_the_company_it_is_the_first_step_again(office: Office) -> None:
    rule(LEADS_THEN_OPS)
    made = ask(office)
    for name in ("suzuki", "takahashi"):
        approve(office, made, name)
    Person.objects.filter(pk="u-suzuki").update(enabled=False)
    office.runner.drain()
    made.refresh_from_db()
    assert made.state == "waiting"
    assert (waits_for(office, "tanaka"), waits_for(office, "takahashi")) == ([made.number], [])
    approve(office, made, "tanaka")
    assert made.state == "approved"


def test_an_emergency_is_approved_afterwards_in_the_same_order(office: Office) -> None:
    rule(LEADS_THEN_OPS, limits={"max_minutes": 60, "afterwards_days": 2})
    made = requests.ask(office.actor("sato"), "temporary-access", office.form(), emergency=True)
    office.runner.drain()
    assert refusal(office, made, "takahashi") == "not_your_turn"
    approve(office, made, "suzuki")
    approve(office, made, "takahashi")
    assert made.ratification == "ratified"


@pytest.mark.parametrize("stages", [[2], [1, 3], [3, 3]])
def test_steps_are_numbered_without_a_gap(office: Office, stages: list[int]) -> None:
    approvers = [{"manager": True, "stage": stages[0]}, *({"manager": True, "stage": one} for one in stages[1:])]
    with pytest.raises(ShapeError) as wrong:
        read(RuleForm, {**OPEN, "approvers": approvers})
    assert ("approvers", "stage_first") in [(name, reason.code) for name, reason in wrong.value.errors]


OPEN = {
    "name": "x",
    "routine": "temporary-access",
    "who": {"everyone": True},
    "dimensions": {"account": ["*"], "environment": ["*"], "permission_set": ["*"]},
}


def test_a_step_is_not_closed_to_everybody_by_who_could_have_filled_the_next(office: Office) -> None:
    """Suzuki, who alone can fill the second, sealed as one of the first: another of the first may still seal."""
    rule([{"group": "g-leads"}, {"people": ["suzuki"], "stage": 2}])
    made = ask(office)
    approve(office, made, "suzuki")
    approve(office, made, "tanaka")
    assert made.state == "approved"


def test_steps_that_only_one_person_could_fill_are_refused(office: Office) -> None:
    rule([{"people": ["suzuki"]}, {"people": ["suzuki"], "stage": 2}])
    with pytest.raises(Refused) as refused:
        ask(office)
    assert refused.value.reasons[0].code == "nobody_can_approve"


def test_of_what_only_operations_do_a_rule_says_the_step_and_never_lifts_it(office: Office) -> None:
    routine = routine_of("permission-set")
    assert routine is not None
    every = {dimension.name: ["*"] for dimension in routine.dimensions}
    steps = [{"group": "g-leads"}, {"group": "g-ops", "stage": 2, "escalate": {"hours": 4, "people": ["kim"]}}]
    said = {"name": "x", "routine": routine.name, "who": {"everyone": True}, "dimensions": every, "approvers": steps}
    save_rule(None, read(RuleForm, said).stored())
    Membership.objects.create(person_id="u-tanaka", group_id="g-ops", seen_at=database_now())
    person = Person.objects.get(pk="u-takahashi")
    found = rules.decide(routine, person, [person], [dict.fromkeys(every, "")], database_now(), timedelta())
    assert {(slot.refs, slot.stage, slot.escalation) for slot in found.slots} == {
        (("g-leads",), 1, None),
        (("g-ops",), 2, None),
    }


def test_a_system_outside_is_told_of_what_has_its_turn_there(office: Office, settings: Any) -> None:
    settings.KUMOBAN_OUTSIDE_SYSTEMS = {"x-point": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
    rule([{"group": "g-leads"}, {"group": "g-ops", "stage": 2, "via": "x-point"}])
    made = ask(office)
    system = Actor(User.objects.create(login="outside:x-point", machine=True), frozenset({"outside"}))
    assert not rules.inbox_of_system(system).exists()
    approve(office, made, "suzuki")
    assert list(rules.inbox_of_system(system)) == [made]


# --- 返事がないとき


def overdue(made: Request) -> None:
    """As if the business time to answer had passed."""
    rows = Requirement.objects.filter(plan=made.plan, escalation=True)
    assert all(row.escalates_at and row.escalates_at > database_now() for row in rows)
    rows.update(escalates_at=database_now() - timedelta(minutes=1))


def test_it_goes_to_others_as_well_where_nobody_answers_in_time(office: Office, told: None) -> None:
    rule(LEADS_ELSE_OPS)
    made = ask(office)
    assert waits_for(office, "takahashi") == []
    assert requests.escalate() == 0
    overdue(made)
    assert requests.escalate() == 1
    assert (waits_for(office, "suzuki"), waits_for(office, "takahashi")) == ([made.number], [made.number])
    assert last_told("escalated") >= {("u-takahashi", "decide_escalated"), ("u-sato", "escalated")}
    assert search(subjects=[made.number], kind="request.escalated")[0].facts["to"] == ["g-ops"]
    approve(office, made, "takahashi")
    assert made.state == "approved"
    office.runner.drain()
    made.refresh_from_db()
    assert made.state == "active"


def test_before_that_time_they_are_no_approvers(office: Office) -> None:
    rule([{"group": "g-leads", "escalate": {"hours": 4, "people": ["kim"]}}])
    made = ask(office)
    assert refusal(office, made, "kim") == "no_such_request"
    overdue(made)
    requests.escalate()
    approve(office, made, "kim")
    assert made.state == "approved"


def test_it_is_told_once_whoever_counts_and_however_often(office: Office, told: None) -> None:
    rule(LEADS_ELSE_OPS)
    overdue(ask(office))
    assert [requests.escalate() for _ in range(3)] == [1, 0, 0]
    assert Event.objects.filter(kind="escalated").count() == 1


def test_what_was_decided_in_time_is_not_escalated(office: Office) -> None:
    rule(LEADS_ELSE_OPS)
    made = ask(office)
    overdue(made)
    approve(office, made, "suzuki")
    assert requests.escalate() == 0


def test_the_time_of_a_later_step_begins_with_its_turn(office: Office) -> None:
    rule([{"group": "g-leads"}, {"group": "g-ops", "stage": 2, "escalate": {"hours": 1, "people": ["kim"]}}])
    made = ask(office)
    row = Requirement.objects.get(plan=made.plan, escalation=True)
    assert row.escalates_at is None
    approve(office, made, "suzuki")
    row.refresh_from_db()
    assert row.escalates_at is not None
    overdue(made)
    assert requests.escalate() == 1
    approve(office, made, "kim")
    assert made.state == "approved"


def test_whom_it_went_to_stays_asked_when_a_rule_asks_for_more_meanwhile(office: Office) -> None:
    ordinary = rule(LEADS_ELSE_OPS)
    made = ask(office)
    overdue(made)
    requests.escalate()
    approve(office, made, "takahashi")
    also = {**LEADS_ELSE_OPS[0]}
    rule([also, {"people": ["tanaka"]}])
    office.runner.drain()
    made.refresh_from_db()
    assert made.state == "waiting"
    approve(office, made, "tanaka")
    assert made.state == "approved"
    assert ordinary.pk == Rule.objects.get().pk


def test_a_later_step_is_not_escalated_because_an_earlier_one_was(office: Office) -> None:
    to = {"hours": 4, "people": ["kim"]}
    first, second = {"group": "g-leads", "escalate": to}, {"group": "g-ops", "stage": 2, "escalate": to}
    rule([first])
    made = ask(office)
    overdue(made)
    requests.escalate()
    approve(office, made, "suzuki")
    rule([first, second])
    office.runner.drain()
    made.refresh_from_db()
    assert made.state == "waiting"
    assert refusal(office, made, "kim") == "not_your_turn"


def test_who_is_asked_again_has_the_whole_time_again(office: Office) -> None:
    rule(LEADS_ELSE_OPS)
    made = ask(office)
    approve(office, made, "suzuki")
    overdue(made)  # the hours pass while nobody is asked for anything
    Person.objects.filter(pk="u-suzuki").update(enabled=False)
    office.runner.drain()
    made.refresh_from_db()
    assert made.state == "waiting"
    assert requests.escalate() == 0


def test_who_asks_does_not_approve_by_escalation_either(office: Office) -> None:
    rule([{"group": "g-leads", "escalate": {"hours": 4, "people": ["sato"]}}])
    made = ask(office)
    overdue(made)
    requests.escalate()
    assert refusal(office, made, "sato") == "not_own_request"


def test_a_reminder_names_those_whose_turn_it_is(office: Office) -> None:
    rule(LEADS_THEN_OPS)
    made = ask(office)
    Request.objects.filter(pk=made.pk).update(
        changed_at=database_now() - timedelta(days=30), lapses_at=database_now() + timedelta(days=3)
    )
    assert remind() == 1
    assert search(subjects=[made.number], kind="request.reminded")[0].facts["approvers"] == ["u-suzuki", "u-tanaka"]


def test_the_runner_looks_every_minute() -> None:
    assert [duty.every for duty in DUTIES if duty.name == "escalate"] == [timedelta(minutes=1)]


def test_requirements_of_an_older_version_are_everybodys_turn(office: Office) -> None:
    """Rows from before there were steps are open, and are decided as ever."""
    made = ask(office)
    assert set(made.plan.requirements.values_list("open", "escalation")) == {(True, False)}
    assert Plan.objects.get(pk=made.plan_id).authority["slots"][0].keys() == {"kind", "refs", "count", "rules"}


@pytest.mark.parametrize("to", [{"hours": 4}, {"hours": 4, "group": "g-ops", "people": ["kim"]}])
def test_it_is_said_to_whom_it_goes(office: Office, to: dict[str, Any]) -> None:
    with pytest.raises(ShapeError) as wrong:
        rule([{"group": "g-leads", "escalate": to}])
    assert ("approvers.0.escalate", "escalate_to_one") in [(name, reason.code) for name, reason in wrong.value.errors]


def test_the_api_says_who_must_approve_in_which_step_and_whose_turn_it_is(office: Office) -> None:
    rule([{"group": "g-leads", "escalate": {"hours": 4, "people": ["kim"]}}, {"group": "g-ops", "stage": 2}])
    made = ask(office)

    def told() -> list[tuple[list[str], int, bool, list[str], bool]]:
        one = Caller(office, "sato", "read").get(f"requests/{made.number}").json()
        return [
            (place["who"], place["step"], place["open"], place["also"], place["escalated"]) for place in one["required"]
        ]

    first, second = ["team-payments-leads"], ["ops"]
    assert told() == [(first, 1, True, ["kim"], False), (second, 2, False, [], False)]
    overdue(made)
    requests.escalate()
    assert told()[0] == (first, 1, True, ["kim"], True)
    approve(office, made, "suzuki")
    assert told() == [(first, 1, False, ["kim"], True), (second, 2, True, [], False)]
