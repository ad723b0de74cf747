"""What is different from usual about a request, and what was granted before it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kumoban.core.reason import Reason
from kumoban.desk import requests
from kumoban.desk.models import Hold, Request
from kumoban.desk.unusual import Noticed, noticed
from kumoban.estate.models import RegisterEntry
from tests.integration.conftest import ARN, Office

NOON = datetime(2026, 11, 25, 3, tzinfo=UTC)  # 12:00 in Tokyo, a Wednesday
NIGHT = datetime(2026, 11, 25, 17, tzinfo=UTC)  # 2:00 in Tokyo


def ask(office: Office, name: str = "sato", **changed: object) -> Request:
    form = office.form(accounts=["410122300001"], workers=[f"u-{name}"], **changed)
    made = requests.ask(office.actor(name), "temporary-access", form)
    Request.objects.filter(pk=made.pk).update(created_at=NOON)
    made.refresh_from_db()
    return made


def had(office: Office, made: Request, minutes: int = 15) -> None:
    """As if this request had been approved, and its grant been in force."""
    requests.approve(office.actor("suzuki"), made.number, plan_digest=made.plan.digest)
    for hold in made.holds.all():
        hold.was_active, hold.state = True, "ended"
        hold.starts_at, hold.ends_at = NOON, NOON + timedelta(minutes=minutes)
        hold.save()


def seen(made: Request, now: datetime = NOON) -> Noticed:
    return noticed([made], now)[made.pk]


def codes(made: Request, now: datetime = NOON) -> list[str]:
    return [reason.code for reason in seen(made, now).unusual]


def test_the_first_time_in_an_account_and_with_a_permission_set_is_told(office: Office) -> None:
    assert codes(ask(office)) == ["unusual_first_here", "unusual_new_permission_set"]


def test_what_was_granted_before_is_not_told_again(office: Office) -> None:
    had(office, ask(office))
    assert codes(ask(office)) == []


@pytest.mark.parametrize(
    ("data_class", "told"), [("個人情報", True), ("ＣＯＮＦＩＤＥＮＴＩＡＬ ", True), ("社外秘", False), ("", False)]
)
def test_an_account_with_sensitive_data_is_told_however_its_class_is_typed(
    office: Office, data_class: str, told: bool
) -> None:
    had(office, ask(office))
    RegisterEntry.objects.create(account_id="410122300001", data_class=data_class, created_at=NOON, changed_at=NOON)
    reasons = seen(ask(office)).unusual
    assert [reason.code for reason in reasons] == (["unusual_sensitive"] if told else [])
    assert all(reason.params == {"account": "payments-prod", "data_class": data_class} for reason in reasons)


def test_one_new_account_of_several_is_named(office: Office) -> None:
    had(office, ask(office))
    both = requests.ask(office.actor("sato"), "temporary-access", office.form(workers=["u-sato"]))
    first = seen(both).unusual[0]
    assert first == Reason("unusual_first_in", {"name": "佐藤 美咲", "account": "payments-data-prod"})


def test_a_start_on_approval_deep_in_the_night_is_told(office: Office) -> None:
    had(office, ask(office))
    made = ask(office)
    assert codes(made, NOON) == []
    assert codes(made, NIGHT) == ["unusual_deep_night"]


def test_a_start_deep_in_the_night_is_told_at_noon_too(office: Office) -> None:
    had(office, ask(office))
    made = ask(office, start="2099-11-26T02:00+09:00", until="2099-11-26T03:00+09:00")
    assert codes(made, NOON) == ["unusual_deep_night"]


@pytest.mark.parametrize(("earlier", "told"), [(1, False), (2, True)])
def test_the_third_request_in_a_week_is_told(office: Office, earlier: int, told: bool) -> None:
    for _ in range(earlier):
        had(office, ask(office))
    assert ("unusual_many_this_week" in codes(ask(office))) is told


def test_requests_of_last_week_do_not_count(office: Office) -> None:
    for _ in range(2):
        had(office, ask(office))
    Request.objects.update(created_at=NOON - timedelta(days=7))
    assert "unusual_many_this_week" not in codes(ask(office))


def test_more_than_twice_as_long_as_usual_is_told(office: Office) -> None:
    for _ in range(3):
        had(office, ask(office), minutes=15)
    long = seen(ask(office, until="1h")).unusual
    assert Reason("unusual_longer", {"name": "佐藤 美咲", "minutes": 60, "usual": 15}) in long
    assert "unusual_longer" not in codes(ask(office, until="30m"))


def test_the_evidence_names_who_approved_and_is_at_most_five(office: Office) -> None:
    for _ in range(6):
        had(office, ask(office))
    before = seen(ask(office)).before
    assert len(before.people) == len(before.accounts) == 5
    newest = before.people[0]
    assert (newest.person, newest.account, newest.permission_set) == ("佐藤 美咲", "payments-prod", "ProdReadOnly")
    assert newest.approvers == ("鈴木",)
    assert newest.starts_at == NOON


def test_another_persons_grants_are_evidence_of_the_account_only(office: Office) -> None:
    had(office, ask(office, "ren"))
    before = seen(ask(office)).before
    assert before.people == ()
    assert [granted.person for granted in before.accounts] == ["中村 蓮"]


def test_later_requests_change_nothing_of_what_is_said_of_an_earlier_one(office: Office) -> None:
    made = ask(office)
    had(office, ask(office))
    assert codes(made) == ["unusual_first_here", "unusual_new_permission_set"]
    assert seen(made).before.people == ()


def test_a_whole_inbox_is_read_in_as_many_queries_as_one_request(office: Office) -> None:
    made = [ask(office) for _ in range(12)]
    counted = []
    for batch in (made[:1], made):
        fetched = list(
            Request.objects.filter(pk__in=[one.pk for one in batch])
            .select_related("plan", "requester")
            .prefetch_related("workers")
        )
        with CaptureQueriesContext(
            connection,
        ) as queries:
            noticed(fetched, NOON)
        counted.append(len(queries))
    assert counted[0] == counted[1] <= 6


def test_what_needs_no_account_is_never_unusual(office: Office) -> None:
    form = {"subject": "S3 バケット", "what": "ログ用のバケットを作ってください"}
    made = requests.ask(office.actor("kim"), "other-request", form)
    assert noticed([made], NIGHT) == {}


def test_the_arn_is_what_a_permission_set_is_known_by(office: Office) -> None:
    had(office, ask(office))
    Hold.objects.update(shown={})
    assert ARN in Request.objects.first().form["permission_set"]  # type: ignore[union-attr]
    assert "unusual_new_permission_set" not in codes(ask(office))
