"""事後承認: in an emergency it is granted at once, and approved afterwards."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kumoban.core.reason import Refused
from kumoban.desk import requests, rules
from kumoban.desk.duties import overdue_ratifications
from kumoban.desk.models import Request, Rule
from kumoban.desk.planning import ShapeError
from kumoban.desk.routine import routine_of
from kumoban.desk.rule_book import RuleForm, save_rule
from kumoban.desk.shapes import read
from kumoban.ledger.clock import database_now
from kumoban.ledger.search import search
from tests.integration.conftest import ARN, Office


def emergency_rule(**changed: object) -> Rule:
    values = {
        "name": "緊急は事後",
        "routine": "temporary-access",
        "who": {"groups": ["g-pay"]},
        "dimensions": {"account": ["*"], "environment": ["*"], "permission_set": ["*"]},
        "limits": {"max_minutes": 60, "afterwards_days": 2},
        "approvers": [{"group": "g-leads"}],
        **changed,
    }
    return save_rule(None, read(RuleForm, values).stored())


@pytest.fixture
def office(office: Office) -> Office:
    emergency_rule()
    return office


def ask(office: Office, **changed: object) -> Request:
    return requests.ask(office.actor("sato"), "temporary-access", office.form(**changed), emergency=True)


def granted(office: Office) -> Request:
    made = ask(office)
    office.runner.drain()
    made.refresh_from_db()
    return made


def test_an_emergency_is_granted_before_anybody_approves_and_waits_for_approval_afterwards(office: Office) -> None:
    made = granted(office)
    assert made.state == "active"
    assert made.ratification == "due"
    assert [one.number for one in rules.inbox(office.actor("suzuki"))] == [made.number]
    requests.approve(office.actor("suzuki"), made.number, plan_digest=made.plan.digest)
    made.refresh_from_db()
    assert (made.state, made.ratification) == ("active", "ratified")
    assert not rules.inbox(office.actor("suzuki")).exists()


def test_it_is_ended_on_time_and_can_still_be_approved_then(office: Office) -> None:
    made = granted(office)
    office.pass_time(timedelta(hours=1))
    office.runner.drain()
    made.refresh_from_db()
    assert (made.state, made.ratification) == ("ended", "due")
    requests.approve(office.actor("suzuki"), made.number, plan_digest=made.plan.digest)
    made.refresh_from_db()
    assert made.ratification == "ratified"


def test_what_is_not_approved_afterwards_ends_at_once_and_stays_on_record(office: Office) -> None:
    made = granted(office)
    requests.deny(office.actor("suzuki"), made.number, comment="緊急ではない")
    office.runner.drain()
    made.refresh_from_db()
    assert (made.state, made.ratification) == ("ended", "rejected")
    assert office.aws.assigned == set()
    assert search(subjects=[made.number], kind="request.rejected")[0].texts["comment"] == "緊急ではない"


def test_it_cannot_be_returned_for_correction(office: Office) -> None:
    made = granted(office)
    with pytest.raises(Refused) as refused:
        requests.return_for_correction(office.actor("suzuki"), made.number, comment="直して")
    assert refused.value.reasons[0].code == "not_in_this_state"


def test_whoever_asked_or_worked_does_not_approve_afterwards(office: Office) -> None:
    made = granted(office)
    with pytest.raises(Refused) as refused:
        requests.approve(office.actor("sato"), made.number, plan_digest=made.plan.digest)
    assert refused.value.reasons[0].code == "not_own_request"


def test_without_a_rule_for_emergencies_nothing_is_granted_at_once(office: Office) -> None:
    Rule.objects.filter(name="緊急は事後").update(enabled=False)
    with pytest.raises(Refused) as refused:
        ask(office)
    assert refused.value.reasons[0].code == "no_rule_allows"


def test_a_rule_for_emergencies_allows_nothing_else(office: Office) -> None:
    Rule.objects.exclude(name="緊急は事後").update(enabled=False)
    with pytest.raises(Refused) as refused:
        requests.ask(office.actor("sato"), "temporary-access", office.form())
    assert refused.value.reasons[0].code == "no_rule_allows"


def test_a_deny_rule_wins_over_an_emergency(office: Office) -> None:
    deny = {"name": "止める", "routine": "temporary-access", "effect": "deny"}
    save_rule(None, read(RuleForm, deny).stored())
    with pytest.raises(Refused) as refused:
        ask(office)
    assert refused.value.reasons[0].code == "denied_by_rule"


def test_overdue_it_is_told_once_is_ops_work_and_bars_the_next_emergency(office: Office) -> None:
    made = granted(office)
    Request.objects.filter(pk=made.pk).update(lapses_at=database_now() - timedelta(minutes=1))
    assert (overdue_ratifications(), overdue_ratifications()) == (1, 0)
    assert made.number in {one.number for one in rules.work(office.actor("takahashi"), database_now())}
    with pytest.raises(Refused) as refused:
        ask(office)
    assert refused.value.reasons[0].code == "ratify_first"
    requests.approve(office.actor("suzuki"), made.number, plan_digest=made.plan.digest)  # late is better than never
    assert ask(office).emergency


def test_withdrawn_before_it_was_applied_there_is_nothing_to_approve(office: Office) -> None:
    made = ask(office)
    requests.withdraw(office.actor("sato"), made.number)
    made.refresh_from_db()
    assert (made.state, made.ratification) == ("withdrawn", "")


def test_a_changed_plan_of_an_emergency_asks_its_requester_and_nobody_else(office: Office) -> None:
    made = ask(office)
    office.aws.sets[ARN]["_managed"] = ["arn:aws:iam::aws:policy/AdministratorAccess"]
    office.runner.drain()
    made.refresh_from_db()
    assert (made.state, made.ratification) == ("waiting", "")
    assert not rules.inbox(office.actor("suzuki")).exists()
    assert list(rules.to_confirm(office.actor("sato"))) == [made]
    with pytest.raises(Refused):
        requests.approve(office.actor("suzuki"), made.number, plan_digest=made.plan.digest)
    requests.confirm_plan(office.actor("sato"), made.number, plan_digest=made.plan.digest)
    office.runner.drain()
    made.refresh_from_db()
    assert (made.state, made.ratification) == ("active", "due")


def test_a_rule_for_emergencies_says_who_approves_afterwards(office: Office) -> None:
    with pytest.raises(ShapeError) as refused:
        emergency_rule(approvers=[])
    assert [reason.code for _field, reason in refused.value.errors] == ["afterwards_by_nobody"]


def test_the_seal_of_an_emergency_says_that_it_was_one(office: Office) -> None:
    assert '"emergency"' in granted(office).plan.signed
    ordinary = requests.ask(office.actor("sato"), "temporary-access", office.form())
    assert '"emergency"' not in ordinary.plan.signed


def test_what_only_operations_may_do_is_never_approved_afterwards(office: Office) -> None:
    adopt = routine_of("adopt")
    assert adopt is not None
    takahashi = office.actor("takahashi").person
    decision = rules.decide(adopt, takahashi, [takahashi], [], database_now(), timedelta(hours=1), emergency=True)
    assert [reason.code for reason in decision.refusals] == ["never_afterwards"]
