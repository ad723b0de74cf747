"""月次の突合: what has to be explained, by whom, and what the lead's signature freezes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from kumoban.core.reason import Refused
from kumoban.evidence.matching.exclusions import end_exclusion, exclude
from kumoban.evidence.matching.models import Exclusion, Gap, Month, Session
from kumoban.evidence.matching.reading import read_trail
from kumoban.evidence.matching.signing import digest_of, explain, not_yet, sign, sum_up
from kumoban.evidence.matching.telling import sheet_of
from kumoban.ledger.search import search
from tests.integration.evidence.conftest import Matching
from tests.integration.evidence.trail import PROD, deliver, event, reserved, user

pytestmark = pytest.mark.django_db(transaction=True)

MINUTE = timedelta(minutes=1)


def codes(refused: pytest.ExceptionInfo[Refused]) -> list[str]:
    return [reason.code for reason in refused.value.reasons]


def month_with_something(matching: Matching) -> str:
    """Last month: one session of an IAM user, and days without log files."""
    month, noon = matching.last_month()
    deliver(matching.aws, [event(PROD, noon, user(PROD, "batch"))])
    matching.matched()
    matching.settled(month)
    return month


def explained(matching: Matching, month: str, who: str = "takahashi") -> None:
    sessions = list(Session.objects.filter(month=month).values_list("pk", flat=True))
    gaps = list(Gap.objects.filter(month=month).values_list("pk", flat=True))
    explain(matching.office.actor(who), sessions, gaps, "変更管理票 C-31 の作業。ログは保管期間外")


def signed(matching: Matching, month: str) -> Month:
    return sign(matching.office.actor("tanaka"), month, digest_of(month), "確認済み")


def test_a_month_is_signed_by_the_lead_when_every_line_is_explained(matching: Matching) -> None:
    month = month_with_something(matching)
    assert [reason.code for reason in not_yet(month)] == ["sessions_unexplained", "gaps_unexplained"]
    with pytest.raises(Refused) as refused:
        signed(matching, month)
    assert codes(refused) == ["sessions_unexplained", "gaps_unexplained"]
    explained(matching, month)
    done = signed(matching, month)
    assert done.signed_by is not None
    assert done.signed_by.user_name == "tanaka"
    entry = search(subjects=[f"matching:{month}"])[0]
    assert (entry.kind, entry.facts["digest"], entry.facts["sessions"]) == (
        "matching.signed",
        done.digest,
        {"no_request": 1},
    )
    assert entry.texts["comment"] == "確認済み"


@pytest.mark.parametrize("who", ["takahashi", "sato", "kim"])
def test_nobody_but_the_lead_signs(matching: Matching, who: str) -> None:
    month = month_with_something(matching)
    explained(matching, month)
    with pytest.raises(Refused) as refused:
        sign(matching.office.actor(who), month, digest_of(month))
    assert codes(refused) == ["ops_lead_only"]
    assert refused.value.attempt


def test_signing_takes_a_recent_proof_where_step_up_is_asked_for(matching: Matching, settings: Any) -> None:
    month = month_with_something(matching)
    explained(matching, month)
    settings.KUMOBAN_OIDC_ISSUER, settings.KUMOBAN_STEP_UP_MINUTES = "https://login.example.jp", 15
    with pytest.raises(Refused) as refused:
        signed(matching, month)
    assert codes(refused) == ["step_up"]
    with pytest.raises(Refused) as refused:
        sign(matching.office.actor("tanaka", frozenset({"approve"})), month, digest_of(month))
    assert codes(refused) == ["step_up_not_by_token"]
    with pytest.raises(Refused) as refused:
        sign(matching.office.actor("tanaka", frozenset({"read"})), month, digest_of(month))
    assert codes(refused) == ["scope_missing"]


def test_what_changed_since_it_was_looked_at_is_not_signed(matching: Matching) -> None:
    month = month_with_something(matching)
    explained(matching, month)
    seen = digest_of(month)
    explain(matching.office.actor("takahashi"), [Session.objects.get().pk], [], "別の説明")
    with pytest.raises(Refused) as refused:
        sign(matching.office.actor("tanaka"), month, seen)
    assert codes(refused) == ["month_changed"]


def test_a_month_that_is_not_over_or_not_read_is_not_signed(matching: Matching) -> None:
    month = month_with_something(matching)
    explained(matching, month)
    Month.objects.filter(month=month).update(computed_at=None)
    assert [reason.code for reason in not_yet(month)] == ["month_not_read"]
    this = matching.now.astimezone().strftime("%Y-%m")
    sum_up(this)
    assert not_yet(this)[0].code == "month_not_over"
    assert not_yet("2019-01")[0].code == not_yet("2026-13")[0].code == "no_such_month"


def test_an_explanation_falls_when_its_session_turns_out_to_be_more(matching: Matching) -> None:
    month = month_with_something(matching)
    explained(matching, month)
    _month, noon = matching.last_month()
    deliver(matching.aws, [event(PROD, noon + MINUTE, user(PROD, "batch"))])
    matching.matched()
    session = Session.objects.get()
    assert (session.changing, session.explained, bool(session.said)) == (2, False, True)


def test_nobody_explains_what_they_did_themselves(matching: Matching) -> None:
    _month, noon = matching.last_month()
    deliver(matching.aws, [event(PROD, noon, reserved(PROD, "u-takahashi", "takahashi"))])
    matching.matched()
    session = Session.objects.get()
    with pytest.raises(Refused) as refused:
        explain(matching.office.actor("takahashi"), [session.pk], [], "自分の作業です")
    assert codes(refused) == ["session_about_you"]
    with pytest.raises(Refused) as refused:
        explain(matching.office.actor("sato"), [session.pk], [], "x")
    assert codes(refused) == ["ops_only"]
    with pytest.raises(Refused) as refused:
        explain(matching.office.actor("tanaka"), [session.pk], [], "  ")
    assert codes(refused) == ["say_why"]
    assert explain(matching.office.actor("tanaka"), [session.pk], [], "高橋さんの障害対応 INC-3") == 1


def test_what_comes_after_the_signature_is_shown_as_such_and_changes_nothing(matching: Matching) -> None:
    month = month_with_something(matching)
    explained(matching, month)
    done = signed(matching, month)
    _month, noon = matching.last_month()
    again = event(PROD, noon + 2 * MINUTE, user(PROD, "batch"))
    deliver(matching.aws, [again, event(PROD, noon, user(PROD, "late"))], at=matching.now)
    matching.matched()
    sheet = sheet_of(matching.office.actor("kim"), month)
    assert sheet is not None
    assert (sheet.digest, sheet.changed, sheet.late, sheet.asked) == (done.digest, False, 2, 2)
    assert sheet.month.figures == done.figures
    late = Session.objects.filter(after_signature=True)
    assert {row.name: row.changing for row in late} == {"batch": 1, "late": 1}
    assert Session.objects.get(name="batch", after_signature=False).changing == 1
    assert explain(matching.office.actor("takahashi"), [row.pk for row in late], [], "後日確認") == 2
    with pytest.raises(Refused) as refused:
        explain(matching.office.actor("takahashi"), [Session.objects.get(after_signature=False).pk], [], "x")
    assert codes(refused) == ["month_signed"]


def test_rows_changed_behind_the_desk_are_noticed(matching: Matching) -> None:
    month = month_with_something(matching)
    explained(matching, month)
    signed(matching, month)
    Session.objects.update(said="なかったことに")
    sheet = sheet_of(matching.office.actor("kim"), month)
    assert sheet is not None
    assert sheet.changed


def test_a_signed_month_is_not_signed_again_and_new_exclusions_do_not_touch_it(matching: Matching) -> None:
    month = month_with_something(matching)
    explained(matching, month)
    done = signed(matching, month)
    today = matching.now.date()
    exclude(matching.office.actor("tanaka"), f"arn:aws:iam::{PROD}:user/batch", "夜間バッチ", "u-takahashi",
            today - timedelta(days=90), today)  # fmt: skip
    matching.match()
    assert Session.objects.get().outcome == "no_request"
    assert digest_of(month) == done.digest
    with pytest.raises(Refused) as refused:
        signed(matching, month)
    assert codes(refused) == ["month_signed"]


# --- exclusions


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"pattern": "*"}, "exclusion_pattern"),
        ({"pattern": "arn:aws:iam::*:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0"}, "exclusion_pattern"),
        ({"pattern": f"arn:aws:iam::{PROD}:root"}, "exclusion_pattern"),
        ({"reason": " "}, "say_why"),
        ({"owner": "u-nobody"}, "no_such_person"),
        ({"days": 400}, "exclusion_days"),
        ({"days": -1}, "exclusion_days"),
        ({"who": "takahashi"}, "ops_lead_only"),
    ],
)
def test_an_exclusion_is_written_dated_owned_and_the_lead_s(
    matching: Matching, changed: dict[str, Any], code: str
) -> None:
    given = {"who": "tanaka", "pattern": "arn:aws:iam::*:role/Deploy", "reason": "CI", "owner": "u-ren", "days": 30}
    given |= changed
    today = matching.now.date()
    with pytest.raises(Refused) as refused:
        exclude(matching.office.actor(str(given["who"])), str(given["pattern"]), str(given["reason"]),
                str(given["owner"]), today, today + timedelta(days=int(str(given["days"]))))  # fmt: skip
    assert codes(refused) == [code]
    assert not Exclusion.objects.exists()


def test_an_exclusion_that_was_ended_speaks_of_what_was_before_only(matching: Matching) -> None:
    today = matching.now.date()
    made = exclude(matching.office.actor("tanaka"), "arn:aws:iam::*:user/batch", "夜間バッチ", "u-ren",
                   today - timedelta(days=2), today + timedelta(days=2))  # fmt: skip
    end_exclusion(matching.office.actor("tanaka"), made.pk)
    assert [entry.kind for entry in search(subjects=[made.subject])] == [
        "matching.exclusion_ended",
        "matching.excluded",
    ]
    deliver(matching.aws, [event(PROD, matching.now - timedelta(hours=3), user(PROD, "batch"))])
    deliver(matching.aws, [event(PROD, matching.now + MINUTE, user(PROD, "batch"))])
    matching.matched()
    assert list(Session.objects.order_by("first").values_list("outcome", flat=True)) == ["excluded", "no_request"]
    with pytest.raises(Refused) as refused:
        end_exclusion(matching.office.actor("tanaka"), made.pk)
    assert codes(refused) == ["no_such_exclusion"]


def test_what_was_read_and_not_yet_matched_when_the_lead_signs_is_not_lost(matching: Matching) -> None:
    month = month_with_something(matching)
    explained(matching, month)
    _month, noon = matching.last_month()
    deliver(matching.aws, [event(PROD, noon, user(PROD, "intruder"))], at=matching.now)
    assert read_trail(timedelta(minutes=1)) == 1  # read; the runner stops before it matches
    with pytest.raises(Refused) as refused:
        signed(matching, month)
    assert refused.value.reasons[0].code == "month_not_read"
