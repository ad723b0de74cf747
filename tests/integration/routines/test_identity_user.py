"""Users of Identity Center: asked by operations, approved by a second of them, made on AWS and seen there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.test import override_settings

from kumoban.aws.door import door
from kumoban.core.reason import Refused
from kumoban.desk import requests
from kumoban.desk.models import Lock, Request, Rule, Step
from kumoban.estate.scan import scan_assignments_of
from kumoban.ledger.clock import database_now
from kumoban.ledger.models import Entry
from tests.integration.desk import practice as practice_module
from tests.integration.desk.practice import Practice, practice_desk

pytestmark = pytest.mark.django_db(transaction=True)

NEW = {
    "act": "create",
    "user_name": "mori.aya",
    "family_name": "森",
    "given_name": "彩",
    "email": "mori.aya@example.com",
    "title": "主任",
    "reason": "11/25 入社、人事課の依頼",
}


@pytest.fixture
def desk(emptied_ledger: None, tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[Practice]:
    monkeypatch.setitem(practice_module.GROUPS, "ops", ["takahashi", "kim"])
    with practice_desk(monkeypatch, tmp_path) as opened:
        yield opened


def ask(desk: Practice, **form: object) -> Request:
    return requests.ask(desk.actor("takahashi"), "identity-user", {"reason": "11/25 入社、人事課の依頼", **form})


def done(desk: Practice, made: Request) -> Request:
    desk.approve(made, "kim")
    return desk.until(made, "done")


def codes(refused: pytest.ExceptionInfo[Refused]) -> set[str]:
    return {reason.code for reason in refused.value.reasons}


def test_a_user_is_made_and_joins_the_groups_named(desk: Practice) -> None:
    made = ask(desk, **NEW, groups=[desk.group("team-payments")])
    done(desk, made)
    user = desk.aws.engine.world.store.user_named("mori.aya")
    assert user is not None
    assert user.attributes["DisplayName"] == "森 彩"
    assert user.attributes["Title"] == "主任"
    group = desk.aws.engine.world.store.group_named("team-payments")
    assert desk.aws.engine.world.store.membership(group.id, user.id)
    calls = list(Entry.objects.filter(subject=made.number, kind="aws.intent"))
    assert len(calls) == 2
    assert not made.holds.exists()


def test_a_user_is_changed_by_what_differs_and_nothing_else(desk: Practice) -> None:
    made = ask(desk, act="change", person=desk.user("ren"), title="課長")
    assert [one.label for one in made.plan.value.steps[0].diff] == ["attribute.title"]
    done(desk, made)
    user = desk.aws.engine.world.store.user_named("ren")
    assert user is not None
    assert user.attributes["Title"] == "課長"
    assert user.attributes["DisplayName"] == "Ren"


def test_a_removal_says_what_goes_along_and_takes_it_away_first(desk: Practice) -> None:
    desk.admin("sso-admin").create_account_assignment(**desk.thing("ren"))
    desk.aws.admin.advance(60)
    scan_assignments_of(door().open("test"), "USER", desk.user("ren"))
    ren = desk.user("ren")
    made = ask(desk, act="remove", person=ren)
    titles = [step.title.code for step in made.plan.value.steps]
    assert titles == ["unassign", "remove_member", "delete_user"]
    done(desk, made)
    assert desk.aws.engine.world.store.user_named("ren") is None
    assert (desk.account("payments-prod"), ren) not in desk.assigned()
    order = Step.objects.filter(request=made, kind="change").order_by("sent_at").values_list("position", flat=True)
    assert list(order)[-1] == 2


def test_what_somebody_changed_meanwhile_waits_for_a_person_and_is_not_overwritten(desk: Practice) -> None:
    made = ask(desk, act="change", person=desk.user("ren"), title="課長")
    desk.admin("identitystore").update_user(
        IdentityStoreId=desk.store,
        UserId=desk.user("ren"),
        Operations=[{"AttributePath": "title", "AttributeValue": "部長"}],
    )
    desk.approve(made, "kim")
    made = desk.work(made)
    assert made.state == "waiting"  # the live plan differs from the one approved
    user = desk.aws.engine.world.store.user_named("ren")
    assert user is not None
    assert user.attributes["Title"] == "部長"


def test_an_answer_that_is_lost_makes_no_second_user(desk: Practice) -> None:
    made = ask(desk, **NEW)
    desk.aws.admin.fault(kind="timeout_after_accept", operation="CreateUser", times=1, seconds=0)
    done(desk, made)
    assert desk.aws.admin.count("identitystore", "CreateUser", "ok") == 1
    assert Step.objects.get(request=made, kind="change").answer_lost


def test_a_user_name_taken_at_the_last_moment_fails_and_waits_for_a_person(desk: Practice) -> None:
    made = ask(desk, **NEW)
    before = desk.runner.tick
    desk.aws.admin.fault(kind="latency", operation="GetUserId", seconds=0)
    requests.approve(desk.actor("kim"), made.number, plan_digest=made.plan.digest)
    while not Step.objects.filter(request=made, kind="change").exists():
        before()
    desk.admin("identitystore").create_user(
        IdentityStoreId=desk.store,
        UserName="Mori.Aya",
        DisplayName="別人",
        Name={"GivenName": "別", "FamilyName": "人"},
    )
    made = desk.until(made, "failed")
    step = Step.objects.get(request=made, kind="change")
    assert step.needs_a_person
    requests.give_up(desk.actor("takahashi"), made.number)
    made.refresh_from_db()
    assert made.state == "undone"


def test_what_failed_is_tried_again_and_what_stood_behind_it_goes_on(desk: Practice) -> None:
    made = ask(desk, **NEW, groups=[desk.group("team-payments")])
    desk.aws.admin.fault(
        kind="error", operation="CreateUser", times=1, code="ValidationException", message="no", status=400
    )
    desk.approve(made, "kim")
    made = desk.until(made, "failed")
    assert Step.objects.get(request=made, position=1, kind="change").due is None
    requests.resume(desk.actor("kim"), made.number)
    assert desk.until(made, "done").state == "done"


def test_stopping_leaves_out_what_was_not_sent_and_keeps_what_was_done(desk: Practice) -> None:
    made = ask(desk, **NEW, groups=[desk.group("team-payments")])
    desk.aws.admin.fault(kind="throttle", operation="CreateGroupMembership", times=None)
    desk.approve(made, "kim")
    made = desk.work(made)
    assert made.state == "applying"
    requests.end_early(desk.actor("takahashi"), made.number)
    made.refresh_from_db()
    assert made.state == "done"
    assert desk.aws.engine.world.store.user_named("mori.aya") is not None


def test_what_is_stopped_while_it_is_only_looked_at_is_not_sent_any_more(desk: Practice) -> None:
    made = ask(desk, **NEW)
    requests.approve(desk.actor("kim"), made.number, plan_digest=made.plan.digest)
    while not Step.objects.filter(request=made, kind="change", phase="look").exclude(lease_by="").exists():
        desk.runner.tick()
    requests.end_early(desk.actor("takahashi"), made.number)
    made = desk.work(made)
    assert desk.aws.admin.count("identitystore", "CreateUser", "ok") == 0
    assert made.state == "undone"
    assert not Lock.objects.exists()


def test_what_is_stopped_after_it_was_resumed_is_not_sent_any_more(desk: Practice) -> None:
    made = ask(desk, **NEW)
    desk.aws.admin.fault(
        kind="error", operation="CreateUser", times=1, code="ValidationException", message="no", status=400
    )
    desk.approve(made, "kim")
    made = desk.until(made, "failed")
    requests.resume(desk.actor("kim"), made.number)
    requests.end_early(desk.actor("takahashi"), made.number)
    made = desk.work(made)
    assert desk.aws.admin.count("identitystore", "CreateUser", "ok") == 0
    assert made.state == "undone"


def test_what_is_stopped_after_a_node_died_before_its_call_is_looked_for_and_not_sent_again(desk: Practice) -> None:
    made = ask(desk, **NEW)
    requests.approve(desk.actor("kim"), made.number, plan_digest=made.plan.digest)
    change = Step.objects.filter(request=made, kind="change")
    while not change.exclude(lease_by="").exists():
        desk.runner.tick()
    past = database_now() - timedelta(minutes=1)
    change.update(phase="send", outstanding=True, lease_by="killed", lease_until=past, sent_at=past)
    requests.end_early(desk.actor("takahashi"), made.number)
    made.refresh_from_db()
    assert made.state == "applying"  # whether AWS took it is not known yet
    for _ in range(3):
        made = desk.later(made)
    assert made.state == "undone"
    assert desk.aws.admin.count("identitystore", "CreateUser", "ok") == 0
    assert not Lock.objects.exists()


def test_what_failed_because_nobody_could_look_can_be_given_up(desk: Practice) -> None:
    made = ask(desk, **NEW)
    desk.aws.admin.fault(kind="timeout_after_accept", operation="CreateUser", times=1, seconds=0)
    requests.approve(desk.actor("kim"), made.number, plan_digest=made.plan.digest)
    while not Step.objects.filter(request=made, kind="change", answer_lost=True).exists():
        desk.runner.tick()
    Step.objects.filter(request=made, kind="change").update(phase="failed", due=None, lease_by="", lease_until=None)
    requests.give_up(desk.actor("takahashi"), made.number)
    made.refresh_from_db()
    assert made.state == "undone"
    intents = Entry.objects.filter(subject=made.number, kind="aws.intent").count()
    assert Entry.objects.filter(subject=made.number, kind="aws.answer_lost").count() == intents == 1


def test_a_table_of_many_is_one_plan(desk: Practice) -> None:
    lines = "\n".join(f"u{n:03},姓{n},名{n},u{n:03}@example.com,team-payments" for n in range(60))
    made = ask(desk, act="import", table=f"ユーザー名,姓,名,メールアドレス,グループ\n{lines}")
    assert len(made.plan.value.steps) == 120
    done(desk, made)
    users = desk.aws.engine.world.store.users.values()
    assert sum(user.attributes["UserName"].startswith("u0") for user in users) == 60


def test_every_bad_line_of_a_table_is_named(desk: Practice) -> None:
    lines = ("user_name,family_name,given_name,email", "a,A,B,no-address", "b,B,,b@example.com", "a,A,B,a@example.com")
    with pytest.raises(Refused) as refused:
        ask(desk, act="import", table="\n".join(lines))
    assert codes(refused) >= {"cell_no_email", "cell_missing", "twice_in_table"}


def test_nobody_outside_operations_asks_and_who_gains_does_not_approve(desk: Practice) -> None:
    with pytest.raises(Refused) as refused:
        requests.ask(desk.actor("sato"), "identity-user", NEW)
    assert "ops_only" in codes(refused)
    with pytest.raises(Refused) as refused:  # the only other member of operations is who gains by it
        ask(desk, act="change", person=desk.user("kim"), groups=[desk.group("team-payments-leads")])
    assert codes(refused) == {"nobody_can_approve"}
    own = ask(desk, **NEW)
    with pytest.raises(Refused) as refused:
        requests.approve(desk.actor("takahashi"), own.number, plan_digest=own.plan.digest)
    assert "not_own_request" in codes(refused)


def test_where_users_come_from_a_directory_it_is_done_there_and_seen_to_arrive(desk: Practice) -> None:
    with override_settings(KUMOBAN_IDENTITY_SOURCE="external"):
        made = ask(desk, **NEW)
        assert [step.manual for step in made.plan.value.steps] == [True, False]
        desk.approve(made, "kim")
        made = desk.work(made)
        assert made.state == "applying"
        requests.work(desk.actor("takahashi"), made.number, text="Entra ID で作成した", minutes=5)
        requests.close_manual(desk.actor("takahashi"), made.number)
        made = desk.later(made)
        assert made.state == "applying"  # nothing has arrived yet
        desk.admin("identitystore").create_user(
            IdentityStoreId=desk.store,
            UserName="mori.aya",
            DisplayName="森 彩",
            Name={"GivenName": "彩", "FamilyName": "森"},
            Emails=[{"Value": "mori.aya@example.com", "Type": "work", "Primary": True}],
            Title="主任",
        )
        assert desk.aws.admin.count("identitystore", "CreateUser", "ok") == 1
        for _ in range(30):
            made = desk.later(made)
    assert made.state == "done"
    assert not Entry.objects.filter(subject=made.number, kind="aws.intent").exists()


def test_what_stood_behind_the_work_by_hand_and_was_refused_goes_on_in_its_order_when_resumed(desk: Practice) -> None:
    with override_settings(KUMOBAN_IDENTITY_SOURCE="external"):
        made = ask(desk, **NEW, groups=[desk.group("team-payments")])
        desk.approve(made, "kim")
        desk.work(made)
        frozen = Rule.objects.create(name="凍結", routine="identity-user", effect="deny", changed_at=database_now())
        requests.work(desk.actor("takahashi"), made.number, text="Entra ID で作成した", minutes=5)
        requests.close_manual(desk.actor("takahashi"), made.number)
        made = desk.work(made)
        assert made.state == "failed"
        frozen.delete()
        requests.resume(desk.actor("kim"), made.number)
        made = desk.work(made)
        behind = Step.objects.get(request=made, position=2)
        assert behind.due is None  # it waits for the id of the user who has not arrived
        user = desk.admin("identitystore").create_user(
            IdentityStoreId=desk.store,
            UserName="mori.aya",
            DisplayName="森 彩",
            Name={"GivenName": "彩", "FamilyName": "森"},
            Emails=[{"Value": "mori.aya@example.com", "Type": "work", "Primary": True}],
            Title="主任",
        )
        desk.admin("identitystore").create_group_membership(
            IdentityStoreId=desk.store, GroupId=desk.group("team-payments"), MemberId={"UserId": user["UserId"]}
        )
        assert desk.until(made, "done").state == "done"


def test_what_arrived_before_the_work_by_hand_was_closed_is_done(desk: Practice) -> None:
    with override_settings(KUMOBAN_IDENTITY_SOURCE="external"):
        made = ask(desk, act="change", person=desk.user("ren"), title="課長")
        desk.approve(made, "kim")
        desk.work(made)
        desk.admin("identitystore").update_user(
            IdentityStoreId=desk.store,
            UserId=desk.user("ren"),
            Operations=[{"AttributePath": "title", "AttributeValue": "課長"}],
        )
        requests.work(desk.actor("takahashi"), made.number, text="Entra ID で変更した", minutes=5)
        requests.close_manual(desk.actor("takahashi"), made.number)
        assert desk.until(made, "done").state == "done"


def test_aws_that_calls_for_a_moment_of_patience_after_half_an_hour_is_no_failure_of_what_arrives(
    desk: Practice,
) -> None:
    with override_settings(KUMOBAN_IDENTITY_SOURCE="external"):
        made = ask(desk, **NEW)
        desk.approve(made, "kim")
        desk.work(made)
        requests.work(desk.actor("takahashi"), made.number, text="Entra ID で作成した", minutes=5)
        requests.close_manual(desk.actor("takahashi"), made.number)
        for _ in range(22):
            made = desk.later(made, timedelta(minutes=1))
        desk.aws.admin.fault(kind="throttle", operation="GetUserId", times=1)
        made = desk.later(made, timedelta(minutes=1))
        assert made.state == "applying"
        assert not Step.objects.filter(request=made, needs_a_person=True).exists()
