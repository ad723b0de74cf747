"""緊急アクセスの確認: after its end somebody else says how it was, within days, else the right locks."""

from __future__ import annotations

from datetime import time, timedelta

import pytest
from django.conf import settings

from kumoban.core.reason import Refused
from kumoban.desk import clock, requests
from kumoban.desk.alone import alone
from kumoban.desk.models import EmergencyReview, Notice, NoticeSettings, Request, Rule, SlackLink
from kumoban.desk.notices.fan_out import fan_out
from kumoban.desk.requests import look_after_reviews
from kumoban.estate.models import Person
from kumoban.ledger.search import search
from tests.integration.conftest import ARN, Office
from tests.integration.desk.test_afterwards import ask, emergency_rule, granted


@pytest.fixture
def office(office: Office) -> Office:
    limits = {"max_minutes": 60, "afterwards_days": 2, "tells": ["ops", "kim"]}
    emergency_rule(limits=limits)
    return office


def ended(office: Office) -> Request:
    made = granted(office)
    office.pass_time(timedelta(hours=1))
    office.runner.drain()
    look_after_reviews()
    made.refresh_from_db()
    return made


def overdue(office: Office) -> Request:
    made = ended(office)
    review = EmergencyReview.objects.get(request=made)
    assert review.due is not None
    EmergencyReview.objects.filter(pk=review.pk).update(due=review.due - timedelta(days=20))
    requests.approve(office.actor("suzuki"), made.number, plan_digest=made.plan.digest)
    look_after_reviews()
    return made


def refusal(office: Office, name: str = "sato", **changed: object) -> str:
    form = office.form(workers=["u-sato"], **changed)
    with pytest.raises(Refused) as refused:
        requests.ask(office.actor(name), "temporary-access", form, emergency=True)
    return refused.value.reasons[0].code


def close(office: Office, name: str, made: Request, outcome: str = "justified") -> EmergencyReview:
    return requests.close_review(office.actor(name), made.number, outcome=outcome, comment="作業ログを確認した")


def test_while_it_is_in_force_its_review_is_open_and_not_due(office: Office) -> None:
    made = granted(office)
    look_after_reviews()
    review = EmergencyReview.objects.get(request=made)
    assert (review.due, review.closed_at, review.days) == (None, None, 2)
    assert [one.request.number for one in requests.open_reviews()] == [made.number]
    with pytest.raises(Refused) as refused:
        close(office, "takahashi", made)
    assert refused.value.reasons[0].code == "review_after_the_end"


def test_from_the_end_it_is_due_within_the_rules_business_days(office: Office) -> None:
    made = ended(office)
    review = EmergencyReview.objects.get(request=made)
    assert review.due is not None
    assert made.closed_at is not None
    assert timedelta(days=1) < review.due - made.closed_at < timedelta(days=12)
    assert search(subjects=[made.number], kind="emergency.review_due")
    assert look_after_reviews() == 0, "each step is taken once"


@pytest.mark.parametrize("reviewer", ["takahashi", "suzuki"])
def test_an_approver_or_one_of_operations_closes_it_with_outcome_and_words(office: Office, reviewer: str) -> None:
    made = ended(office)
    review = close(office, reviewer, made, "improve")
    assert (review.outcome, review.said) == ("improve", "作業ログを確認した")
    (entry,) = search(subjects=[made.number], kind="emergency.reviewed")
    assert (entry.actor, entry.facts["outcome"]) == (f"u-{reviewer}", "improve")
    assert entry.texts["comment"] == "作業ログを確認した"
    assert requests.open_reviews() == []


@pytest.mark.parametrize(("name", "code"), [("sato", "not_own_review"), ("ren", "not_own_review"), ("kim", "")])
def test_nobody_reviews_what_they_asked_for_or_worked_in(office: Office, name: str, code: str) -> None:
    made = ended(office)
    with pytest.raises(Refused) as refused:
        close(office, name, made)
    assert refused.value.reasons[0].code == (code or "no_such_request")
    assert refused.value.attempt
    assert EmergencyReview.objects.get(request=made).closed_at is None


@pytest.mark.parametrize(("outcome", "comment"), [("", "見た"), ("not_used", "見た"), ("justified", "  ")])
def test_without_an_outcome_and_words_it_stays_open(office: Office, outcome: str, comment: str) -> None:
    made = ended(office)
    with pytest.raises(Refused):
        requests.close_review(office.actor("takahashi"), made.number, outcome=outcome, comment=comment)
    assert EmergencyReview.objects.get(request=made).closed_at is None


def test_an_overdue_review_locks_whoever_asked_and_whoever_worked_until_it_is_closed(office: Office) -> None:
    made = overdue(office)
    assert refusal(office) == "review_first"
    assert refusal(office, "ren") == "review_first"
    assert alone(Person.objects.get(pk="u-sato"))[1] == made.number
    (locked,) = search(subjects=[made.number], kind="emergency.locked")
    assert locked.facts["people"] == ["u-ren", "u-sato"]
    close(office, "takahashi", made)
    assert search(subjects=[made.number], kind="emergency.reviewed")[0].facts["unlocked"]
    assert alone(Person.objects.get(pk="u-sato"))[1] == ""
    assert ask(office).ratification == "due"


def test_the_lock_holds_up_nothing_but_emergencies(office: Office) -> None:
    overdue(office)
    assert requests.ask(office.actor("sato"), "temporary-access", office.form()).state == "waiting"


def test_what_never_came_into_force_needs_no_review(office: Office) -> None:
    made = ask(office)
    requests.withdraw(office.actor("sato"), made.number)
    look_after_reviews()
    review = EmergencyReview.objects.get(request=made)
    assert review.outcome == EmergencyReview.Outcome.NOT_USED
    assert requests.open_reviews() == []


# --- who hears of it


def test_whom_the_rule_names_is_told_at_once_by_every_channel(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "KUMOBAN_SLACK_BOT_TOKEN", "xoxb-1")
    monkeypatch.setattr(settings, "KUMOBAN_EMAIL", {"scheme": "demo"})
    Person.objects.update(email="somebody@example.jp")
    asleep = {"quiet_from": time(0), "quiet_to": time(23, 59), "digest": True, "slack": False}
    NoticeSettings.objects.create(person_id="u-kim", **asleep)
    SlackLink.objects.create(person_id="u-kim", team="T1", slack_user="U1", channel="D1", at=clock.now())
    made = ask(office)
    while fan_out():
        pass
    told = Notice.objects.filter(kind="alarm", request=made)
    assert {one.person_id for one in told} == {"u-takahashi", "u-kim"}
    of_kim = told.filter(person_id="u-kim")
    assert {one.lane for one in of_kim} == {"mail", "slack"}
    assert all(one.due <= one.created_at and not one.bundle for one in of_kim)


# --- the bounded set


def test_what_a_person_may_activate_alone_is_known_before_it_is_needed(office: Office) -> None:
    (one,), locked_by = alone(Person.objects.get(pk="u-sato"))
    assert one.accounts == ("payments-data-prod", "payments-prod")
    assert (one.permission_sets, one.longest, one.days) == ((), timedelta(hours=1), 2)
    assert one.told == ("ops", "Daniel Kim")
    assert locked_by == ""


def test_it_is_bounded_by_the_rule(office: Office) -> None:
    rule = Rule.objects.get(name="緊急は事後")
    rule.dimensions = {"account": ["410122300001"], "environment": ["prod"], "permission_set": [ARN]}
    rule.save()
    (one,), _locked = alone(Person.objects.get(pk="u-sato"))
    assert (one.accounts, one.permission_sets) == (("payments-prod",), ("ProdReadOnly",))


def test_who_is_in_no_such_rule_may_activate_nothing_alone(office: Office) -> None:
    assert alone(Person.objects.get(pk="u-kim")) == ([], "")


def test_exact_pairs_are_in_the_bounded_set(office: Office) -> None:
    emergency_rule(dimensions={"environment": ["*"]}, pairs=[{"account": "410122300001", "permission_set": ARN}])
    found, _locked = alone(Person.objects.get(pk="u-sato"))
    assert (("payments-prod",), ("ProdReadOnly",)) in [(one.accounts, one.permission_sets) for one in found]
