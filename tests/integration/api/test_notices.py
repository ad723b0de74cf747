"""Notices through the API: one's own, how one wants them, and what reached nobody."""

from __future__ import annotations

import pytest

from kumoban.desk import requests
from kumoban.desk.models import Notice
from kumoban.desk.notices.fan_out import fan_out
from kumoban.estate.models import Person
from kumoban.ledger.clock import database_now
from tests.integration.api.caller import Caller
from tests.integration.conftest import Office


@pytest.fixture(autouse=True)
def mail(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.conf import settings

    monkeypatch.setattr(settings, "KUMOBAN_EMAIL", {"scheme": "demo"})
    Person.objects.update(email="somebody@example.jp")
    requests.ask(office.actor("sato"), "temporary-access", office.form())
    fan_out()


def test_one_s_own_notices_page_by_page(office: Office) -> None:
    caller = Caller(office, "suzuki")
    [one] = caller.get("me/notices").json()
    assert (one["kind"], one["channel"], one["state"]) == ("decide", "mail", "waiting")
    assert caller.get("me/notices", before=one["id"]).json() == []
    assert Caller(office, "sato").get("me/notices").json() == []


def test_wishes_are_read_and_changed(office: Office) -> None:
    caller = Caller(office, "suzuki")
    now = caller.get("me/notice-settings").json()
    assert now.pop("reach") == {"mail": True, "slack": False, "slack_offered": False}
    assert caller.put("me/notice-settings", {**now, "digest": True}).status_code == 200
    assert caller.get("me/notice-settings").json()["digest"] is True
    refused = caller.put("me/notice-settings", {**now, "mail": False})
    assert refused.status_code == 409
    assert refused.json()["errors"][0]["code"] == "no_channel_left"


@pytest.mark.parametrize("wrong", [{"quiet_from": "22:00"}, {"quiet_from": "22:00\n", "quiet_to": "x"}, {"loud": True}])
def test_a_wish_nobody_understands_is_refused_by_field(office: Office, wrong: dict[str, object]) -> None:
    assert Caller(office, "suzuki").put("me/notice-settings", wrong).status_code == 422


def test_a_token_that_only_reads_changes_no_wish(office: Office) -> None:
    assert Caller(office, "suzuki", "read").put("me/notice-settings", {"digest": True}).status_code == 403


def test_what_reached_nobody_is_the_operations_team_s(office: Office) -> None:
    Notice.objects.filter(person_id="u-suzuki").update(due=None, given_up_at=database_now(), last_error="550")
    [one] = Caller(office, "takahashi").get("notices/undelivered").json()
    assert (one["person"], one["state"], one["last_error"]) == ("suzuki", "given_up", "550")
    assert Caller(office, "sato").get("notices/undelivered").json() == []
    assert Caller(office, "sato").post(f"notices/{one['id']}/try-again", {}).status_code == 404
    assert Caller(office, "takahashi").post(f"notices/{one['id']}/try-again", {}).status_code == 204
    assert Notice.objects.get(pk=one["id"]).due is not None


def test_a_code_for_slack_takes_what_approving_takes(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.conf import settings

    assert Caller(office, "suzuki").post("me/slack-code", {}).json()["errors"][0]["code"] == "no_slack"
    monkeypatch.setattr(settings, "KUMOBAN_SLACK_BOT_TOKEN", "xoxb-1")
    assert Caller(office, "suzuki", "ask").post("me/slack-code", {}).status_code == 403
    assert Caller(office, "suzuki").post("me/slack-code", {}).status_code == 201
    monkeypatch.setattr(settings, "KUMOBAN_OIDC_ISSUER", "https://idp.example")
    by_token = Caller(office, "suzuki").post("me/slack-code", {})
    assert by_token.json()["errors"][0]["code"] == "step_up_not_by_token"
    assert Caller(office, "suzuki").delete("me/slack").status_code in (404, 409)
