"""The reviews' pages: an owner answers several lines at once, and reads only what is theirs."""

from __future__ import annotations

from tests.integration.conftest import Office
from tests.integration.reviews.campaigns import campaign_line, next_business_day
from tests.integration.web.visitor import signed_in


def test_an_owner_ticks_lines_and_answers_them(office: Office) -> None:
    line = campaign_line()
    visitor = signed_in(office, "tanaka")
    shown = visitor.get(f"/reviews/{line.campaign_id}")
    assert "中村 蓮" in shown.content.decode()
    done = visitor.post(f"/reviews/{line.campaign_id}/answer", {"line": [str(line.pk)], "answer": "keep"})
    assert done.status_code == 302
    line.refresh_from_db()
    assert line.state == "kept"


def test_what_is_refused_comes_back_with_what_was_written(office: Office) -> None:
    line = campaign_line()
    answered = signed_in(office, "tanaka").post(
        f"/reviews/{line.campaign_id}/answer", {"line": [str(line.pk)], "answer": "change", "comment": ""}
    )
    assert answered.status_code == 409
    line.refresh_from_db()
    assert line.state == "open"


def test_the_evidence_is_a_table_of_every_line(office: Office) -> None:
    line = campaign_line()
    table = signed_in(office, "takahashi").get(f"/reviews/{line.campaign_id}/export.csv")
    text = b"".join(table.streaming_content).decode()  # type: ignore[attr-defined]
    assert "中村 蓮" in text
    assert text.count("\n") == 2


def test_operations_open_one_from_the_page_and_others_do_not(office: Office) -> None:
    form = {
        "kind": "recertification",
        "title": "下期の棚卸し",
        "due_on": next_business_day().isoformat(),
        "groups": ["memberships"],
    }
    assert signed_in(office, "tanaka").post("/reviews", form).status_code == 409
    empty = signed_in(office, "takahashi").post("/reviews", form)
    assert empty.status_code == 302
