"""The runbook's page: read in one's language, said to have been read, exercises confirmed by operations."""

from __future__ import annotations

from kumoban.desk.models import Exercise, RunbookReading
from kumoban.desk.runbooks import runbook_named
from tests.integration.conftest import Office
from tests.integration.web.visitor import signed_in

PAGE = "/runbooks/temporary-access"


def test_it_is_shown_in_the_readers_language_beside_ones_own_standing(office: Office) -> None:
    ja = signed_in(office, "sato", "ja").get(PAGE).content.decode()
    en = signed_in(office, "sato").get(PAGE).content.decode()
    assert "<h1>一時アクセスの手順書</h1>" in ja
    assert "<h2>練習</h2>" in ja
    assert "<h1>Runbook: temporary access</h1>" in en
    assert "You have not read the runbook yet." in en


def test_having_read_it_is_one_button(office: Office) -> None:
    visitor = signed_in(office, "sato")
    answer = visitor.post(f"{PAGE}/read", {"digest": runbook_named("temporary-access").digest}, follow=True)
    assert "Runbook read" in answer.content.decode()
    assert RunbookReading.objects.get().person_id == "u-sato"


def test_the_form_says_where_the_runbook_is(office: Office) -> None:
    page = signed_in(office, "sato").get("/ask/temporary-access").content.decode()
    assert f'href="{PAGE}"' in page
    assert "You have not finished the exercise yet." in page


def test_operations_confirm_an_exercise_there(office: Office) -> None:
    visitor = signed_in(office, "takahashi")
    told = visitor.post(f"{PAGE}/exercises", {"person": "sato", "reference": "R-12"}, follow=True).content.decode()
    assert "佐藤 美咲 has finished the exercise." in told
    assert Exercise.objects.get().reference == "R-12"
    assert "Confirm the exercise" not in signed_in(office, "sato").get(PAGE).content.decode()


def test_an_unknown_routine_has_none(office: Office) -> None:
    assert signed_in(office, "sato").get("/runbooks/nothing").status_code == 404


def test_the_rule_form_keeps_the_days_and_the_list_shows_them(office: Office) -> None:
    from kumoban.desk.models import Rule

    Rule.objects.update(limits={"max_minutes": 120, "qualified_days": 180})
    visitor = signed_in(office, "takahashi", "ja")
    assert (
        'name="qualified_days" inputmode="numeric" value="180"'
        in visitor.get(f"/rules/{Rule.objects.get().pk}").content.decode()
    )
    assert "手順書と練習:180 日以内" in visitor.get("/rules").content.decode()
