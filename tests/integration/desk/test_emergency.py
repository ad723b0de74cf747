"""The emergency path outside the desk: each use becomes work for the operations team, once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from botocore.exceptions import ClientError
from django.conf import settings

from kumoban.core.reason import Refused
from kumoban.desk import requests, rules
from kumoban.desk.duties import DUTIES, overdue_ratifications
from kumoban.desk.emergency import watch_emergency
from kumoban.desk.models import ExtraField, Request
from kumoban.desk.planning import draft
from kumoban.desk.routine import routine_of
from kumoban.estate.models import Membership, Person
from kumoban.ledger.clock import database_now
from kumoban.ledger.models import Entry
from kumoban_emulator.roles import Role
from tests.integration.desk.practice import Practice, practice_desk


@pytest.fixture
def desk(emptied_ledger: None, monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> Iterator[Practice]:
    with practice_desk(monkeypatch, tmp_path) as made:
        world = made.aws.engine.world
        trusted = (f"arn:aws:iam::{world.delegate}:user/kumoban-admin",)
        world.roles.add(Role(world.delegate, "BreakGlass", "AROABREAKGLASS", trusts=trusted))
        monkeypatch.setattr(settings, "KUMOBAN_EMERGENCY_PRINCIPALS", [made.aws.role_arn("BreakGlass")])
        yield made


def break_glass(desk: Practice, session: str = "tanaka") -> None:
    sts = desk.admin("sts")
    sts.assume_role(RoleArn=desk.aws.role_arn("BreakGlass"), RoleSessionName=session)


def test_it_is_looked_for_every_five_minutes(desk: Practice) -> None:
    assert any(duty.do is watch_emergency and duty.every.total_seconds() == 300 for duty in DUTIES)


def test_each_use_of_the_role_opens_one_request_with_its_evidence(desk: Practice) -> None:
    assert watch_emergency() == 0
    break_glass(desk)
    assert watch_emergency() == 1
    made = Request.objects.get()
    assert (made.routine, made.requester.user_name, made.asked_by.machine) == ("other-request", "tanaka", True)
    for text in ("session: tanaka", "event: sts.amazonaws.com AssumeRole", "user/kumoban-admin"):
        assert text in made.reason
    assert Entry.objects.get(kind="request.asked").actor == "desk"
    assert watch_emergency() == 0
    break_glass(desk, "suzuki")
    assert watch_emergency() == 1
    assert Request.objects.count() == 2


def test_the_operations_team_works_it_like_any_other_request(desk: Practice) -> None:
    break_glass(desk)
    watch_emergency()
    made = desk.work(Request.objects.get())
    ops = desk.actor("takahashi")
    requests.assign(ops, made.number, assignee="takahashi")
    requests.work(ops, made.number, text="障害対応での使用を確認した")
    assert requests.close_manual(ops, made.number).state == "done"


def test_it_is_approved_afterwards_by_who_did_not_use_it(desk: Practice) -> None:
    in_operations(desk, "tanaka", "suzuki")
    break_glass(desk, "tanaka")
    watch_emergency()
    made = desk.work(Request.objects.get())
    assert (made.state, made.emergency, made.ratification) == ("applying", True, "due")
    assert made.lapses_at > database_now()
    inboxes = {name: rules.inbox(desk.actor(name)).count() for name in ("tanaka", "takahashi", "suzuki", "sato")}
    assert inboxes == {"tanaka": 0, "takahashi": 1, "suzuki": 1, "sato": 0}
    with pytest.raises(Refused):
        requests.approve(desk.actor("tanaka"), made.number, plan_digest=made.plan.digest)


def test_what_somebody_called_themselves_proves_nothing_so_two_approve(desk: Practice) -> None:
    in_operations(desk, "tanaka", "suzuki")
    break_glass(desk, "tanaka")
    watch_emergency()
    made = desk.work(Request.objects.get())
    requests.approve(desk.actor("takahashi"), made.number, plan_digest=made.plan.digest)
    made.refresh_from_db()
    assert made.ratification == "due"
    requests.approve(desk.actor("suzuki"), made.number, plan_digest=made.plan.digest)
    made.refresh_from_db()
    assert made.ratification == "ratified"


def test_one_approves_where_aws_names_who_used_it(desk: Practice) -> None:
    in_operations(desk, "tanaka", "suzuki")
    Person.objects.filter(user_name="tanaka").update(email="kumoban-admin")
    break_glass(desk, "suzuki")
    watch_emergency()
    made = desk.work(Request.objects.get())
    assert {worker.user_name for worker in made.workers.all()} == {"tanaka", "suzuki"}
    requests.approve(desk.actor("takahashi"), made.number, plan_digest=made.plan.digest)
    made.refresh_from_db()
    assert made.ratification == "ratified"


def test_what_is_not_approved_stays_work_for_the_operations_team(desk: Practice) -> None:
    in_operations(desk, "suzuki")
    break_glass(desk, "tanaka")
    watch_emergency()
    made = desk.work(Request.objects.get())
    requests.deny(desk.actor("suzuki"), made.number, comment="届出のない使用です")
    made.refresh_from_db()
    assert (made.state, made.ratification) == ("applying", "rejected")
    requests.work(desk.actor("takahashi"), made.number, text="本人に確認し、認証情報を更新した")
    assert requests.close_manual(desk.actor("takahashi"), made.number).state == "done"


def test_past_its_time_it_is_told_and_stands_among_the_teams_work_but_bars_nobody(desk: Practice) -> None:
    in_operations(desk, "suzuki")
    break_glass(desk, "sato")
    watch_emergency()
    made = desk.work(Request.objects.get())
    Request.objects.update(lapses_at=database_now() - timedelta(minutes=1))
    overdue_ratifications()
    assert Entry.objects.filter(kind="request.ratification_overdue", subject=made.number).count() == 1
    assert made in rules.work(desk.actor("takahashi"), database_now())
    form = {"accounts": [desk.account("payments-prod")], "permission_set": desk.permission_set, "until": "30m"}
    seen = draft(
        desk.actor("sato"), routine_of("temporary-access"), {**form, "reason": "障害対応のため"}, emergency=True
    )
    assert "ratify_first" not in {reason.code for reason in seen.refusals}


def in_operations(desk: Practice, *names: str) -> None:
    for name in names:
        person = Person.objects.get(user_name=name)
        Membership.objects.create(person_id=person.id, group_id=desk.group("ops"), seen_at=database_now())


def test_a_try_that_aws_refused_is_no_use_and_company_fields_do_not_stand_in_the_way(desk: Practice) -> None:
    ExtraField.objects.create(routine="other-request", key="ticket", label_ja="票", label_en="Ticket", required=True)
    stranger = desk.admin("sts", "kumoban-desk")
    with pytest.raises(ClientError):
        stranger.assume_role(RoleArn=desk.aws.role_arn("BreakGlass"), RoleSessionName="mallory")
    assert watch_emergency() == 0
    break_glass(desk)
    assert watch_emergency() == 1


def test_an_hour_of_an_emergency_user_is_one_use(desk: Practice, monkeypatch: pytest.MonkeyPatch) -> None:
    arn = f"arn:aws:iam::{desk.aws.engine.world.delegate}:user/kumoban-admin"
    monkeypatch.setattr(settings, "KUMOBAN_EMERGENCY_PRINCIPALS", [arn])
    for _ in range(3):
        desk.admin("sts").get_caller_identity()
    assert watch_emergency() in (1, 2)  # two, where the hour ends meanwhile
    assert watch_emergency() == 0


def test_without_an_operations_team_it_is_told_later_and_in_observe_mode_nothing_is_asked(
    desk: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_glass(desk)
    gone = Membership.objects.filter(group_id=desk.group("ops"))
    gone.update(absent_since=database_now())
    assert watch_emergency() == 0
    gone.update(absent_since=None)
    monkeypatch.setattr(settings, "KUMOBAN_MODE", "observe")
    assert watch_emergency() == 0
    monkeypatch.setattr(settings, "KUMOBAN_MODE", "operate")
    assert watch_emergency() == 1
