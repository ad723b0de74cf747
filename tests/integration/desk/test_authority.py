"""Who may decide: nobody for themselves, whatever account they use; and only on what holds at that moment."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kumoban.core.reason import Refused
from kumoban.desk import requests, rules
from kumoban.desk.models import Absence, Approval, Request, Rule
from kumoban.estate.models import Account, Membership, Person
from kumoban.ledger.clock import database_now
from tests.integration.conftest import Office


def asked(office: Office, **changed: object) -> Request:
    return requests.ask(office.actor("sato"), "temporary-access", office.form(workers=["u-sato"], **changed))


def another_account_of(office: Office, name: str, *, groups: list[str]) -> None:
    Person.objects.filter(user_name=name).update(employee_number="100234")
    other = Person.objects.create(
        id=f"u-{name}-admin",
        user_name=f"{name}.admin",
        display_name=f"{name} (admin)",
        employee_number="100234",
        seen_at=database_now(),
    )
    for group in groups:
        Membership.objects.create(person_id=other.id, group_id=group, seen_at=database_now())
        office.aws.members.setdefault(group, set()).add(other.id)


def codes(refusal: pytest.ExceptionInfo[Refused]) -> list[str]:
    return [reason.code for reason in refusal.value.reasons]


def test_nobody_approves_their_own_request_from_a_second_account(office: Office) -> None:
    another_account_of(office, "sato", groups=["g-leads"])
    made = asked(office)
    with pytest.raises(Refused) as refusal:
        requests.approve(office.actor("sato.admin"), made.number, plan_digest=made.plan.digest)
    assert codes(refusal) == ["not_own_request"]
    assert not rules.inbox(office.actor("sato.admin")).exists()


def test_a_worker_s_second_account_does_not_count_among_those_who_can_approve(office: Office) -> None:
    Membership.objects.filter(group_id="g-leads").delete()
    another_account_of(office, "sato", groups=["g-leads"])
    with pytest.raises(Refused) as refusal:
        asked(office)
    assert codes(refusal) == ["nobody_can_approve"]


def test_two_accounts_of_one_approver_are_one_approval(office: Office) -> None:
    Rule.objects.update(approvers=[{"group": "g-leads", "count": 2}])
    another_account_of(office, "suzuki", groups=["g-leads"])
    made = asked(office)
    requests.approve(office.actor("suzuki"), made.number, plan_digest=made.plan.digest)
    with pytest.raises(Refused) as refusal:
        requests.approve(office.actor("suzuki.admin"), made.number, plan_digest=made.plan.digest)
    assert codes(refusal) == ["already_approved"]
    made.refresh_from_db()
    assert made.state == "waiting"


def test_who_has_approved_cannot_approve_again_through_a_delegate(office: Office) -> None:
    Rule.objects.update(approvers=[{"group": "g-leads", "count": 2}])
    now = database_now()
    suzuki, kim = Person.objects.get(user_name="suzuki"), Person.objects.get(user_name="kim")
    Absence.objects.create(person=suzuki, delegate=kim, starts_at=now, ends_at=now + timedelta(days=1))
    made = asked(office)
    requests.approve(office.actor("suzuki"), made.number, plan_digest=made.plan.digest)
    with pytest.raises(Refused) as refusal:
        requests.approve(office.actor("kim"), made.number, plan_digest=made.plan.digest)
    assert codes(refusal) == ["already_approved"]


def test_an_approval_is_refused_when_a_deny_rule_came_meanwhile(office: Office) -> None:
    made = asked(office)
    Rule.objects.create(name="凍結", routine="temporary-access", effect="deny", changed_at=database_now())
    with pytest.raises(Refused) as refusal:
        requests.approve(office.actor("suzuki"), made.number, plan_digest=made.plan.digest)
    assert set(codes(refusal)) == {"denied_by_rule"}
    assert not Approval.objects.exists()


def test_a_deny_rule_between_approval_and_start_refuses_the_request(office: Office) -> None:
    made = asked(office)
    requests.approve(office.actor("suzuki"), made.number, plan_digest=made.plan.digest)
    Rule.objects.create(name="凍結", routine="temporary-access", effect="deny", changed_at=database_now())
    office.runner.drain()
    made.refresh_from_db()
    assert made.state == "refused"
    assert {why["code"] for why in made.why} == {"denied_by_rule"}
    assert not office.has("410122300001", "u-sato")


def test_more_approvals_asked_for_meanwhile_are_waited_for_from_those_who_can_give_them(office: Office) -> None:
    made = asked(office)
    requests.approve(office.actor("suzuki"), made.number, plan_digest=made.plan.digest)
    Rule.objects.update(approvers=[{"group": "g-leads", "count": 1}, {"group": "g-ops", "count": 1}])
    office.runner.drain()
    made.refresh_from_db()
    assert made.state == "waiting"
    assert rules.inbox(office.actor("takahashi")).filter(pk=made.pk).exists()
    requests.approve(office.actor("takahashi"), made.number, plan_digest=made.plan.digest)
    office.runner.drain()
    made.refresh_from_db()
    assert made.state == "active"


# --- where no approval is needed


@pytest.fixture
def unapproved(office: Office) -> Request:
    """Decided by a rule that asks for no approval; then the permission set is edited, before the live look."""
    Rule.objects.update(approvers=[])
    made = asked(office)
    assert made.state == "approved"
    next(iter(office.aws.sets.values()))["_managed"] = ["arn:aws:iam::aws:policy/AdministratorAccess"]
    office.runner.drain()
    made.refresh_from_db()
    return made


def test_a_changed_plan_that_needs_no_approval_waits_for_the_requester_s_word(
    office: Office, unapproved: Request
) -> None:
    assert unapproved.state == "waiting"
    assert [why["code"] for why in unapproved.why] == ["plan_differs"]
    assert not office.has("410122300001", "u-sato")
    requests.confirm_plan(office.actor("sato"), unapproved.number, plan_digest=unapproved.plan.digest)
    office.runner.drain()
    unapproved.refresh_from_db()
    assert unapproved.state == "active"


def test_only_the_requester_confirms_and_only_the_plan_that_was_read(office: Office, unapproved: Request) -> None:
    with pytest.raises(Refused) as refusal:
        requests.confirm_plan(office.actor("ren"), unapproved.number, plan_digest=unapproved.plan.digest)
    assert codes(refusal) == ["not_your_request"]
    with pytest.raises(Refused) as refusal:
        requests.confirm_plan(office.actor("sato"), unapproved.number, plan_digest="0" * 64)
    assert codes(refusal) == ["plan_changed"]


def test_a_plan_that_needs_approval_cannot_be_confirmed_by_its_requester(office: Office) -> None:
    made = asked(office)
    with pytest.raises(Refused) as refusal:
        requests.confirm_plan(office.actor("sato"), made.number, plan_digest=made.plan.digest)
    assert codes(refusal) == ["not_waiting"]


def test_who_gets_a_request_back_has_time_to_correct_it(office: Office) -> None:
    made = asked(office)
    Request.objects.update(lapses_at=database_now() + timedelta(minutes=2))
    requests.return_for_correction(office.actor("suzuki"), made.number, comment="短くしてください")
    made.refresh_from_db()
    assert made.lapses_at > database_now() + timedelta(hours=20)


def test_an_account_retagged_to_production_meanwhile_is_decided_as_production(office: Office) -> None:
    Account.objects.update(environment="dev")
    Rule.objects.update(dimensions={"account": ["own-team"], "environment": ["dev"], "permission_set": ["*"]})
    made = asked(office)
    requests.approve(office.actor("suzuki"), made.number, plan_digest=made.plan.digest)
    office.aws.tags["Environment"] = "prod"
    office.runner.drain()
    made.refresh_from_db()
    assert made.state == "refused"
    assert {why["code"] for why in made.why} == {"no_rule_allows"}


def test_direction_characters_in_a_comment_are_refused(office: Office) -> None:
    made = asked(office)
    with pytest.raises(Refused) as refusal:
        requests.deny(office.actor("suzuki"), made.number, comment="だめ\u202eです")
    assert codes(refusal) == ["shape.refused_characters"]
