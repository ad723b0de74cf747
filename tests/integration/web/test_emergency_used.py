"""A use of the emergency path outside the desk, as its approver sees it."""

from __future__ import annotations

from kumoban.core.reason import Reason
from kumoban.desk.requests import open_by_desk
from kumoban.desk.rules import Decision, Slot
from kumoban.estate.models import Membership, Person
from kumoban.ledger.clock import database_now
from tests.integration.conftest import Office
from tests.integration.web.visitor import signed_in


def test_it_stands_in_the_inbox_and_its_page_says_what_happened(office: Office) -> None:
    Membership.objects.create(person_id="u-suzuki", group_id="g-ops", seen_at=database_now())
    used = Person.objects.get(pk="u-suzuki")
    note = Reason("emergency_used", {"principal": "arn:aws:iam::410122300009:role/BreakGlass"})
    made = open_by_desk(
        "other-request",
        {"subject": "緊急アクセスの使用", "what": "CloudTrail: 1", "where": "BreakGlass"},
        requester=used,
        idempotency="emergency:1",
        afterwards=Decision(slots=(Slot("group", ("g-ops",), 1, ("緊急アクセス",)),), notes=(note,), afterwards_days=2),
    )
    visitor = signed_in(office, "takahashi", "ja")
    inbox = visitor.get("/inbox").content.decode()
    assert made.number in inbox
    assert "事後承認" in inbox
    page = visitor.get(f"/requests/{made.number}").content.decode()
    assert "雲番の外で緊急経路が使われました。" in page
    for shown in (inbox, page):
        assert "arn:aws:iam::410122300009:role/BreakGlass" in shown
        assert "いつもと違う点はありません。" not in shown
    visitor.post(f"/requests/{made.number}/approve", {"digest": made.plan.digest})
    made.refresh_from_db()
    assert (made.state, made.ratification) == ("applying", "ratified")
