"""権限の棚卸し: owners keep, change or remove; silence expires after notice; what was to go is seen gone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from kumoban.core.reason import Refused
from kumoban.desk import clock, requests
from kumoban.desk.models import Event, Hold
from kumoban.estate.models import Assignment, Membership, Person
from kumoban.ledger.clock import database_now
from kumoban.ledger.models import Entry
from kumoban.reviews.answering import answer, proposed
from kumoban.reviews.looking_after import look_after
from kumoban.reviews.models import Campaign, Line, LineState
from kumoban.reviews.opening import open_campaign
from kumoban.reviews.visible import open_lines_of
from tests.integration.conftest import ARN, Office
from tests.integration.desk import practice as practice_module
from tests.integration.desk.practice import Practice, practice_desk
from tests.integration.reviews.campaigns import next_business_day

PROD = "410122300001"


@pytest.fixture
def opened(office: Office) -> Campaign:
    """The payments team's group has something; an assignment of it was adopted."""
    Assignment.objects.create(
        principal_type="GROUP",
        principal_id="g-pay",
        account_id=PROD,
        permission_set_arn=ARN,
        seen_at=database_now(),
        adopted_request="R-1",
        owner_team="payments",
    )
    return open_campaign(office.actor("takahashi"), "recertification", title="下期の棚卸し", due_on=next_business_day())


def line(key: str) -> Line:
    return Line.objects.get(key=key)


def codes(refused: pytest.ExceptionInfo[Refused]) -> set[str]:
    return {reason.code for reason in refused.value.reasons}


def past(campaign: Campaign, column: str) -> None:
    """The day of this column was yesterday."""
    Campaign.objects.filter(pk=campaign.pk).update(**{column: clock.now().date() - timedelta(days=2)})


def test_every_owner_is_asked_about_what_is_theirs(office: Office, opened: Campaign) -> None:
    keys = set(Line.objects.values_list("key", flat=True))
    assert {"membership:g-pay:u-sato", "membership:g-pay:u-ren", "membership:g-ops:u-takahashi"} <= keys
    assert any(key.startswith("assignment:") for key in keys)
    mine = set(open_lines_of(office.actor("tanaka")).values_list("key", flat=True))
    assert "membership:g-pay:u-ren" in mine
    assert "membership:g-ops:u-takahashi" not in mine
    assert not open_lines_of(office.actor("kim")).exists()


def test_what_is_kept_is_kept_and_what_is_removed_proposes_the_request_that_does_it(
    office: Office, opened: Campaign
) -> None:
    lead = office.actor("tanaka")
    answer(lead, [line("membership:g-pay:u-sato").pk], "keep")
    answer(lead, [line("membership:g-pay:u-ren").pk], "drop", "異動した")
    kept, dropped = line("membership:g-pay:u-sato"), line("membership:g-pay:u-ren")
    assert (kept.state, dropped.state) == (LineState.KEPT, LineState.DROPPED)
    form = proposed(office.actor("takahashi"), dropped.pk, "identity-group")
    assert form["members_to_remove"] == ["u-ren"]
    assert "異動した" in form["reason"]
    assert Entry.objects.filter(kind="review.answered", subject=opened.subject).count() == 2


def test_what_was_removed_is_settled_when_it_is_seen_gone_and_the_campaign_closes_after_the_last(
    office: Office, opened: Campaign
) -> None:
    ops = office.actor("takahashi")
    for one in Line.objects.exclude(about="u-takahashi"):
        answer(ops, [one.pk], "drop" if one.key.endswith("u-ren") else "keep")
    Line.objects.filter(about="u-takahashi").update(state=LineState.KEPT, settled_at=database_now())
    look_after()
    assert line("membership:g-pay:u-ren").settled_at is None
    Membership.objects.filter(person_id="u-ren").update(absent_since=database_now())
    look_after()
    assert line("membership:g-pay:u-ren").settled_at is not None
    opened.refresh_from_db()
    assert opened.closed_at is not None


def test_nobody_answers_about_themselves_or_about_what_is_not_theirs(office: Office, opened: Campaign) -> None:
    with pytest.raises(Refused) as refused:
        answer(office.actor("suzuki"), [line("membership:g-pay:u-suzuki").pk], "keep")
    assert codes(refused) == {"line_about_you"}
    with pytest.raises(Refused) as refused:
        answer(office.actor("ren"), [line("membership:g-pay:u-sato").pk], "keep")
    assert codes(refused) == {"line_not_yours"}
    with pytest.raises(Refused) as refused:  # all or none
        answer(
            office.actor("suzuki"), [line("membership:g-pay:u-ren").pk, line("membership:g-pay:u-suzuki").pk], "keep"
        )
    assert line("membership:g-pay:u-ren").state == LineState.OPEN


def test_silence_expires_only_after_the_notice(office: Office, opened: Campaign) -> None:
    past(opened, "due_on")
    look_after()
    opened.refresh_from_db()
    assert opened.noticed_at is not None
    assert not Line.objects.filter(state=LineState.EXPIRED).exists()
    past(opened, "expires_on")
    look_after()
    assert not Line.objects.filter(state=LineState.OPEN).exists()
    expired = line("membership:g-pay:u-ren")
    assert expired.state == LineState.EXPIRED
    assert expired.proposals
    assert Entry.objects.filter(kind="review.expired").count() == Line.objects.filter(state=LineState.EXPIRED).count()


def test_a_desk_that_was_down_for_weeks_gives_its_notice_in_full_before_silence_is_an_answer(
    office: Office, opened: Campaign
) -> None:
    past(opened, "due_on")
    past(opened, "expires_on")
    look_after()
    look_after()
    opened.refresh_from_db()
    assert opened.expires_on > clock.now().date() + timedelta(days=4)  # as the page tells it
    assert not Line.objects.filter(state=LineState.EXPIRED).exists()
    answer(office.actor("tanaka"), [line("membership:g-pay:u-ren").pk], "keep")


def test_owners_are_reminded_once(office: Office, opened: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.conf import settings

    monkeypatch.setattr(settings, "KUMOBAN_EMAIL", {"host": "127.0.0.1", "port": 1, "from": "desk@example.com"})
    Campaign.objects.filter(pk=opened.pk).update(due_on=clock.now().date())
    look_after()
    look_after()
    told = Event.objects.filter(kind="review_reminded")
    assert {event.params["person"] for event in told} >= {"u-suzuki", "u-tanaka"}
    assert told.count() == len({event.params["person"] for event in told})


def test_what_is_gone_by_itself_needs_no_answer(office: Office, opened: Campaign) -> None:
    Membership.objects.filter(person_id="u-ren").update(absent_since=database_now())
    look_after()
    assert line("membership:g-pay:u-ren").state == LineState.GONE


def test_only_operations_open_one_and_only_on_a_business_day(office: Office) -> None:
    with pytest.raises(Refused) as refused:
        open_campaign(office.actor("suzuki"), "recertification", title="下期", due_on=next_business_day())
    assert codes(refused) == {"ops_only"}
    sunday = next(day for n in range(1, 9) if (day := clock.now().date() + timedelta(days=n)).weekday() == 6)
    with pytest.raises(Refused) as refused:
        open_campaign(office.actor("takahashi"), "recertification", title="下期", due_on=sunday)
    assert codes(refused) == {"not_a_business_day"}


# --- a grant of the desk's


@pytest.fixture
def desk(emptied_ledger: None, tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[Practice]:
    monkeypatch.setitem(practice_module.GROUPS, "ops", ["takahashi", "kim"])
    with practice_desk(monkeypatch, tmp_path) as made:
        yield made


@pytest.mark.django_db(transaction=True)
def test_a_permanent_grant_that_its_owner_removes_ends_and_one_that_is_kept_is_good_for_a_year(desk: Practice) -> None:
    form = {
        "group": desk.group("team-payments"),
        "accounts": [desk.account("payments-prod"), desk.account("payments-data-prod")],
        "permission_set": desk.permission_set,
        "owner": desk.user("suzuki"),
        "review_on": (clock.now() + timedelta(days=30)).date(),
        "reason": "決済チームの参照権限",
    }
    made = requests.ask(desk.actor("takahashi"), "permanent-access", form)
    desk.approve(made, "kim")
    desk.until(made, "active")
    open_campaign(
        desk.actor("takahashi"), "recertification", title="下期", due_on=next_business_day(), groups=["grants"]
    )
    first, second = Line.objects.order_by("pk")
    owner = desk.actor("suzuki")
    answer(owner, [first.pk], "drop", "使っていない")
    answer(owner, [second.pk], "keep")
    for _ in range(5):
        desk.later(made)
    look_after()
    first.refresh_from_db()
    assert first.settled_at is not None
    assert len(desk.assigned()) == 1
    kept = Hold.objects.get(request=made, state="active")
    assert kept.review_on is not None
    assert kept.review_on > (clock.now() + timedelta(days=300)).date()
    with pytest.raises(Refused):  # it has ended: the answer stands
        answer(owner, [first.pk], "keep")
    assert Person.objects.filter(user_name="suzuki").exists()


@pytest.mark.django_db(transaction=True)
def test_permanent_access_whose_day_of_review_has_come_is_asked_about_once(desk: Practice) -> None:
    form = {
        "group": desk.group("team-payments"),
        "accounts": [desk.account("payments-prod")],
        "permission_set": desk.permission_set,
        "owner": desk.user("suzuki"),
        "review_on": (clock.now() + timedelta(days=30)).date(),
        "reason": "決済チームの参照権限",
    }
    made = requests.ask(desk.actor("takahashi"), "permanent-access", form)
    desk.approve(made, "kim")
    desk.until(made, "active")
    look_after()
    assert not Campaign.objects.exists()
    Hold.objects.filter(request=made).update(review_on=clock.now().date() - timedelta(days=1))
    look_after()
    look_after()
    assert list(Line.objects.values_list("person", flat=True)) == [desk.user("suzuki")]
    answer(desk.actor("suzuki"), [Line.objects.get().pk], "keep")
    look_after()
    look_after()
    assert Campaign.objects.get().closed_at is not None
    assert Line.objects.count() == 1
