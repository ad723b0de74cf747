"""What AWS answers, and what it means for the thing: whose it is, whether it ends, whether it is still there."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings

from kumoban.aws.errors import AlreadyThere, AnswerLost, AwsError, Expired
from kumoban.desk import clock, requests
from kumoban.desk.models import Hold, Lock, Request, Step, Thing
from kumoban.desk.steps import settle
from kumoban.desk.unseen import look_for_unseen
from kumoban.estate.models import Account, Assignment
from kumoban.estate.scan import scan_account_assignments
from kumoban.ledger.clock import database_now
from kumoban.ledger.models import Entry
from tests.integration.conftest import ARN, Office

ACCOUNT = "410122300001"


def granted(office: Office) -> Request:
    form = office.form(accounts=[ACCOUNT], workers=["u-sato"])
    made = requests.ask(office.actor("sato"), "temporary-access", form)
    requests.approve(office.actor("suzuki"), made.number, plan_digest=made.plan.digest)
    office.runner.drain()
    made.refresh_from_db()
    return made


def end(office: Office, made: Request) -> Hold:
    requests.end_early(office.actor("sato"), made.number)
    office.runner.drain()
    return Hold.objects.get()


def recorded(kind: str) -> int:
    return Entry.objects.filter(kind=kind).count()


# --- already there


def test_what_somebody_made_between_look_and_create_stays_after_the_end(office: Office) -> None:
    office.aws.refuse["create_account_assignment"] = [AlreadyThere("EntityAlreadyExists")]
    office.aws.before["create_account_assignment"] = lambda: office.aws.assigned.add((ACCOUNT, ARN, "u-sato"))
    made = granted(office)
    assert made.state == "active"
    assert Thing.objects.get().existed_before is True
    assert end(office, made).ended_by == "was_there_before"
    assert office.has(ACCOUNT, "u-sato")


def test_what_an_unanswered_call_of_ours_made_is_ours_although_aws_says_it_exists(office: Office) -> None:
    office.aws.lose["create_account_assignment"] = 1
    made = granted(office)
    assert made.state == "applying"
    Step.objects.filter(due__isnull=False, kind="apply").update(due=database_now())
    office.runner.drain()
    assert Thing.objects.get().existed_before is False
    assert end(office, made).ended_by == "seen_absent"
    assert not office.has(ACCOUNT, "u-sato")


# --- accounts on their way out


def test_the_end_in_a_closing_account_waits_and_is_told_once(office: Office) -> None:
    made = granted(office)
    office.aws.statuses[ACCOUNT] = "PENDING_CLOSURE"
    office.aws.refuse["delete_account_assignment"] = [AwsError("ValidationException")] * 2
    end(office, made)
    for _ in range(2):
        made.refresh_from_db()
        step = Step.objects.get(kind="end")
        assert made.state == "ending"
        assert step.due > database_now() + timedelta(minutes=55)
        assert not Lock.objects.exists()
        assert recorded("grant.end_waits") == 1
        Step.objects.filter(pk=step.pk).update(due=database_now())
        office.runner.drain()
    office.aws.statuses.clear()
    Step.objects.filter(kind="end").update(due=database_now())
    office.runner.drain()
    made.refresh_from_db()
    assert made.state == "ended"
    assert not office.has(ACCOUNT, "u-sato")


# --- expired credentials


def test_expired_credentials_fail_no_grant(office: Office) -> None:
    office.aws.refuse["list_account_assignments"] = [Expired("ExpiredTokenException")]
    made = granted(office)
    Step.objects.filter(due__isnull=False).exclude(kind="end").update(due=database_now())
    office.runner.drain()
    made.refresh_from_db()
    assert made.state == "active"


# --- not seen since


def test_an_active_grant_that_somebody_removed_is_told_and_not_made_again(office: Office) -> None:
    granted(office)
    office.aws.assigned.clear()
    office.scan(ACCOUNT, minutes_later=5)
    assert look_for_unseen() == 1
    assert Hold.objects.get().not_seen_since is not None
    assert recorded("grant.not_seen") == 1
    assert look_for_unseen() == 0
    office.runner.drain()
    assert not office.has(ACCOUNT, "u-sato")


def test_a_grant_that_is_there_again_is_no_longer_missed(office: Office) -> None:
    granted(office)
    office.aws.assigned.clear()
    office.scan(ACCOUNT, minutes_later=5)
    look_for_unseen()
    office.aws.assigned.add((ACCOUNT, ARN, "u-sato"))
    office.scan(ACCOUNT, minutes_later=6)
    assert look_for_unseen() == 1
    assert Hold.objects.get().not_seen_since is None


def test_a_look_from_before_the_grant_says_nothing_about_it(office: Office) -> None:
    scan_account_assignments(office.door, ACCOUNT)
    granted(office)
    assert not Assignment.objects.filter(absent_since=None).exists()
    assert Account.objects.get(pk=ACCOUNT).assignments_seen_at is not None
    assert look_for_unseen() == 0


# --- late arrivals


def test_what_a_paused_node_s_call_of_an_earlier_grant_made_is_not_taken_for_what_was_there_before(
    office: Office,
) -> None:
    made = granted(office)
    end(office, made)
    Step.objects.filter(kind="apply").update(taken_over=True)
    office.aws.assigned.add((ACCOUNT, ARN, "u-sato"))  # the call of the paused node lands after the end
    again = granted(office)
    assert again.state == "active"
    requests.end_early(office.actor("sato"), again.number)
    office.runner.drain()
    assert Hold.objects.get(request=again).ended_by == "seen_absent"
    assert not office.has(ACCOUNT, "u-sato")


def test_the_last_grant_ended_before_it_looked_takes_along_what_an_ended_one_left_standing(office: Office) -> None:
    made = granted(office)
    again = requests.ask(office.actor("sato"), "temporary-access", office.form(accounts=[ACCOUNT], workers=["u-sato"]))
    requests.approve(office.actor("suzuki"), again.number, plan_digest=again.plan.digest)
    while not Step.objects.filter(hold__request=again, kind="apply").exists():
        office.runner.tick()
    later = database_now() + timedelta(hours=1)
    Step.objects.filter(hold__request=again, kind="apply").update(due=later, lease_until=None, lease_by="")
    Lock.objects.all().delete()
    requests.end_early(office.actor("sato"), made.number)
    office.runner.drain()
    assert Hold.objects.get(request=made).ended_by == "held_by_others"
    requests.end_early(office.actor("sato"), again.number)
    office.runner.drain()
    assert Hold.objects.get(request=again).ended_by == "seen_absent"
    assert not office.has(ACCOUNT, "u-sato")
    assert not Thing.objects.filter(closed_at=None).exists()


# --- late


def test_a_start_that_has_passed_while_every_node_was_down_is_late_and_not_refused(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "KUMOBAN_DEMO", True)
    start, end_at = database_now() + timedelta(minutes=10), database_now() + timedelta(hours=2)
    form = office.form(accounts=[ACCOUNT], workers=["u-sato"], start=start.isoformat(), until=end_at.isoformat())
    made = requests.ask(office.actor("sato"), "temporary-access", form)
    requests.approve(office.actor("suzuki"), made.number, plan_digest=made.plan.digest)
    office.runner.drain()
    made.refresh_from_db()
    assert made.state == "scheduled"
    clock.advance(timedelta(minutes=15), actor="test")
    office.runner.drain()
    made.refresh_from_db()
    assert made.state == "active"


# --- many at once


def test_two_hundred_grants_of_one_request_are_ended_early_together(office: Office) -> None:
    made = granted(office)
    hold = Hold.objects.get()
    Hold.objects.bulk_create(
        Hold(request=made, key=f"sso:u-{number:036}:{ACCOUNT}:ps-1111111111111111", state="active", shown=hold.shown)
        for number in range(200)
    )
    requests.end_early(office.actor("sato"), made.number)
    assert Hold.objects.filter(state="ending").count() == 201


# --- approved and never carried out


def test_an_approval_that_could_not_be_carried_out_in_time_lapses(office: Office) -> None:
    form = office.form(accounts=[ACCOUNT], workers=["u-sato"])
    made = requests.ask(office.actor("sato"), "temporary-access", form)
    requests.approve(office.actor("suzuki"), made.number, plan_digest=made.plan.digest)
    Request.objects.filter(pk=made.pk).update(changed_at=database_now() - timedelta(days=14))
    office.runner.drain()
    made.refresh_from_db()
    assert made.state == "lapsed"
    assert [why["code"] for why in made.why] == ["approval_too_old"]
    assert not office.has(ACCOUNT, "u-sato")


# --- ends that fail


def alarms() -> int:
    return recorded("grant.end_alarm")


def try_again(office: Office, times: int) -> None:
    for _ in range(times):
        Step.objects.filter(kind="end", due__isnull=False).update(due=database_now())
        office.runner.drain()


def test_an_end_that_aws_refuses_five_times_raises_one_alarm_and_goes_on(office: Office) -> None:
    made = granted(office)
    office.aws.refuse["delete_account_assignment"] = [AwsError("AccessDeniedException")] * 8
    end(office, made)
    try_again(office, 3)
    assert alarms() == 0
    try_again(office, 4)
    assert alarms() == 1
    assert Step.objects.get(kind="end").needs_a_person
    try_again(office, 2)
    made.refresh_from_db()
    assert made.state == "ended"
    assert alarms() == 1


def test_answers_lost_again_and_again_raise_the_alarm_too(office: Office) -> None:
    made = granted(office)
    office.aws.before_every["delete_account_assignment"] = lost
    end(office, made)
    try_again(office, 14)
    assert alarms() == 1


def lost() -> None:
    raise AnswerLost("ReadTimeout")


# --- one answer that cannot be written


def test_one_answer_that_cannot_be_written_holds_up_no_other(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    form = office.form(accounts=[ACCOUNT, "410122300002"], workers=["u-sato"])
    made = requests.ask(office.actor("sato"), "temporary-access", form)
    requests.approve(office.actor("suzuki"), made.number, plan_digest=made.plan.digest)

    def broken(step: Step, outcome: object, now: object) -> object:
        if step.hold is not None and step.hold.account_id == ACCOUNT:
            raise ValueError("not to be written")
        return settle(step, outcome, now)  # type: ignore[arg-type]

    monkeypatch.setattr("kumoban.desk.settling.settle", broken)
    office.runner.drain()
    assert office.has("410122300002", "u-sato")
    assert Hold.objects.get(account_id="410122300002").state == "active"
    step = Step.objects.get(kind="apply", hold__account_id=ACCOUNT)
    assert step.needs_a_person
    assert step.lease_by == ""
    assert recorded("step.unwritable") == 1
