"""An AWS that throttles, breaks, loses answers, changes its mind and its people: the desk stays true."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from kumoban.aws import door as door_module
from kumoban.aws.errors import AwsError
from kumoban.desk import requests
from kumoban.desk.models import Hold, Lock, Request, Step
from kumoban.ledger.models import Entry
from kumoban.ledger.verify import verify
from tests.integration.conftest import Office
from tests.integration.desk.practice import Practice, practice_desk
from tests.integration.desk.slow_aws import SlowAws

CREATE, DELETE = "CreateAccountAssignment", "DeleteAccountAssignment"


@pytest.fixture
def practice(emptied_ledger: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Iterator[Practice]:
    with practice_desk(monkeypatch, tmp_path) as made:
        yield made


def calls_and_outcomes() -> tuple[int, int]:
    intents = Entry.objects.filter(kind="aws.intent").count()
    outcomes = Entry.objects.filter(kind__in=["aws.accepted", "aws.refused", "aws.answer_lost"]).count()
    return intents, outcomes


def it_ends_and_everything_is_as_before(practice: Practice, made: Request) -> None:
    practice.ended(made)
    assert practice.assigned() == set()
    assert not Lock.objects.exists()
    intents, outcomes = calls_and_outcomes()
    assert intents == outcomes
    assert verify().whole


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "throttle", "times": 4},
        {"kind": "throttle", "service": "sts", "times": 2},
        {"kind": "throttle", "operation": CREATE, "times": 4},
        {"kind": "error", "operation": CREATE, "times": 2},
        {"kind": "error", "operation": "ListAccountAssignments", "times": 3},
        {"kind": "error", "code": "ServiceUnavailable", "status": 503, "times": 5},
        {"kind": "error", "operation": CREATE, "code": "ConflictException", "status": 400, "times": 3},
        {"kind": "error", "operation": CREATE, "code": "ServiceQuotaExceededException", "status": 402, "times": 2},
        {"kind": "timeout_after_accept", "operation": CREATE, "times": 1},
        {"kind": "timeout_after_accept", "operation": "ListAccountAssignmentCreationStatus", "times": 2},
    ],
    ids=lambda fault: " ".join(map(str, fault.values())),
)
def test_trouble_while_granting_delays_the_grant_and_doubles_nothing(practice: Practice, fault: dict[str, Any]) -> None:
    made = practice.ask("sato", "ren")
    practice.aws.admin.fault(**fault)
    practice.approve(made)
    practice.until(made, "active")
    assert len(practice.assigned()) == 2
    assert practice.done(CREATE) == 2
    assert not any(hold.thing.existed_before for hold in Hold.objects.all() if hold.thing)
    it_ends_and_everything_is_as_before(practice, made)


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "throttle", "times": 6},
        {"kind": "error", "operation": DELETE, "times": 2},
        {"kind": "error", "operation": DELETE, "code": "ConflictException", "status": 400, "times": 3},
        {"kind": "error", "operation": DELETE, "code": "AccessDeniedException", "status": 400, "times": 2},
        {"kind": "timeout_after_accept", "operation": DELETE, "times": 1},
        {"kind": "timeout_after_accept", "operation": "ListAccountAssignments", "times": 2},
    ],
    ids=lambda fault: " ".join(map(str, fault.values())),
)
def test_trouble_while_ending_never_leaves_anything_behind(practice: Practice, fault: dict[str, Any]) -> None:
    made = practice.granted()
    practice.aws.admin.fault(**fault)
    it_ends_and_everything_is_as_before(practice, made)
    assert practice.done(DELETE) == 1
    assert Hold.objects.get().ended_by == "seen_absent"


def test_a_creation_that_fails_later_is_one_failed_grant_that_can_be_resumed(practice: Practice) -> None:
    failing = {"times": 1, "account": "", "operation": CREATE, "reason": "Received a 404 status error"}
    practice.aws.admin.identity_center(fail_next={**failing, "account": practice.account("payments-data-prod")})
    made = practice.approve(practice.ask(accounts=("payments-prod", "payments-data-prod")))
    for _ in range(4):
        practice.later(made)
    assert sorted(made.holds.values_list("state", flat=True)) == ["active", "failed"]
    assert made.state == "active"
    step = Step.objects.get(needs_a_person=True)
    assert "404" in json.dumps(step.error)
    assert not Lock.objects.exists()
    requests.resume(practice.actor("takahashi"), made.number)
    for _ in range(4):
        practice.later(made)
    assert set(made.holds.values_list("state", flat=True)) == {"active"}
    it_ends_and_everything_is_as_before(practice, made)


def test_a_deletion_that_fails_later_is_tried_until_it_is_gone(practice: Practice) -> None:
    made = practice.granted()
    account = practice.account("payments-prod")
    practice.aws.admin.identity_center(
        fail_next={"times": 2, "account": account, "operation": DELETE, "reason": "Received a 500 status error"}
    )
    it_ends_and_everything_is_as_before(practice, made)
    assert practice.done(DELETE) == 3


def test_answers_with_members_nobody_knows_yet_change_nothing(practice: Practice) -> None:
    for service in ("sso-admin", "organizations", "sts"):
        practice.aws.admin.fault(kind="unknown_fields", service=service)
    made = practice.granted("sato", "ren")
    it_ends_and_everything_is_as_before(practice, made)


def test_somebody_elses_operation_in_the_account_is_waited_for(practice: Practice) -> None:
    practice.aws.admin.identity_center(creation_delay=8)
    practice.admin("sso-admin").create_account_assignment(**practice.thing("tanaka"))
    made = practice.approve(practice.ask())
    practice.until(made, "active")
    assert practice.assigned() == {
        (practice.account("payments-prod"), practice.user(name)) for name in ("sato", "tanaka")
    }
    practice.ended(made)
    assert practice.assigned() == {(practice.account("payments-prod"), practice.user("tanaka"))}


def test_what_somebody_else_already_removed_is_ended_as_seen_absent(practice: Practice) -> None:
    made = practice.granted()
    practice.admin("sso-admin").delete_account_assignment(**practice.thing("sato"))
    assert practice.assigned() == set()
    it_ends_and_everything_is_as_before(practice, made)
    assert Hold.objects.get().ended_by == "seen_absent"


# --- people and permission sets that change meanwhile


def test_a_user_deleted_while_the_grant_lives_keeps_nothing(practice: Practice) -> None:
    made = practice.granted()
    practice.admin("identitystore").delete_user(IdentityStoreId=practice.store, UserId=practice.user("sato"))
    requests.end_early(practice.actor("takahashi"), made.number)
    practice.until(made, "ended")
    assert practice.assigned() == set()
    assert Hold.objects.get().ended_by in ("seen_absent", "target_gone")


def test_a_worker_deleted_before_the_start_is_refused_and_nothing_is_made(practice: Practice) -> None:
    made = practice.ask("ren")
    practice.admin("identitystore").delete_user(IdentityStoreId=practice.store, UserId=practice.user("ren"))
    practice.approve(made)
    practice.until(made, "refused", 5)
    assert practice.done(CREATE) == 0


def test_a_renamed_user_keeps_the_approval_and_the_grant(practice: Practice) -> None:
    made = practice.ask("ren")
    practice.admin("identitystore").update_user(
        IdentityStoreId=practice.store,
        UserId=practice.user("ren"),
        Operations=[{"AttributePath": "displayName", "AttributeValue": "中村 蓮（旧姓 佐々木）"}],
    )
    practice.approve(made)
    practice.until(made, "active")
    it_ends_and_everything_is_as_before(practice, made)


def leave(practice: Practice, group: str, *names: str) -> None:
    """These people are taken out of a group on AWS; the desk is not told."""
    people = practice.admin("identitystore")
    members = people.list_group_memberships(IdentityStoreId=practice.store, GroupId=practice.group(group))
    for membership in members["GroupMemberships"]:
        if membership["MemberId"]["UserId"] in {practice.user(name) for name in names}:
            people.delete_group_membership(IdentityStoreId=practice.store, MembershipId=membership["MembershipId"])


def test_an_approver_group_emptied_after_the_approval_grants_nothing(practice: Practice) -> None:
    made = practice.ask()
    leave(practice, "team-payments-leads", "suzuki", "tanaka")
    practice.approve(made)
    for _ in range(3):
        practice.later(made)
    assert made.state in ("waiting", "refused")
    assert practice.done(CREATE) == 0


def test_an_approver_dismissed_before_a_scheduled_start_no_longer_counts(practice: Practice) -> None:
    from kumoban.desk import clock

    start = (clock.now() + timedelta(minutes=10)).isoformat()
    made = practice.approve(practice.ask(start=start))
    practice.until(made, "scheduled", 3)
    leave(practice, "team-payments-leads", "suzuki")
    practice.later(made, timedelta(minutes=10))
    practice.until(made, "waiting", 3)
    assert made.why[0]["code"] == "approver_no_longer_entitled"
    assert practice.done(CREATE) == 0
    practice.approve(made, "tanaka")
    practice.until(made, "active")


def test_a_permission_set_deleted_while_the_grant_lives_ends_with_its_target_gone(practice: Practice) -> None:
    made, center = practice.granted(), practice.admin("sso-admin")
    center.delete_account_assignment(**practice.thing("sato"))
    assert practice.assigned() == set()
    center.delete_permission_set(
        InstanceArn=practice.instance, PermissionSetArn=Hold.objects.get().steps.first().params["permission_set"]
    )
    requests.end_early(practice.actor("sato"), made.number)
    practice.until(made, "ended")
    hold = Hold.objects.get()
    assert hold.ended_by == "target_gone"
    assert hold.evidence["ended"]["code"] == "ResourceNotFoundException"


def test_a_permission_set_deleted_before_the_start_is_refused(practice: Practice) -> None:
    made = practice.ask()
    arn = practice.permission_set
    practice.admin("sso-admin").delete_permission_set(InstanceArn=practice.instance, PermissionSetArn=arn)
    practice.approve(made)
    practice.until(made, "refused", 5)
    assert practice.done(CREATE) == 0


# --- an account on its way out


class ClosingAws(SlowAws):
    """From ``closed`` on AWS lets nobody delete in the account; it is not gone."""

    closed = ""
    how = "refused"

    def describe_account(self, **params: Any) -> dict[str, Any]:
        answer = super().describe_account(**params)
        return {"Account": {**answer["Account"], "Status": self.closed or "ACTIVE"}}

    def delete_account_assignment(self, **params: Any) -> dict[str, Any]:
        if self.closed and self.how == "refused":
            raise AwsError("ValidationException", "Account is not active")
        self.failing = 1 if self.closed else 0
        return super().delete_account_assignment(**params)


@pytest.mark.parametrize("status", ["PENDING_CLOSURE", "SUSPENDED"])
@pytest.mark.parametrize("how", ["refused", "failed later"])
def test_the_end_in_a_closing_account_waits_tried_hourly_without_its_lock_and_tells_once(
    office: Office, monkeypatch: pytest.MonkeyPatch, status: str, how: str
) -> None:
    aws = ClosingAws()
    aws.sets, aws.members = office.aws.sets, office.aws.members
    monkeypatch.setattr(door_module.door(), "_transport", aws)
    made = requests.ask(
        office.actor("sato"), "temporary-access", office.form(accounts=["410122300001"], workers=["u-sato"])
    )
    requests.approve(office.actor("suzuki"), made.number, plan_digest=made.plan.digest)

    def pass_(by: timedelta) -> None:
        for _ in range(4):
            office.pass_time(by)
            office.runner.drain()
            by = timedelta(seconds=3)

    pass_(timedelta(seconds=1))
    made.refresh_from_db()
    assert made.state == "active"
    aws.closed, aws.how = status, how
    requests.end_early(office.actor("sato"), made.number)
    pass_(timedelta(seconds=2))
    for _ in range(3):
        made.refresh_from_db()
        assert made.state == "ending"
        assert not Lock.objects.exists()
        end = Step.objects.get(kind="end", hold__request=made)
        assert end.needs_a_person
        assert end.due is not None
        tried = len(aws.arrived)
        pass_(timedelta(minutes=30))
        assert len(aws.arrived) == tried
        pass_(timedelta(minutes=30))
        assert len(aws.arrived) == tried + 1
    assert Entry.objects.filter(kind="grant.end_waits").count() == 1
    aws.closed = ""
    pass_(timedelta(hours=1))
    made.refresh_from_db()
    assert made.state == "ended"
    assert aws.assigned == set()
