"""Who hears of what: who may decide, who asks and works, the operations team; never who did it themselves."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kumoban.aws.errors import Denied
from kumoban.desk import clock, register, requests
from kumoban.desk import office as desk_office
from kumoban.desk.duties import remind
from kumoban.desk.models import Absence, Event, Hold, Notice, Plan, Request, Rule
from kumoban.desk.notices.composing import compose
from kumoban.desk.notices.ends import tell_of_ends
from kumoban.desk.notices.fan_out import fan_out
from kumoban.desk.notices.readers import readers
from kumoban.desk.rules import Decision, Slot
from kumoban.desk.states import RequestState
from kumoban.desk.transition import derive_all, locked, move
from kumoban.estate.models import Membership, Person, RegisterEntry
from kumoban.ledger.clock import database_now
from kumoban.ledger.record import SYSTEM, writing
from tests.integration.conftest import Office
from tests.integration.desk.notices.conftest import Post


def ask(office: Office, **changed: object) -> Request:
    return requests.ask(office.actor("sato"), "temporary-access", office.form(**changed))


def approve(office: Office, made: Request) -> None:
    requests.approve(office.actor("suzuki"), made.number, plan_digest=made.plan.digest)


def test_those_who_may_decide_hear_that_a_plan_waits(office: Office, post: Post) -> None:
    ask(office)
    post.round()
    assert post.told("suzuki") == post.told("tanaka") == ["decide"]
    assert post.told("sato") == post.told("ren") == post.told("takahashi") == []


def test_owners_hear_once_that_their_accounts_wait_for_their_word(office: Office, post: Post) -> None:
    for account, values in (("1", {"owner": "sato"}), ("2", {"owner": "sato"})):
        register.change(office.actor("takahashi"), f"41012230000{account}", values, version=0)
    RegisterEntry.objects.update(created_at=database_now() - timedelta(days=200))
    register.ask_owners()
    post.round()
    assert post.told("sato") == ["register"]
    (mail,) = post.mail.mails
    text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "2" in text
    assert "https://desk.example.jp/" in text.split()


def test_a_requester_hears_that_what_they_asked_for_waits_for_their_word(office: Office, post: Post) -> None:
    Rule.objects.update(approvers=[])
    form = {"subject": "ログを見たい", "what": "payments-prod のログを見たいです。"}
    old = requests.ask(office.actor("sato"), "other-request", form)
    post.round()
    requests.convert(office.actor("takahashi"), old.number, "temporary-access", office.form(workers=["u-sato"]))
    post.round()
    assert {"confirm", "done"} <= set(post.told("sato"))


def test_who_stands_in_hears_it_too(office: Office, post: Post) -> None:
    now = database_now()
    Absence.objects.create(
        person_id="u-tanaka", delegate_id="u-kim", starts_at=now - timedelta(hours=1), ends_at=now + timedelta(hours=1)
    )
    ask(office)
    post.round()
    assert post.told("kim") == ["decide"]


def test_a_life_as_its_requester_and_worker_hear_it(office: Office, post: Post) -> None:
    made = ask(office)
    approve(office, made)
    post.round()
    office.runner.drain()
    post.round()
    office.pass_time(timedelta(hours=1))
    office.runner.drain()
    post.round()
    assert post.told("sato") == post.told("ren") == ["approved", "active", "ended"]
    assert post.told("suzuki") == []  # the plan was decided before anybody could be asked


def test_an_approval_that_comes_into_force_at_once_is_one_mail(office: Office, post: Post) -> None:
    made = ask(office)
    approve(office, made)
    post.round()
    office.runner.drain()
    post.round()
    Notice.objects.filter(kind="approved").update(due="2020-01-01T00:00:00Z")
    post.round()
    [mail] = post.mail.to("ren")
    assert "付与されました" in mail.get_body(("plain",)).get_content()


def test_who_decides_against_it_is_heard_with_their_words(office: Office, post: Post) -> None:
    made = ask(office)
    requests.return_for_correction(office.actor("suzuki"), made.number, comment="短くしてください")
    post.round()
    assert post.told("sato") == ["returned"]
    [mail] = post.mail.to("sato")
    assert "短くしてください" in mail.get_body(("plain",)).get_content()


def test_nobody_hears_of_what_they_did_themselves(office: Office, post: Post) -> None:
    made = ask(office)
    requests.withdraw(office.actor("sato"), made.number)
    post.round()
    assert post.told("sato") == []
    assert post.told("ren") == ["withdrawn"]


def test_a_question_reaches_the_requester_and_its_answer_who_asked(office: Office, post: Post) -> None:
    made = ask(office)
    requests.ask_question(office.actor("suzuki"), made.number, text="なぜ 2 アカウントですか")
    requests.answer_question(office.actor("sato"), made.number, text="どちらのログも要るためです")
    post.round()
    assert "question" in post.told("sato")
    assert "answer" in post.told("suzuki")
    assert "answer" not in post.told("tanaka")


def test_approvers_are_reminded_once_more(office: Office, post: Post) -> None:
    made = ask(office)
    Request.objects.filter(pk=made.pk).update(
        changed_at=database_now() - timedelta(days=30), lapses_at=database_now() + timedelta(minutes=1)
    )
    assert remind() == 1
    post.round()
    assert "remind" in post.told("suzuki")


def test_fallen_approvals_are_told_on_both_sides(office: Office, post: Post) -> None:
    made = ask(office)
    approve(office, made)
    office.aws.sets[made.form["permission_set"]]["_managed"] = ["arn:aws:iam::aws:policy/AdministratorAccess"]
    office.runner.drain()
    made.refresh_from_db()
    assert made.state == "waiting"
    post.round()
    assert post.told("suzuki")[-1] == "decide_again"
    assert "fell" in post.told("sato")


def test_an_end_that_comes_soon_is_told_once_where_there_was_time(office: Office, post: Post) -> None:
    made = ask(office, until="2h")
    approve(office, made)
    office.runner.drain()
    now = clock.now()
    Request.objects.filter(pk=made.pk).update(starts_at=now - timedelta(hours=1), ends_at=now + timedelta(minutes=10))
    assert (tell_of_ends(), tell_of_ends()) == (1, 0)
    post.round()
    assert "ending_soon" in post.told("ren")
    notice = Notice.objects.get(kind="ending_soon", person_id="u-ren")
    lines = compose(notice, readers(["u-ren"])["u-ren"]).lines
    assert any(line.endswith(f"/ask/temporary-access?extend={made.number}") for line in lines)


def test_an_end_that_is_late_is_told_to_the_operations_team_once(office: Office, post: Post) -> None:
    made = ask(office)
    approve(office, made)
    office.runner.drain()
    Request.objects.filter(pk=made.pk).update(ends_at=clock.now() - timedelta(minutes=6))
    assert (tell_of_ends(), tell_of_ends()) == (1, 0)
    post.round()
    assert post.told("takahashi") == ["ops_overdue"]


def test_what_fails_is_told_to_its_people_and_to_the_operations_team(office: Office, post: Post) -> None:
    made = ask(office)
    approve(office, made)
    office.aws.refuse["create_account_assignment"] = [Denied("AccessDenied") for _ in range(4)]
    office.runner.drain()
    post.round()
    assert post.told("sato") == post.told("ren") == ["approved", "failed"]
    assert post.told("takahashi") == ["ops_needs_person"]  # once, for four failed grants


def test_work_by_hand_is_told_to_the_operations_team_then_to_its_assignee(office: Office, post: Post) -> None:
    form = {"subject": "ファイアウォール", "what": "443 を開けてください。"}
    made = requests.ask(office.actor("sato"), "other-request", form)
    post.round()
    assert post.told("takahashi") == ["ops_by_hand"]
    Membership.objects.create(person_id="u-kim", group_id="g-ops", seen_at=database_now())
    requests.assign(office.actor("takahashi"), made.number, assignee="kim")
    post.round()
    assert post.told("kim") == ["assigned"]


def test_a_delegate_hears_that_they_stand_in(office: Office, post: Post) -> None:
    now = database_now()
    desk_office.be_absent(office.actor("tanaka"), delegate="kim", starts_at=now, ends_at=now + timedelta(days=1))
    post.round()
    assert post.told("kim") == ["delegate"]


def test_who_left_the_directory_is_not_written_to(office: Office, post: Post) -> None:
    Person.objects.filter(pk="u-tanaka").update(enabled=False)
    ask(office)
    post.round()
    assert post.told("tanaka") == []


def test_a_change_and_what_is_told_of_it_commit_together(office: Office, post: Post) -> None:
    made = ask(office)
    before = Event.objects.count()

    def cut_off() -> None:
        with writing():
            move(locked(made.number), RequestState.LAPSED, actor=SYSTEM, at=clock.now())
            raise RuntimeError("the power goes")

    with pytest.raises(RuntimeError):
        cut_off()
    assert Event.objects.count() == before


def test_a_transition_costs_one_insert(office: Office, post: Post) -> None:
    made = ask(office)
    with (
        CaptureQueriesContext(
            connection,
        ) as seen,
        writing(),
    ):
        move(locked(made.number), RequestState.LAPSED, actor=SYSTEM, at=clock.now())
    assert sum("desk_event" in one["sql"] or "desk_notice" in one["sql"] for one in seen) == 1


def test_a_batch_of_ends_costs_one_insert(office: Office, post: Post) -> None:
    made = [ask(office, workers=["u-sato"]) for _ in range(5)]
    for one in made:
        approve(office, one)
    office.runner.drain()
    Hold.objects.update(state="ended", was_active=True)
    with CaptureQueriesContext(connection) as seen, writing():
        derive_all([one.pk for one in made], actor=SYSTEM, at=clock.now())
    assert sum("desk_event" in one["sql"] or "desk_notice" in one["sql"] for one in seen) == 1
    assert Event.objects.filter(kind="ended").count() == 5


def test_where_nobody_can_be_told_nothing_is_written(office: Office, post: Post, settings: object) -> None:
    from django.conf import settings as django_settings

    django_settings.KUMOBAN_EMAIL = {}
    with CaptureQueriesContext(connection) as seen:
        ask(office)
    assert not [one for one in seen if "desk_event" in one["sql"]]


def test_five_hundred_approvers_are_told_in_few_queries(office: Office, post: Post) -> None:
    now = database_now()
    people = [
        Person(
            id=f"u-lead{n}", user_name=f"lead{n}", display_name=f"Lead {n}", email=f"lead{n}@example.jp", seen_at=now
        )
        for n in range(500)
    ]
    Person.objects.bulk_create(people)
    Membership.objects.bulk_create([Membership(person_id=one.id, group_id="g-leads", seen_at=now) for one in people])
    ask(office)
    with CaptureQueriesContext(connection) as seen:
        fan_out()
    assert Notice.objects.filter(kind="decide").count() == 502
    assert len(seen) < 40


def test_the_same_event_looked_at_twice_tells_once(office: Office, post: Post) -> None:
    ask(office)
    fan_out()
    told = Notice.objects.count()
    Event.objects.update(fanned_out_at=None)
    fan_out()
    assert Notice.objects.count() == told


def test_an_event_that_cannot_be_told_stands_in_nobodys_way(office: Office, post: Post) -> None:
    made = ask(office)
    Plan.objects.filter(pk=made.plan_id).update(authority={"slots": [{"kind": "?"}]})
    desk_office.be_absent(
        office.actor("tanaka"), delegate="kim", starts_at=clock.now(), ends_at=clock.now() + timedelta(days=1)
    )
    for _ in range(6):
        fan_out()
    assert post.told("kim") == ["delegate"]
    assert Event.objects.get(fanned_out_at=None).attempts == 5


def test_a_use_of_the_emergency_path_is_told_to_who_did_not_use_it(office: Office, post: Post) -> None:
    Membership.objects.create(person_id="u-suzuki", group_id="g-ops", seen_at=database_now())
    requests.open_by_desk(
        "other-request",
        {"subject": "緊急アクセスの使用", "what": "CloudTrail: 1"},
        requester=Person.objects.get(pk="u-suzuki"),
        idempotency="emergency:1",
        afterwards=Decision(slots=(Slot("group", ("g-ops",), 1, ("緊急アクセス",)),), afterwards_days=2),
    )
    post.round()
    assert "decide_used" in post.told("takahashi")
    assert "decide_used" not in post.told("suzuki")
