"""A new account: made once and never twice, moved, with all it begins with, and in the register."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings

from benchmarks.in_process_door import NodeDied
from kumoban.aws.door import Door, door
from kumoban.core.reason import Refused
from kumoban.desk import requests
from kumoban.desk.models import Lock, Request, Step
from kumoban.desk.runner import Runner
from kumoban.estate.detectors import scan_detectors
from kumoban.estate.models import Account, Assignment, OrganizationalUnit, RegisterEntry
from kumoban.ledger.clock import database_now
from kumoban.ledger.models import Entry
from kumoban_emulator.state.guardduty import Detector, Member
from kumoban_emulator.state.world import Failure
from tests.integration.desk import practice as practice_module
from tests.integration.desk.practice import Practice, practice_desk
from tests.integration.desk.test_node_loss import DyingNode

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def desk(emptied_ledger: None, tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[Practice]:
    monkeypatch.setitem(practice_module.GROUPS, "ops", ["takahashi", "kim"])
    with practice_desk(monkeypatch, tmp_path) as opened:
        world = opened.aws.engine.world
        management = f"arn:aws:iam::{world.organization.management}:role/KumobanManagement"
        monkeypatch.setattr(settings, "KUMOBAN_MANAGEMENT_ROLE", management)
        monkeypatch.setattr(settings, "KUMOBAN_ACCOUNT_EMAIL", "aws+{name}@example.com")
        monkeypatch.setattr(settings, "KUMOBAN_ENABLED_REGIONS", ["ap-northeast-1", "us-east-1"])
        world.organization.delegated.setdefault("account.amazonaws.com", {})[world.delegate] = 0.0
        yield opened


def ask(desk: Practice, **changed: object) -> Request:
    form = {
        "name": "payments-stg",
        "ou": OrganizationalUnit.objects.get(name_path="Workloads").id,
        "team": "payments",
        "environment": "stg",
        "owner": desk.user("suzuki"),
        "department": "D-120",
        "budget": "500",
        "contact_email": "payments@example.com",
        "contact_phone": "+81-3-0000-0000",
        "permission_set": desk.permission_set,
        "reason": "検証環境の新設、決済チームの依頼",
    }
    wanted = {name: value for name, value in {**form, **changed}.items() if value is not None}
    return requests.ask(desk.actor("takahashi"), "account-create", wanted)


def made_account(desk: Practice, name: str = "payments-stg") -> str:
    found = [one for one in desk.aws.engine.world.organization.accounts.values() if one.name == name]
    assert len(found) == 1
    return found[0].id


def codes(refused: pytest.ExceptionInfo[Refused]) -> set[str]:
    return {reason.code for reason in refused.value.reasons}


def test_it_is_made_with_everything_it_begins_with(desk: Practice) -> None:
    request = ask(desk)
    assert "irreversible" in {reason.code for reason in request.plan.value.warnings}
    desk.approve(request, "kim")
    desk.until(request, "done")
    account, world = made_account(desk), desk.aws.engine.world
    made = world.organization.accounts[account]
    assert made.email == "aws+payments-stg@example.com"
    assert made.tags == {"Team": "payments", "Environment": "stg"}
    assert world.organization.units[made.parent].name == "Workloads"
    assert (account, desk.group("team-payments")) in desk.assigned()
    contact = desk.admin("account").get_alternate_contact(AccountId=account, AlternateContactType="SECURITY")
    assert contact["AlternateContact"]["EmailAddress"] == "payments@example.com"


def test_it_stands_in_the_register_and_its_access_is_nobodys_drift(desk: Practice) -> None:
    request = ask(desk)
    desk.approve(request, "kim")
    desk.until(request, "done")
    account = made_account(desk)
    assert Account.objects.get(pk=account).team == "payments"
    entry = RegisterEntry.objects.get(pk=account)
    assert (entry.owner_id, entry.department, entry.budget) == (desk.user("suzuki"), "D-120", 500)
    assert Assignment.objects.get(account_id=account).adopted_request == request.number
    assert Entry.objects.filter(kind="account.made", subject=request.number).count() == 1


def test_a_lost_answer_makes_no_second_account(desk: Practice) -> None:
    request = ask(desk)
    desk.aws.admin.fault(kind="timeout_after_accept", operation="CreateAccount", times=1, seconds=0)
    desk.approve(request, "kim")
    desk.until(request, "done")
    assert made_account(desk)
    assert desk.aws.admin.count("organizations", "CreateAccount", "ok") == 1
    assert Step.objects.get(request=request, position=0, kind="change").answer_lost


def test_what_aws_refuses_is_said_and_waits_for_a_person(desk: Practice) -> None:
    request = ask(desk)
    desk.aws.engine.world.settings.failures.append(Failure(reason="ACCOUNT_LIMIT_EXCEEDED", operation="CreateAccount"))
    desk.approve(request, "kim")
    desk.until(request, "failed")
    step = Step.objects.get(request=request, position=0, kind="change")
    assert step.error["reason"]["params"]["detail"] == "ACCOUNT_LIMIT_EXCEEDED"
    requests.resume(desk.actor("kim"), request.number)
    desk.until(request, "done")
    assert made_account(desk)


def test_a_name_or_address_that_any_account_or_request_has_is_refused(desk: Practice) -> None:
    with pytest.raises(Refused) as refused:
        ask(desk, name="payments-prod", email="other@example.com")
    assert codes(refused) == {"account_taken"}
    ask(desk)
    with pytest.raises(Refused) as refused:
        ask(desk, name="another", email="AWS+payments-stg@example.com")
    assert codes(refused) == {"account_taken"}


def test_default_vpcs_are_gone_with_what_aws_put_into_them(desk: Practice) -> None:
    request = ask(desk, budget=None, permission_set=None)
    desk.approve(request, "kim")
    desk.until(request, "done")
    regions = [
        step.params["region"] for step in Step.objects.filter(request=request, action="ec2.remove_default_vpc/1")
    ]
    assert sorted(regions) == ["ap-northeast-1", "us-east-1"]
    assert desk.aws.admin.count("ec2", "DeleteVpc", "ok") == 2


SECURITY, TOKYO, VIRGINIA = "410122300026", "ap-northeast-1", "us-east-1"


@pytest.fixture
def guarded(desk: Practice, monkeypatch: pytest.MonkeyPatch) -> Practice:
    """GuardDuty is administered by the audit account, with a detector in Tokyo only."""
    monkeypatch.setattr(settings, "KUMOBAN_MEMBER_READER_ROLE", "KumobanReader")
    guard(desk)
    scan_detectors(door().open("kumoban-scan"))
    return desk


def guard(desk: Practice, auto_enable: str = "NONE", *regions: str) -> None:
    world = desk.aws.engine.world
    world.organization.delegated.setdefault("guardduty.amazonaws.com", {})[SECURITY] = 0.0
    for region in regions or (TOKYO,):
        world.detectors[SECURITY, region] = Detector("d" * 32, SECURITY, region, 0.0, auto_enable)


def guardduty_steps(request: Request) -> list[Step]:
    return list(Step.objects.filter(request=request, action="guardduty.member/1"))


def status_of(desk: Practice, account: str) -> str:
    """What the administrator's detector in Tokyo says."""
    administrator = desk.aws.engine.world.detectors[SECURITY, TOKYO]
    member = administrator.members.get(account)
    return "" if member is None else member.ended or "there"


def test_it_is_a_member_of_guardduty_where_there_is_a_detector_and_the_plan_tells_where_not(guarded: Practice) -> None:
    request = ask(guarded, budget=None)
    told = {reason.code: reason.params for reason in request.plan.value.warnings}
    assert told["no_detector"] == {"regions": VIRGINIA}
    guarded.approve(request, "kim")
    guarded.until(request, "done")
    [step] = guardduty_steps(request)
    assert status_of(guarded, made_account(guarded)) == "there"
    assert guarded.aws.admin.count("guardduty", "CreateMembers", "ok") == 1
    entries = [
        json.loads(one.body)["facts"] for one in Entry.objects.filter(kind="change.seen", subject=request.number)
    ]
    [seen] = [facts for facts in entries if facts["step"] == step.pk]
    assert (seen["by"], seen["status"], seen["sent"]) == ("GetMembers", "Enabled", True)


def test_where_aws_makes_members_by_itself_it_is_only_waited_for(guarded: Practice) -> None:
    guard(guarded, "NEW")
    guarded.aws.engine.world.settings.membership_delay = 600.0
    scan_detectors(door().open("kumoban-scan"))
    request = ask(guarded, budget=None)
    assert "guardduty_arrives" in {step.title.code for step in request.plan.value.steps}
    guarded.approve(request, "kim")
    for _ in range(12):
        guarded.later(request)
    assert (request.state, guardduty_steps(request)[0].found) == ("applying", {})
    for _ in range(12):
        guarded.later(request, timedelta(minutes=2))
    assert request.state == "done"
    assert status_of(guarded, made_account(guarded)) == "there"
    assert guarded.aws.admin.count("guardduty", "CreateMembers", "ok") == 0


def test_a_lost_answer_of_guardduty_is_looked_for_and_not_sent_again(guarded: Practice) -> None:
    request = ask(guarded, budget=None)
    guarded.aws.admin.fault(kind="timeout_after_accept", operation="CreateMembers", times=1, seconds=0)
    guarded.approve(request, "kim")
    guarded.until(request, "done")
    assert guardduty_steps(request)[0].answer_lost
    assert guarded.aws.admin.count("guardduty", "CreateMembers", "ok") == 1


def test_what_guardduty_refuses_of_the_account_is_no_success(guarded: Practice) -> None:
    """Somebody removed the account meanwhile: it is told, and nothing is overwritten."""
    world = guarded.aws.engine.world
    request = ask(guarded, budget=None)
    guarded.approve(request, "kim")
    for _ in range(40):
        found = [one.id for one in world.organization.accounts.values() if one.name == "payments-stg"]
        if found:
            break
        guarded.later(request, timedelta(seconds=1))
    world.detectors[SECURITY, TOKYO].members[found[0]] = Member(found[0], "a@example.com", 0.0, 0.0, "Removed")
    guarded.until(request, "failed")
    [step] = guardduty_steps(request)
    assert step.error["reason"]["code"] == "changed_meanwhile"
    assert status_of(guarded, found[0]) == "Removed"


def test_a_region_that_cannot_be_read_and_an_organisation_without_guardduty_are_told(desk: Practice) -> None:
    request = ask(desk, budget=None)
    assert "no_guardduty" in {reason.code for reason in request.plan.value.warnings}
    guard(desk)
    scan_detectors(door().open("kumoban-scan"))  # there is no reader in member accounts here
    told = {reason.code: reason.params for reason in ask(desk, name="another").plan.value.warnings}
    assert told["detector_unread"] == {"regions": f"{TOKYO}, {VIRGINIA}", "code": "NoRole"}


class NodeThatDies:
    """At a call of GuardDuty's: before AWS has it, or when AWS has done it and nobody wrote that down."""

    def __init__(self, patch: pytest.MonkeyPatch, operation: str, moment: str, time: int) -> None:
        really = Door.send

        def send(door: Door, service: str, asked: str, *rest: Any) -> dict[str, Any]:
            mine = not self.died and (service, asked) == ("guardduty", operation) and self.in_its_turn()
            if mine and moment == "arriving":
                self.die()
            answer = really(door, service, asked, *rest)
            if mine:
                self.die()
            return answer

        self.died, self.left = False, time
        patch.setattr(Door, "send", send)

    def in_its_turn(self) -> bool:
        self.left -= 1
        return self.left == 0

    def die(self) -> None:
        self.died = True
        raise NodeDied


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize(
    ("operation", "moment", "time"),
    [
        ("get_members", "answering", 1),
        ("create_members", "arriving", 1),
        ("create_members", "answering", 1),
        ("get_members", "answering", 2),
    ],
)
def test_a_node_that_dies_at_any_call_of_guardduty_leaves_one_member(
    guarded: Practice, monkeypatch: pytest.MonkeyPatch, operation: str, moment: str, time: int
) -> None:
    request = ask(guarded, budget=None, permission_set=None)
    dying = NodeThatDies(monkeypatch, operation, moment, time)
    guarded.runner = DyingNode("node-dying", threads=1)
    guarded.approve(request, "kim")
    for _ in range(40):
        if dying.died:
            break
        guarded.later(request)
    assert dying.died
    Step.objects.filter(lease_until__isnull=False).update(lease_until=database_now() - timedelta(seconds=1))
    guarded.runner = Runner("node-successor", threads=4)
    guarded.until(request, "done")
    assert status_of(guarded, made_account(guarded)) == "there"
    assert guarded.aws.admin.count("guardduty", "CreateMembers", "ok") == 1
    assert not Lock.objects.exists()


def test_an_account_given_up_half_way_stands_in_the_register_where_it_is(desk: Practice) -> None:
    request = ask(desk)
    desk.aws.admin.fault(
        kind="error", service="organizations", operation="MoveAccount", code="AccessDeniedException", times=1
    )
    desk.approve(request, "kim")
    desk.until(request, "failed")
    requests.end_early(desk.actor("kim"), request.number)
    desk.until(request, "done")
    account = made_account(desk)
    assert RegisterEntry.objects.get(pk=account).owner_id == desk.user("suzuki")
    assert Account.objects.get(pk=account).ou_id == desk.aws.engine.world.organization.root
    assert not Assignment.objects.filter(account_id=account).exists()
    assert Entry.objects.filter(kind="account.made", subject=request.number).count() == 1


def test_another_gateway_of_the_region_is_left_alone(desk: Practice, monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS puts one into the default VPC (the emulator does not); somebody else's stands beside it."""
    really, inside, foreign = Door.send, [], []

    def gateways(door: Door, session: Any, region: str) -> None:
        [vpc] = really(door, "ec2", "describe_vpcs", session, {}, region)["Vpcs"]
        made = [really(door, "ec2", "create_internet_gateway", session, {}, region) for _ in range(2)]
        own, other = (one["InternetGateway"]["InternetGatewayId"] for one in made)
        really(
            door, "ec2", "attach_internet_gateway", session, {"VpcId": vpc["VpcId"], "InternetGatewayId": own}, region
        )
        foreign.append(other)

    def send(door: Door, service: str, asked: str, session: Any, params: Any, region: str = "") -> dict[str, Any]:
        if (service, asked, region) == ("ec2", "describe_vpcs", TOKYO) and not inside:
            inside.append(session)
            gateways(door, session, region)
        return really(door, service, asked, session, params, region)

    monkeypatch.setattr(Door, "send", send)
    request = ask(desk, budget=None, permission_set=None)
    desk.approve(request, "kim")
    desk.until(request, "done", 80)
    left = really(door(), "ec2", "describe_internet_gateways", inside[0], {}, TOKYO)["InternetGateways"]
    assert [one["InternetGatewayId"] for one in left] == foreign
    assert desk.aws.admin.count("ec2", "DetachInternetGateway", "ok") == 1
    assert desk.aws.admin.count("ec2", "DeleteInternetGateway", "ok") == 1


def test_calls_that_are_accepted_without_effect_are_not_made_for_ever(desk: Practice) -> None:
    request = ask(desk, budget=None, permission_set=None)
    really, sent = Door.send, []

    def send(door: Door, service: str, asked: str, *rest: Any) -> dict[str, Any]:
        if (service, asked) == ("ec2", "delete_subnet"):
            sent.append(asked)
            return {"ResponseMetadata": {"RequestId": "r-1"}}
        return really(door, service, asked, *rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Door, "send", send)
        desk.approve(request, "kim")
        desk.until(request, "failed", 200)
    step = Step.objects.filter(request=request, action="ec2.remove_default_vpc/1", phase="failed").first()
    assert step is not None
    assert step.error["reason"]["code"] == "not_seen"
    assert len(sent) <= 60
