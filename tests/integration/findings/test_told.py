"""Who hears of a finding: its team and operations; a grave one at once, others in the morning, many as a number."""

from __future__ import annotations

from datetime import timedelta

from kumoban.core.reason import Reason
from kumoban.desk import clock
from kumoban.desk.models import Notice
from kumoban.findings.keeping import reconcile
from kumoban.findings.models import Finding, Severity
from kumoban.findings.watch import Noticed, Round, Watch
from kumoban.ledger.clock import database_now
from tests.integration.conftest import Office
from tests.integration.desk.notices.conftest import Post, post

__all__ = ["post"]


def found(severity: Severity, team: str = "payments", n: int = 1) -> None:
    title = Reason("drift_adopt", {"account": "payments-prod"})
    noticed = [Noticed(f"k{k}", title, severity, database_now(), team=team) for k in range(n)]
    reconcile(Watch("test", "Test", "", timedelta(minutes=1), lambda: Round(())), Round(noticed))


def test_a_grave_one_is_told_at_once_to_its_team_with_its_leads_and_to_operations(office: Office, post: Post) -> None:
    found(Severity.HIGH)
    post.round()
    told = {name for name in ("sato", "ren", "suzuki", "tanaka", "takahashi", "kim") if post.told(name)}
    assert told == {"sato", "ren", "suzuki", "tanaka", "takahashi"}
    [mail] = post.mail.to("sato")
    body = mail.get_body(("plain",))
    assert body is not None
    assert f"https://desk.example.jp/findings/{Finding.objects.get().pk}" in body.get_content()
    assert "payments-prod" in body.get_content()


def test_what_is_not_grave_waits_for_the_morning_whatever_somebody_wishes(office: Office, post: Post) -> None:
    found(Severity.MEDIUM)
    post.round()
    notice = Notice.objects.filter(person_id="u-sato").get()
    assert (notice.kind, notice.sent_at) == ("finding", None)
    assert notice.bundle
    assert notice.due is not None
    assert notice.due > clock.now()


def test_very_many_are_one_word_to_the_team_and_one_to_operations(office: Office, post: Post) -> None:
    found(Severity.LOW, n=30)
    post.round()
    assert (post.told("sato"), post.told("takahashi")) == (["findings"], ["findings"])
    assert Notice.objects.filter(person_id="u-sato").get().params["n"] == 30


def test_one_that_is_nobodys_is_told_to_operations(office: Office, post: Post) -> None:
    found(Severity.HIGH, team="")
    post.round()
    assert (post.told("takahashi"), post.told("sato")) == (["finding_high"], [])
