"""How one is told, and what one was told, on one's own page; what reached nobody, on the operations team's."""

from __future__ import annotations

import pytest

from kumoban.desk import requests
from kumoban.desk.models import Notice, NoticeSettings, SlackCode
from kumoban.desk.notices.fan_out import fan_out
from kumoban.estate.models import Person
from kumoban.ledger.clock import database_now
from tests.integration.conftest import Office
from tests.integration.web.visitor import signed_in


@pytest.fixture(autouse=True)
def mail(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.conf import settings

    monkeypatch.setattr(settings, "KUMOBAN_EMAIL", {"scheme": "demo"})
    Person.objects.update(email="somebody@example.jp")


def told(office: Office) -> Notice:
    requests.ask(office.actor("sato"), "temporary-access", office.form(reason="決済エラーの調査"))
    fan_out()
    return Notice.objects.get(person_id="u-suzuki")


def test_a_person_chooses_how_they_are_told(office: Office) -> None:
    client = signed_in(office, "suzuki")
    form = {"form": "notices", "mail": "1", "slack": "1", "quiet_from": "22:00", "quiet_to": "07:00", "digest": "1"}
    assert client.post("/me", form).status_code == 302
    row = NoticeSettings.objects.get(person_id="u-suzuki")
    assert (row.mail, row.digest, f"{row.quiet_from:%H:%M}") == (True, True, "22:00")
    assert 'value="22:00"' in client.get("/me").content.decode()


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({}, "Keep one channel"),
        ({"mail": "1", "quiet_from": "22:00"}, "when the quiet hours begin and when they end"),
    ],
)
def test_what_cannot_be_is_said_at_its_field(office: Office, form: dict[str, str], said: str) -> None:
    answer = signed_in(office, "suzuki").post("/me", {"form": "notices", **form})
    assert answer.status_code == 422
    assert said in answer.content.decode()


def test_what_was_told_is_listed_and_can_be_read(office: Office) -> None:
    one = told(office)
    client = signed_in(office, "suzuki")
    assert f'href="/me/notices/{one.pk}"' in client.get("/me").content.decode()
    page = client.get(f"/me/notices/{one.pk}").content.decode()
    assert "佐藤 美咲さんが申請し" in page  # in the language it is sent in
    assert "決済エラーの調査" in page


def test_nobody_reads_somebody_else_s_notice(office: Office) -> None:
    one = told(office)
    assert signed_in(office, "sato").get(f"/me/notices/{one.pk}").status_code == 404


def test_what_reached_nobody_is_on_the_page_of_work(office: Office) -> None:
    one = told(office)
    Notice.objects.filter(pk=one.pk).update(due=None, given_up_at=database_now(), last_error="550 no such user")
    client = signed_in(office, "takahashi")
    page = client.get("/work").content.decode()
    assert "Notices that reached nobody" in page
    assert "550 no such user" in page
    client.post(f"/work/notices/{one.pk}/again")
    one.refresh_from_db()
    assert one.given_up_at is None
    assert one.due is not None


def test_nobody_else_sends_it_again(office: Office) -> None:
    one = told(office)
    Notice.objects.filter(pk=one.pk).update(due=None, given_up_at=database_now())
    signed_in(office, "sato").post(f"/work/notices/{one.pk}/again")
    one.refresh_from_db()
    assert one.given_up_at is not None


def test_a_code_for_slack_is_shown_once(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.conf import settings

    monkeypatch.setattr(settings, "KUMOBAN_SLACK_BOT_TOKEN", "xoxb-1")
    client = signed_in(office, "suzuki")
    answer = client.post("/me", {"form": "slack"})
    assert answer["Cache-Control"] == "no-store"
    assert "Send this code to the Kumoban app" in answer.content.decode()
    assert SlackCode.objects.filter(person_id="u-suzuki").exists()
    assert "Send this code" not in client.get("/me").content.decode()


def test_the_demo_says_that_it_sends_nothing(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.conf import settings

    monkeypatch.setattr(settings, "KUMOBAN_DEMO", True)
    one = told(office)
    client = signed_in(office, "suzuki")
    for page in ("/me", f"/me/notices/{one.pk}"):
        assert "The demo sends nothing" in client.get(page).content.decode()
