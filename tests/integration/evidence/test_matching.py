"""申請外アクセス突合: what every privileged session in the trail is matched by, and what is asked about."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from benchmarks.in_process_door import NodeDied
from kumoban.desk.models import DESK, Request, User
from kumoban.estate.models import Assignment, IamUser
from kumoban.evidence.matching.exclusions import exclude
from kumoban.evidence.matching.models import Activity, Gap, Session, TrailDay
from tests.integration.conftest import ARN
from tests.integration.evidence.conftest import TOKYO, Matching
from tests.integration.evidence.trail import (
    DATA,
    PROD,
    deliver,
    event,
    reserved,
    role_session,
    root,
    taking_on,
    user,
)

pytestmark = pytest.mark.django_db(transaction=True)

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
OUTSIDE = {"type": "AWSAccount", "principalId": "AROAOTHER:vendor", "accountId": "999900001111"}


# --- people of Identity Center


def test_what_somebody_did_within_a_grant_is_matched_to_its_request(matching: Matching) -> None:
    made = matching.granted()
    at = matching.now + timedelta(seconds=1)
    deliver(matching.aws, [event(PROD, at, reserved(PROD, "u-sato", "sato", at))])
    assert matching.matched() == {"sato": ("identity_center", "matched", "session_by_grant")}
    session = Session.objects.get()
    assert (session.request, session.person, session.changing) == (made.number, "u-sato", 1)


def test_credentials_given_before_the_end_may_be_used_until_they_expire(matching: Matching) -> None:
    made = matching.ended(matching.granted())
    at = matching.now
    deliver(matching.aws, [event(PROD, at + 50 * MINUTE, reserved(PROD, "u-sato", "sato", at))])
    assert matching.matched() == {"sato": ("identity_center", "matched", "session_by_grant")}
    assert Session.objects.get().request == made.number


@pytest.mark.parametrize(
    ("after", "issued"), [(70, 0), (50, 40), (-30, -30)], ids=["life over", "made after", "before"]
)
def test_use_outside_the_time_of_the_grant_is_asked_about(matching: Matching, after: int, issued: int) -> None:
    made = matching.ended(matching.granted())
    at = matching.now
    who = reserved(PROD, "u-sato", "sato", at + issued * MINUTE)
    deliver(matching.aws, [event(PROD, at + after * MINUTE, who)])
    assert matching.matched() == {"sato": ("identity_center", "out_of_time", "session_out_of_time")}
    assert Session.objects.get().request == made.number


def test_a_grant_in_another_account_or_of_somebody_else_excuses_nothing(matching: Matching) -> None:
    matching.granted()
    at = matching.now + timedelta(seconds=1)
    deliver(matching.aws, [event(DATA, at, reserved(DATA, "u-sato", "sato"))], account=DATA)
    deliver(matching.aws, [event(PROD, at, reserved(PROD, "u-ren", "ren"))])
    assert matching.matched() == {
        "sato": ("identity_center", "no_request", "session_no_grant"),
        "ren": ("identity_center", "no_request", "session_no_grant"),
    }


def test_a_session_without_a_user_id_is_its_person_s_by_the_name_aws_gave_it(matching: Matching) -> None:
    matching.granted()
    at = matching.now + timedelta(seconds=1)
    deliver(matching.aws, [event(PROD, at, reserved(PROD, "", "Sato")), event(PROD, at, reserved(PROD, "", "ghost"))])
    assert matching.matched() == {
        "Sato": ("identity_center", "matched", "session_by_grant"),
        "ghost": ("identity_center", "no_request", "session_no_person"),
    }


def test_a_role_that_only_calls_itself_reserved_is_not_one_of_identity_center(matching: Matching) -> None:
    matching.granted()
    at = matching.now + timedelta(seconds=1)
    false = reserved(PROD, "", "sato")
    false["sessionContext"]["sessionIssuer"]["arn"] = (
        f"arn:aws:iam::{PROD}:role/AWSReservedSSO_ProdReadOnly_0123456789abcdef"
    )
    taken = taking_on(PROD, at, OUTSIDE, "AWSReservedSSO_ProdReadOnly_0123456789abcdef", "sato")
    deliver(matching.aws, [taken, event(PROD, at, false)])
    assert matching.matched()["sato"][:2] == ("outside", "no_request")


def test_adopted_access_counts_from_its_adoption_on_and_stays_matched_when_it_goes(matching: Matching) -> None:
    row = Assignment.objects.create(
        principal_type="GROUP", principal_id="g-leads", account_id=PROD, permission_set_arn=ARN, seen_at=matching.now,
        adopted_request="R-7", adopted_at=matching.now - HOUR,
    )  # fmt: skip
    deliver(matching.aws, [event(PROD, matching.now - 30 * MINUTE, reserved(PROD, "u-tanaka", "tanaka"))])
    deliver(matching.aws, [event(PROD, matching.now - 90 * MINUTE, reserved(PROD, "u-suzuki", "suzuki"))])
    wanted = {
        "tanaka": ("identity_center", "matched", "session_by_adopted"),
        "suzuki": ("identity_center", "no_request", "session_adopted_later"),
    }
    assert matching.matched() == wanted
    row.adopted_request, row.absent_since = "", matching.now
    row.save()
    assert matching.matched()["tanaka"] == wanted["tanaka"]


def test_what_an_aws_service_does_for_somebody_and_the_portal_are_counted_apart(matching: Matching) -> None:
    at = matching.now - HOUR
    portal = {"type": "IdentityCenterUser", "onBehalfOf": {"userId": "u-sato"}, "accountId": PROD}
    records = [
        event(PROD, at, {**reserved(PROD, "u-sato", "sato"), "invokedBy": "cloudformation.amazonaws.com"}),
        event(PROD, at, {"type": "AWSService", "invokedBy": "ec2.amazonaws.com"}),
        event(PROD, at, role_session(PROD, "app", "i-0123")),
        event(PROD, at, portal, eventSource="sso.amazonaws.com", eventName="GetRoleCredentials"),
        event(PROD, at, user(PROD, "eve"), eventName="ConsoleLogin", responseElements={"ConsoleLogin": "Failure"}),
        event(PROD, at, OUTSIDE, eventSource="s3.amazonaws.com"),
    ]
    deliver(matching.aws, records)
    assert matching.matched() == {}
    day = TrailDay.objects.get()
    assert day.n_records == 6
    assert day.counted == {"aws_service": 2, "workload": 1, "no_access": 2, "other_account": 1}


# --- IAM users, root, the unknown


def test_iam_users_root_and_what_nobody_understands_are_asked_about(matching: Matching) -> None:
    at = matching.now - HOUR
    new = {"type": "QuantumUser", "arn": "arn:aws:quantum::1:user/q", "accountId": PROD}
    federated = {
        "type": "FederatedUser", "arn": f"arn:aws:sts::{PROD}:federated-user/x", "accountId": PROD,
        "sessionContext": {"sessionIssuer": {"type": "IAMUser", "arn": f"arn:aws:iam::{PROD}:user/deploy"}},
    }  # fmt: skip
    records = [event(PROD, at, who) for who in (user(PROD, "batch"), root(PROD), new, federated)]
    deliver(matching.aws, records)
    assert matching.matched() == {
        "batch": ("iam_user", "no_request", "session_user_unknown"),
        "root": ("root", "no_request", "session_root"),
        "arn:aws:quantum::1:user/q": ("unknown", "no_request", "session_not_understood"),
        "deploy": ("iam_user", "no_request", "session_user_unknown"),
    }


def test_a_late_file_still_knows_who_took_on_the_role(matching: Matching) -> None:
    at = matching.now - timedelta(days=2)
    deliver(matching.aws, [taking_on(PROD, at, OUTSIDE, "Vendor", "case-1")], region="us-east-1")
    deliver(matching.aws, [event(PROD, at + MINUTE, role_session(PROD, "Vendor", "case-1"))], at=matching.now)
    assert matching.matched() == {"case-1": ("outside", "no_request", "session_outside")}


def test_a_role_without_a_name_is_asked_about(matching: Matching) -> None:
    deliver(matching.aws, [event(PROD, matching.now - HOUR, {"type": "AssumedRole", "principalId": "AROA:x"})])
    assert matching.matched() == {"AROA:x": ("unknown", "no_request", "session_not_understood")}


def test_an_adopted_iam_user_is_matched(matching: Matching) -> None:
    IamUser.objects.create(
        arn=f"arn:aws:iam::{PROD}:user/batch", name="batch", account_id=PROD, created_at=matching.now,
        seen_at=matching.now, adopted_request="R-3", adopted_at=matching.now - 2 * HOUR,
    )  # fmt: skip
    deliver(matching.aws, [event(PROD, matching.now - HOUR, user(PROD, "batch"))])
    assert matching.matched() == {"batch": ("iam_user", "matched", "session_by_adopted")}
    assert Session.objects.get().request == "R-3"


@pytest.mark.parametrize(("rejected", "outcome"), [("due", "matched"), ("rejected", "no_request")])
def test_an_emergency_user_is_matched_by_the_request_about_its_use(
    matching: Matching, settings: Any, rejected: str, outcome: str
) -> None:
    settings.KUMOBAN_EMERGENCY_PRINCIPALS = [f"arn:aws:iam::{PROD}:user/emergency"]
    at = matching.now - HOUR
    signed_in = event(
        PROD, at, user(PROD, "emergency"), eventName="ConsoleLogin", responseElements={"ConsoleLogin": "Success"}
    )
    deliver(matching.aws, [signed_in, event(PROD, at + MINUTE, user(PROD, "emergency"))])
    assert matching.matched()["emergency"][1] == "no_request"
    desk = User.objects.create(login=DESK, machine=True)
    Request.objects.create(
        number="R-90", routine="other-request", state="done", requester_id="u-takahashi", asked_by=desk, form={},
        idempotency=f"emergency:{signed_in['eventID']}", ratification=rejected, created_at=at, changed_at=at,
    )  # fmt: skip
    assert matching.matched()["emergency"][1] == outcome
    assert Session.objects.get().request == "R-90"


# --- roles taken on


def test_a_role_taken_on_from_outside_is_asked_about_whatever_the_files_order(matching: Matching) -> None:
    at = matching.now - 3 * HOUR
    used = event(PROD, at + 2 * MINUTE, role_session(PROD, "Vendor", "case-1"))
    deliver(matching.aws, [used], region="eu-west-1")
    assert matching.matched() == {}
    deliver(matching.aws, [taking_on(PROD, at, OUTSIDE, "Vendor", "case-1")], region="us-east-1")
    assert matching.matched() == {"case-1": ("outside", "no_request", "session_outside")}
    assert TrailDay.objects.get(region="eu-west-1").counted == {}
    assert Session.objects.get().origin == "999900001111"


def test_an_identity_provider_counts_as_outside_and_an_account_of_the_organisation_does_not(matching: Matching) -> None:
    at = matching.now - 3 * HOUR
    web = {"type": "WebIdentityUser", "identityProvider": "token.actions.githubusercontent.com", "userName": "repo"}
    inside = {"type": "AWSAccount", "principalId": "AROA:x", "accountId": DATA}
    records = [
        taking_on(PROD, at, web, "Deploy", "run-1", eventName="AssumeRoleWithWebIdentity"),
        taking_on(PROD, at, inside, "Shared", "job"),
        event(PROD, at + MINUTE, role_session(PROD, "Deploy", "run-1")),
        event(PROD, at + MINUTE, role_session(PROD, "Shared", "job")),
    ]
    deliver(matching.aws, records)
    assert matching.matched() == {"run-1": ("outside", "no_request", "session_outside")}


def test_a_chain_within_the_account_rests_on_the_grant_and_one_into_another_does_not(matching: Matching) -> None:
    made = matching.granted()
    at = matching.now + timedelta(seconds=1)
    sato = reserved(PROD, "u-sato", "sato", at)
    records = [
        taking_on(PROD, at, sato, "Admin", "here"),
        taking_on(DATA, at, sato, "Admin", "there", seen_in=PROD),
        event(PROD, at, role_session(PROD, "Admin", "here")),
    ]
    deliver(matching.aws, records)
    deliver(matching.aws, [event(DATA, at, role_session(DATA, "Admin", "there"))], account=DATA)
    found = matching.matched()
    assert found["here"] == ("chained", "matched", "session_by_grant")
    assert found["there"] == ("chained", "no_request", "session_chained")
    assert {row.name: row.person for row in Session.objects.filter(kind="chained")} == {
        "here": "u-sato",
        "there": "u-sato",
    }
    assert Session.objects.get(name="here").request == made.number


def test_the_desk_s_own_sessions_are_excluded_by_name(matching: Matching) -> None:
    at = matching.now - HOUR
    desk = user("410122300009", "kumoban-desk")
    deliver(matching.aws, [taking_on(PROD, at, desk, "KumobanReader", "kumoban-scan", seen_in="410122300009")],
            account="410122300009")  # fmt: skip
    deliver(matching.aws, [event(PROD, at, role_session(PROD, "KumobanReader", "kumoban-scan"))])
    deliver(matching.aws, [taking_on(PROD, at, reserved(PROD, "u-ren", "ren"), "KumobanReader", "kumoban-fake")])
    deliver(matching.aws, [event(PROD, at, role_session(PROD, "KumobanReader", "kumoban-fake"))])
    found = matching.matched()
    assert found["KumobanReader"] == ("desk", "excluded", "session_of_desk")
    assert found["kumoban-fake"][:2] == ("chained", "no_request")


# --- exclusions


def excluded(matching: Matching, pattern: str, **changed: Any) -> None:
    today = matching.now.astimezone(TOKYO).date()
    days = {"valid_from": today - timedelta(days=5), "valid_until": today + timedelta(days=5), **changed}
    exclude(matching.office.actor("tanaka"), pattern, "夜間バッチ。要件 ISMS-12", "u-takahashi", **days)


def test_an_exclusion_speaks_of_what_it_names_within_its_days_only(matching: Matching) -> None:
    at = matching.now - 3 * HOUR
    today = matching.now.astimezone(TOKYO).date()
    excluded(matching, "arn:aws:iam::*:user/batch")
    excluded(matching, f"arn:aws:iam::{PROD}:user/old", valid_until=today - timedelta(days=1))
    deliver(matching.aws, [event(PROD, at, user(PROD, name)) for name in ("batch", "batch2", "old")])
    found = matching.matched()
    assert found["batch"] == ("iam_user", "excluded", "session_by_exclusion")
    assert found["batch2"][1] == found["old"][1] == "no_request"


def test_no_exclusion_covers_a_person_s_access_or_root(matching: Matching) -> None:
    at = matching.now - HOUR
    excluded(matching, PROD)
    deliver(matching.aws, [event(PROD, at, root(PROD)), event(PROD, at, reserved(PROD, "u-ren", "ren"))])
    assert {outcome for _kind, outcome, _why in matching.matched().values()} == {"no_request"}


# --- sessions


def test_a_pause_of_more_than_an_hour_begins_another_session(matching: Matching) -> None:
    at = datetime.combine(matching.now.astimezone(TOKYO).date(), datetime.min.time(), TOKYO) - timedelta(hours=20)
    times = [at, at + 55 * MINUTE, at + 110 * MINUTE, at + 175 * MINUTE]
    deliver(matching.aws, [event(PROD, one, user(PROD, "batch")) for one in times])
    matching.matched()
    spans = [(row.first, row.last) for row in Session.objects.order_by("first")]
    assert [(first.astimezone(TOKYO), last.astimezone(TOKYO)) for first, last in spans] == [
        (times[0], times[2]),
        (times[3], times[3]),
    ]


def test_a_late_file_joins_what_looked_like_two_sessions(matching: Matching) -> None:
    at = matching.now - timedelta(hours=6)
    deliver(matching.aws, [event(PROD, at, user(PROD, "batch")), event(PROD, at + 100 * MINUTE, user(PROD, "batch"))])
    matching.matched()
    assert Session.objects.count() == 2
    deliver(matching.aws, [event(PROD, at + 50 * MINUTE, user(PROD, "batch"))], at=matching.now)
    matching.matched()
    session = Session.objects.get()
    assert (session.changing, session.last - session.first) == (3, 100 * MINUTE)


def test_midnight_of_tokyo_ends_a_month_and_no_session_lies_in_two(matching: Matching) -> None:
    month, _day = matching.last_month()
    this = matching.now.astimezone(TOKYO).strftime("%Y-%m")
    turn = datetime.fromisoformat(f"{this}-01T00:00:00+09:00")
    deliver(matching.aws, [event(PROD, turn + n * MINUTE, user(PROD, "batch")) for n in (-2, -1, 0, 1)])
    matching.matched()
    assert {row.month: row.changing for row in Session.objects.all()} == {month: 2, this: 2}
    assert turn.astimezone(UTC).hour == 15


def test_events_and_files_that_come_twice_count_once(matching: Matching) -> None:
    at = matching.now - HOUR
    one, other = event(PROD, at, user(PROD, "batch")), event(PROD, at + MINUTE, user(PROD, "batch"))
    body = gzip.compress(json.dumps({"Records": [one, other]}).encode(), mtime=0)
    for _ in range(2):
        deliver(matching.aws, [other], body=body)
    deliver(matching.aws, [other])
    matching.matched()
    matching.matched()
    assert Session.objects.get().changing == 2
    day = TrailDay.objects.get()
    assert (day.n_files, day.n_duplicates, day.n_records) == (3, 1, 3)


def test_a_clock_that_is_ahead_moves_nothing_into_the_future(matching: Matching) -> None:
    ahead = event(PROD, matching.now + timedelta(days=40), user(PROD, "batch"))
    deliver(
        matching.aws, [ahead, event(PROD, matching.now, user(PROD, "broken"), eventTime="yesterday")], at=matching.now
    )
    matching.matched()
    assert {row.month for row in Session.objects.all()} == {matching.now.astimezone(TOKYO).strftime("%Y-%m")}


# --- what the trail does not tell


@pytest.mark.parametrize(
    ("body", "code"),
    [
        pytest.param(b"not gzip at all", "not_gzip", id="not gzip"),
        pytest.param(gzip.compress(b"{}" * 5000)[:30], "cut_short", id="cut short"),
        pytest.param(gzip.compress(b"{}"), "not_a_log", id="no records"),
        pytest.param(gzip.compress(b"<html>"), "not_a_log", id="no JSON"),
        pytest.param(gzip.compress(b'{"Records": [1]}'), "not_understood 1", id="no record"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_gap_and_is_tried_again(matching: Matching, body: bytes, code: str) -> None:
    at = matching.now - timedelta(hours=30)
    key = deliver(matching.aws, [], at=at, body=body)
    deliver(matching.aws, [event(PROD, at, user(PROD, "batch"))])
    matching.matched()
    gap = Gap.objects.get(account=PROD, month=at.astimezone(TOKYO).strftime("%Y-%m"))
    assert [why for _region, _file, why in gap.unreadable] == [code]
    assert Session.objects.count() == 1
    if not code.startswith("not_understood"):
        matching.aws.put(key, gzip.compress(json.dumps({"Records": []}).encode()))
        matching.matched()
        assert Gap.objects.get(account=PROD, month=gap.month).unreadable == []


def test_days_and_accounts_without_files_are_told(matching: Matching) -> None:
    month, noon = matching.last_month()
    deliver(matching.aws, [event(PROD, noon, user(PROD, "batch"))])
    matching.matched()
    gaps = {gap.account: len(gap.days) for gap in Gap.objects.filter(month=month)}
    assert set(gaps) == {PROD, DATA}
    assert gaps[DATA] == gaps[PROD] + 1


def test_a_file_that_is_taken_away_from_under_the_reader_stops_nothing(matching: Matching) -> None:
    at = matching.now - HOUR
    key = deliver(matching.aws, [event(PROD, at, user(PROD, "lost"))])
    deliver(matching.aws, [event(PROD, at, user(PROD, "batch"))])
    listed = matching.aws.list_objects_v2

    def vanishing(**asked: Any) -> dict[str, Any]:
        answer = listed(**asked)
        if "Contents" in answer:
            matching.aws.files.pop(key, None)
        return answer

    matching.aws.list_objects_v2 = vanishing  # type: ignore[method-assign]
    assert set(matching.matched()) == {"batch"}
    assert list(TrailDay.objects.get().unreadable.values()) == ["NoSuchKey"]


def test_a_kill_between_files_loses_and_doubles_nothing(matching: Matching, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kumoban.evidence.matching.reading._FILES", 2)
    at = matching.now - timedelta(hours=2)
    for n in range(5):
        deliver(matching.aws, [event(PROD, at + n * MINUTE, user(PROD, "batch"))])
    matching.aws.dead_from = sum(matching.aws.calls.values()) + 6
    with pytest.raises(NodeDied):
        matching.read()
    matching.aws.dead_from = None
    assert 0 < Activity.objects.get().changing < 5
    assert matching.matched()["batch"][1] == "no_request"
    assert Session.objects.get().changing == 5
    assert matching.read() == 0


def test_an_exclusion_of_a_role_leaves_out_no_person_who_takes_it_on(matching: Matching) -> None:
    today, at = matching.now.date(), matching.now - timedelta(hours=3)
    exclude(matching.office.actor("tanaka"), f"arn:aws:iam::{PROD}:role/Deploy", "CI からのデプロイ", "u-ren",
            today - timedelta(days=2), today + timedelta(days=2))  # fmt: skip
    by = reserved(PROD, "u-sato", "sato")
    made = event(PROD, at + timedelta(minutes=1), role_session(PROD, "Deploy", "handmade"))
    deliver(matching.aws, [taking_on(PROD, at, by, "Deploy", "handmade"), made])
    matching.matched()
    one = Session.objects.get(name="handmade")
    assert (one.person, one.outcome) == ("u-sato", "no_request")
