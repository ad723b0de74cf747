"""The page of access without a request: what is to be explained, who explains and signs, and the tables."""

from __future__ import annotations

from io import BytesIO

import openpyxl
import pytest

from kumoban.evidence.matching.models import Exclusion, Month, Session
from kumoban.ledger.models import Entry
from tests.integration.evidence.conftest import Matching, matching
from tests.integration.evidence.months import MONTH, exclusion_row, gap_row, month_row, session_row
from tests.integration.evidence.trail import PROD, deliver, event, user
from tests.integration.web.visitor import signed_in

pytestmark = pytest.mark.django_db(transaction=True)
__all__ = ["matching"]


def test_the_month_tells_what_it_rests_on_and_what_is_to_be_explained(matching: Matching) -> None:
    month_row()
    session_row()
    gap_row()
    shown = signed_in(matching.office, "kim").get(f"/matching/{MONTH}").content.decode()
    assert "Still to be explained: 1 sessions and 1 gaps in the log files." in shown
    for said in ("88,210", "1,204", "61,200", "An IAM user that nobody adopted", "203.0.113.7", "cut_short"):
        assert said in shown, said
    assert 'type="checkbox"' not in shown
    japanese = signed_in(matching.office, "takahashi", "ja").get(f"/matching/{MONTH}").content.decode()
    for said in ("申請なし", "説明が必要なもの:セッション 1 件、ログの欠落 1 件", 'type="checkbox"'):
        assert said in japanese, said


def test_what_is_ticked_is_explained_together(matching: Matching) -> None:
    month_row()
    session, gap = session_row(), gap_row()
    visitor = signed_in(matching.office, "takahashi")
    refused = visitor.post(f"/matching/{MONTH}/explain", {"session": [session.pk], "gap": [gap.pk], "comment": ""})
    assert refused.status_code == 409
    form = {"session": [session.pk], "gap": [gap.pk], "comment": "変更管理票 C-31"}
    assert visitor.post(f"/matching/{MONTH}/explain", form).status_code == 302
    session.refresh_from_db()
    gap.refresh_from_db()
    assert session.explained
    assert gap.explained
    assert Entry.objects.filter(kind="matching.explained").count() == 2
    assert "Everything is matched or explained." in visitor.get(f"/matching/{MONTH}").content.decode()


def test_the_lead_signs_what_the_page_showed(matching: Matching) -> None:
    month, noon = matching.last_month()
    deliver(matching.aws, [event(PROD, noon, user(PROD, "batch"))])
    matching.matched()
    matching.settled(month)
    lead = signed_in(matching.office, "tanaka")
    assert f"Sign {month}" not in lead.get(f"/matching/{month}").content.decode()
    boxes = {"session": list(Session.objects.values_list("pk", flat=True))}
    page = lead.get(f"/matching/{month}")
    boxes["gap"] = [gap.pk for gap, *_rest in page.context["gaps"]]
    lead.post(f"/matching/{month}/explain", {**boxes, "comment": "確認済み"})
    page = lead.get(f"/matching/{month}")
    assert f"Sign {month}" in page.content.decode()
    assert f"Sign {month}" not in signed_in(matching.office, "takahashi").get(f"/matching/{month}").content.decode()
    assert lead.post(f"/matching/{month}/sign", {"digest": "0" * 64}).status_code == 409
    assert lead.post(f"/matching/{month}/sign", {"digest": page.context["sheet"].digest}).status_code == 302
    assert Month.objects.get(month=month).signed_by_id == "u-tanaka"
    assert "Signed by 田中 一郎" in lead.get(f"/matching/{month}").content.decode()


def test_the_tables_hold_every_line_and_nothing_that_would_be_run(matching: Matching) -> None:
    month_row()
    session_row(name="=cmd()")
    session_row(key="other", outcome="matched", why={"code": "session_by_grant", "params": {"request": "R-1"}})
    visitor = signed_in(matching.office, "kim", "ja")
    answer = visitor.get(f"/matching/{MONTH}/export.csv")
    text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    assert text.count("\n") == 3
    assert "'=cmd()" in text
    assert "R-1 の権限付与によります。" in text
    book = openpyxl.load_workbook(BytesIO(visitor.get(f"/matching/{MONTH}/export.xlsx?outcome=matched").content))
    assert book.active is not None
    assert book.active.max_row == 2


def test_exclusions_are_made_and_ended_by_the_lead_on_the_page(matching: Matching) -> None:
    month_row()
    lead = signed_in(matching.office, "tanaka")
    form = {
        "pattern": "arn:aws:iam::*:role/Deploy",
        "reason": "CI からのデプロイ",
        "owner": "u-takahashi",
        "valid_from": "2026-11-01",
        "valid_until": "2027-03-31",
    }
    wrong = lead.post("/matching", {**form, "valid_until": "soon"})
    assert wrong.status_code == 409
    assert "CI からのデプロイ" in wrong.content.decode()
    assert lead.post("/matching", form).status_code == 302
    made = Exclusion.objects.get()
    assert "arn:aws:iam::*:role/Deploy" in signed_in(matching.office, "kim").get("/matching").content.decode()
    assert signed_in(matching.office, "takahashi").post(f"/matching/exclusions/{made.pk}/end").status_code == 409
    assert lead.post(f"/matching/exclusions/{made.pk}/end").status_code == 302
    made.refresh_from_db()
    assert made.ended_by_id == "u-tanaka"


def test_others_see_neither_months_nor_the_way_there(matching: Matching) -> None:
    month_row()
    exclusion_row()
    visitor = signed_in(matching.office, "sato")
    for path in ("/matching", f"/matching/{MONTH}", f"/matching/{MONTH}/export.csv"):
        assert visitor.get(path).status_code == 409, path
    assert "/matching" not in visitor.get("/").content.decode()
    assert "/matching" in signed_in(matching.office, "kim").get("/").content.decode()


@pytest.mark.parametrize("month", ["2026-99", "x", "2031-01", "2026-10-01"])
def test_a_month_that_is_none_is_told(matching: Matching, month: str) -> None:
    month_row()
    assert signed_in(matching.office, "kim").get(f"/matching/{month}").status_code == 404
