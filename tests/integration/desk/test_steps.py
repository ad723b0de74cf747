"""What AWS answers, and what it means for the thing: whose it is, whether it ends, whether it is still there."""

from __future__ import annotations

from datetime import timedelta

from kumoban.aws.errors import AlreadyThere, AwsError, Expired
from kumoban.desk import requests
from kumoban.desk.models import Hold, Lock, Request, Step, Thing
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
