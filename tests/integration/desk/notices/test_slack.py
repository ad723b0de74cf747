"""Slack: one message that lives, decisions by the rules of the page, and everything that must not work."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from kumoban.desk import requests
from kumoban.desk.models import Approval, Event, Notice, NoticeSettings, Request, SlackCode, SlackLink, SlackMessage
from kumoban.desk.notices.outbox import undelivered
from kumoban.desk.notices.post_office import postmen
from kumoban.desk.notices.slack_blocks import SIGNER
from kumoban.desk.notices.slack_links import code_for, unlink
from kumoban.desk.notices.slack_socket import SlackSocket
from kumoban.ledger.clock import database_now
from kumoban.ledger.models import Entry
from tests.integration.conftest import Office
from tests.integration.desk.notices.conftest import Post
from tests.integration.desk.notices.mail_server import MailServer
from tests.integration.desk.notices.slack_stand_in import APP_TOKEN, BOT_TOKEN, TEAM, SlackStandIn

SUZUKI, TANAKA, SATO = "U0SUZUKI", "U0TANAKA", "U0SATO"


@pytest.fixture
def slack(office: Office, monkeypatch: pytest.MonkeyPatch) -> Iterator[SlackStandIn]:
    """Slack, with suzuki, tanaka and sato linked, and the desk connected to it."""
    from django.conf import settings

    stand_in = SlackStandIn()
    stand_in.start()
    monkeypatch.setattr(settings, "KUMOBAN_BASE_URL", "https://desk.example.jp")
    monkeypatch.setattr(settings, "KUMOBAN_SLACK_BOT_TOKEN", BOT_TOKEN)
    monkeypatch.setattr(settings, "KUMOBAN_SLACK_APP_TOKEN", APP_TOKEN)
    monkeypatch.setattr(settings, "KUMOBAN_SLACK_API_URL", stand_in.url)
    for person, user in (("suzuki", SUZUKI), ("tanaka", TANAKA), ("sato", SATO)):
        SlackLink.objects.create(
            person_id=f"u-{person}", team=TEAM, slack_user=user, channel=f"D{user[1:]}", at=database_now()
        )
    stop = threading.Event()
    listening = threading.Thread(target=SlackSocket().listen, args=(stop,))
    listening.start()
    assert stand_in.connected.wait(10)
    yield stand_in
    stop.set()
    listening.join(10)
    stand_in.stop()
    assert stand_in.complaints == []


@pytest.fixture
def post(slack: SlackStandIn) -> Post:
    return Post(MailServer())


@pytest.fixture
def message(office: Office, post: Post, slack: SlackStandIn) -> dict[str, Any]:
    """The message that suzuki got about a request of sato's."""
    requests.ask(office.actor("sato"), "temporary-access", office.form(workers=["u-sato"], reason="<!channel> 至急"))
    post.round()
    [found] = slack.to(SUZUKI)
    return found


def the_request() -> Request:
    return Request.objects.get()


def replies(slack: SlackStandIn, user: str) -> list[str]:
    """What the app said in this person's conversation beside its messages about requests."""
    return [slack.words(one) for one in slack.to(user) if not one.get("blocks")]


def refused(slack: SlackStandIn, user: str, said: str) -> None:
    slack.wait_for(lambda: any(said in reply for reply in replies(slack, user)))


def test_a_message_says_who_what_where_and_until_when(slack: SlackStandIn, message: dict[str, Any]) -> None:
    words = slack.words(message)
    assert "佐藤 美咲さん" in words
    assert "ProdReadOnly" in words
    assert "payments-prod" in words
    assert "<!channel> 至急" in words  # as text: no mention
    assert all(block.get("text", {}).get("type") != "mrkdwn" for block in message["blocks"])
    assert set(slack.buttons(message)) == {"approve", "return", "deny", "open-0"}


def test_an_approval_in_slack_is_an_approval(office: Office, slack: SlackStandIn, message: dict[str, Any]) -> None:
    slack.press(SUZUKI, message, "approve")
    slack.wait_for(Approval.objects.exists)
    seal = Approval.objects.get()
    assert (seal.person_id, seal.digest) == ("u-suzuki", the_request().plan.digest)
    assert Entry.objects.filter(kind="request.sealed", actor="u-suzuki").exists()


def test_the_message_lives_as_the_request_moves(
    office: Office, post: Post, slack: SlackStandIn, message: dict[str, Any]
) -> None:
    slack.press(SUZUKI, message, "approve")
    slack.wait_for(Approval.objects.exists)
    office.runner.drain()
    post.round()
    assert len([one for one in slack.to(SUZUKI) if not one.get("thread_ts")]) == 1
    assert "付与中" in slack.words(message)
    assert "鈴木 花子" in slack.words(message)
    assert set(slack.buttons(message)) == {"open-0"}
    [others] = slack.to(TANAKA)  # nobody decides what is decided
    assert set(slack.buttons(others)) == {"open-0"}


def test_news_stand_beneath_the_message(office: Office, post: Post, slack: SlackStandIn) -> None:
    made = requests.ask(office.actor("sato"), "temporary-access", office.form(workers=["u-sato"]))
    requests.return_for_correction(office.actor("suzuki"), made.number, comment="短くしてください")
    post.round()
    requests.resubmit(office.actor("sato"), made.number, office.form(workers=["u-sato"], until="5m"))
    requests.deny(office.actor("suzuki"), made.number, comment="別の方法で")
    post.round()
    first, news = slack.to(SATO)
    assert "thread_ts" not in first
    assert "却下" in slack.words(first)
    assert news["thread_ts"] == first["ts"]
    assert "別の方法で" in slack.words(news)


@pytest.mark.parametrize(("action", "state"), [("return", "returned"), ("deny", "denied")])
def test_a_return_or_a_denial_asks_why(
    office: Office, slack: SlackStandIn, message: dict[str, Any], action: str, state: str
) -> None:
    slack.press(SUZUKI, message, action)
    [view] = slack.wait_for(lambda: slack.views)
    assert slack.submit(SUZUKI, view, "  ")["errors"]["why"].startswith("相手が")
    assert the_request().state == "waiting"
    assert slack.submit(SUZUKI, view, "短くしてください") == {}
    assert the_request().state == state
    assert the_request().remarks.get().text == "短くしてください"
    again = slack.submit(SUZUKI, view, "もう一度")  # replayed
    assert "errors" in again
    assert the_request().remarks.count() == 1


# --- what must not work


def test_somebody_else_s_press_on_a_forwarded_message_is_refused(
    office: Office, slack: SlackStandIn, message: dict[str, Any]
) -> None:
    slack.press(TANAKA, message, "approve")
    refused(slack, TANAKA, "別の人")
    assert not Approval.objects.exists()
    assert Entry.objects.filter(kind="attempt.refused", actor="u-tanaka").exists()


def test_the_press_of_an_account_that_is_linked_to_nobody_is_refused(
    slack: SlackStandIn, message: dict[str, Any]
) -> None:
    slack.press("U0STRANGER", message, "approve")
    refused(slack, "U0STRANGER", "連携")
    assert not Approval.objects.exists()


@pytest.mark.parametrize("forged", ["R-1", "{}", "x:y", "approve"])
def test_a_forged_value_is_refused(slack: SlackStandIn, message: dict[str, Any], forged: str) -> None:
    slack.press(SUZUKI, message, "approve", value=forged)
    refused(slack, SUZUKI, "このボタン")
    assert not Approval.objects.exists()


def test_a_value_signed_for_another_button_is_refused(slack: SlackStandIn, message: dict[str, Any]) -> None:
    slack.press(SUZUKI, message, "approve", value=slack.buttons(message)["deny"]["value"])
    refused(slack, SUZUKI, "このボタン")
    assert not Approval.objects.exists()


def test_a_value_signed_with_another_key_or_for_another_use_is_refused(
    slack: SlackStandIn, message: dict[str, Any]
) -> None:
    from django.core.signing import Signer

    about = SIGNER.unsign_object(slack.buttons(message)["approve"]["value"])
    for signer in (Signer(key="another", salt="kumoban.slack.decision"), Signer(salt="something.else")):
        slack.press(SUZUKI, message, "approve", value=signer.sign_object(about))
    refused(slack, SUZUKI, "このボタン")
    assert not Approval.objects.exists()


@pytest.mark.parametrize("action", ["approve", "return", "deny"])
def test_a_plan_that_has_changed_is_not_decided_about(
    office: Office, slack: SlackStandIn, message: dict[str, Any], action: str
) -> None:
    number = the_request().number
    old = dict(message, blocks=list(message["blocks"]))
    requests.return_for_correction(office.actor("tanaka"), number, comment="短く")
    requests.resubmit(office.actor("sato"), number, office.form(workers=["u-sato"], until="5m"))
    slack.press(SUZUKI, old, action)
    refused(slack, SUZUKI, "変更計画が変わり")
    assert the_request().state == "waiting"
    assert not Approval.objects.exists()


def test_a_form_filled_while_the_plan_changed_is_refused(
    office: Office, slack: SlackStandIn, message: dict[str, Any]
) -> None:
    slack.press(SUZUKI, message, "deny")
    [view] = slack.wait_for(lambda: slack.views)
    number = the_request().number
    requests.return_for_correction(office.actor("tanaka"), number, comment="短く")
    requests.resubmit(office.actor("sato"), number, office.form(workers=["u-sato"], until="5m"))
    assert "変更計画が変わり" in slack.submit(SUZUKI, view, "だめです")["errors"]["why"]
    assert the_request().state == "waiting"


def test_a_press_that_arrives_twice_seals_once(slack: SlackStandIn, message: dict[str, Any]) -> None:
    payload = slack.press(SUZUKI, message, "approve")
    slack.wait_for(Approval.objects.exists)
    slack.deliver("interactive", payload)
    refused(slack, SUZUKI, the_request().number)
    assert Approval.objects.count() == 1


def test_who_asked_cannot_approve_in_slack_either(office: Office, slack: SlackStandIn, message: dict[str, Any]) -> None:
    about = {**SIGNER.unsign_object(slack.buttons(message)["approve"]["value"]), "p": "u-sato"}
    slack.press(SATO, message, "approve", value=SIGNER.sign_object(about))
    refused(slack, SATO, "自分")
    assert not Approval.objects.exists()


def test_where_production_takes_a_proof_slack_leads_to_the_browser(
    office: Office, post: Post, slack: SlackStandIn, message: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.conf import settings

    monkeypatch.setattr(settings, "KUMOBAN_OIDC_ISSUER", "https://idp.example")
    slack.press(SUZUKI, message, "approve")
    refused(slack, SUZUKI, f"https://desk.example.jp/requests/{the_request().number}")
    assert not Approval.objects.exists()
    made = requests.ask(office.actor("sato"), "temporary-access", office.form())
    post.round()
    newest = slack.to(SUZUKI)[-1]
    assert made.number in slack.words(newest)
    assert set(slack.buttons(newest)) == {"return", "deny", "open-0"}


def test_who_has_unlinked_decides_nothing_more(office: Office, slack: SlackStandIn, message: dict[str, Any]) -> None:
    unlink(office.actor("suzuki"))
    slack.press(SUZUKI, message, "approve")
    refused(slack, SUZUKI, "連携")
    assert not Approval.objects.exists()


# --- linking


def test_a_code_from_one_s_own_page_links_the_account_that_sends_it(
    office: Office, post: Post, slack: SlackStandIn
) -> None:
    code, _until = code_for(office.actor("takahashi"))
    slack.write("U0KEN", f" {code.lower()} ")
    slack.wait_for(lambda: SlackLink.objects.filter(person_id="u-takahashi").exists())
    linked = SlackLink.objects.get(person_id="u-takahashi")
    assert (linked.team, linked.slack_user, linked.channel) == (TEAM, "U0KEN", "D0KEN")
    assert Entry.objects.filter(kind="slack.linked", actor="u-takahashi").exists()
    post.round()
    assert post.told("takahashi") == ["slack_linked"]


def test_a_code_works_once_and_for_ten_minutes(office: Office, slack: SlackStandIn) -> None:
    code, _until = code_for(office.actor("takahashi"))
    SlackCode.objects.update(expires_at=database_now())
    slack.write("U0KEN", code)
    refused(slack, "U0KEN", "コード")
    code, _until = code_for(office.actor("takahashi"))
    slack.write("U0KEN", code)
    slack.wait_for(lambda: SlackLink.objects.filter(slack_user="U0KEN").exists())
    slack.write("U0THIEF", code)
    refused(slack, "U0THIEF", "コード")
    assert not SlackLink.objects.filter(slack_user="U0THIEF").exists()


def test_whoever_writes_anything_else_is_told_what_the_app_is_for(office: Office, slack: SlackStandIn) -> None:
    slack.write(SUZUKI, "こんにちは")
    refused(slack, SUZUKI, "ボタンで判断")
    slack.write("U0KEN", "hello")
    refused(slack, "U0KEN", "連携されていません")


def test_one_account_is_one_person(office: Office, slack: SlackStandIn) -> None:
    code, _until = code_for(office.actor("takahashi"))
    slack.write(SUZUKI, code)
    slack.wait_for(lambda: SlackLink.objects.filter(person_id="u-takahashi").exists())
    assert not SlackLink.objects.filter(person_id="u-suzuki").exists()


# --- when Slack does not answer as it should


def test_a_throttled_slack_is_left_alone_as_long_as_it_said(office: Office, post: Post, slack: SlackStandIn) -> None:
    slack.throttle = 1
    requests.ask(office.actor("sato"), "temporary-access", office.form())
    requests.ask(office.actor("sato"), "temporary-access", office.form())
    post.round()
    post.round()
    assert slack.calls.count("chat.postMessage") == 1
    post.patient()
    post.round()
    assert len(slack.to(SUZUKI)) == len(slack.to(TANAKA)) == 2
    assert {one.attempts for one in Notice.objects.all()} == {0}


def test_the_pause_is_what_slack_asked_for(office: Office, slack: SlackStandIn) -> None:
    import time

    from kumoban.desk.notices.fan_out import fan_out

    slack.throttle, slack.retry_after = 1, 120
    requests.ask(office.actor("sato"), "temporary-access", office.form())
    fan_out()
    postman = next(one for one in postmen("node-test") if one.lane.name == "slack")
    postman.round()
    assert 110 < postman._not_before - time.monotonic() <= 120


def test_a_message_of_which_nobody_heard_is_not_sent_twice(office: Office, post: Post, slack: SlackStandIn) -> None:
    slack.lose = 1
    requests.ask(office.actor("sato"), "temporary-access", office.form())
    post.round()
    post.patient()
    post.round()
    assert len(slack.to(SUZUKI)) == len(slack.to(TANAKA)) == 1
    assert SlackMessage.objects.exclude(ts="").count() == 2


def test_two_nodes_never_begin_two_messages_about_one_request(office: Office, post: Post, slack: SlackStandIn) -> None:
    made = requests.ask(office.actor("sato"), "temporary-access", office.form())
    SlackMessage.objects.create(request=made, person_id="u-suzuki", channel=f"D{SUZUKI[1:]}")  # another node's
    post.round()
    assert slack.to(SUZUKI) == []
    SlackMessage.objects.filter(person_id="u-suzuki").delete()  # it was not taken there
    post.patient()
    post.round()
    assert len(slack.to(SUZUKI)) == 1


@pytest.mark.parametrize("remembered", [True, False])
def test_what_a_lost_node_had_sent_is_found_again(
    office: Office, post: Post, slack: SlackStandIn, remembered: bool
) -> None:
    """Killed right after the message was taken, or after its place was written down as well."""
    requests.ask(office.actor("sato"), "temporary-access", office.form())
    post.round()
    if not remembered:
        SlackMessage.objects.update(ts="")
    Notice.objects.update(
        due="2020-01-01T00:00:00Z", sent_at=None, lease_by="node-lost", lease_until="2020-01-01T00:00:00Z"
    )
    post.round()
    assert len(slack.to(SUZUKI)) == 1
    assert SlackMessage.objects.get(person_id="u-suzuki").ts == slack.to(SUZUKI)[0]["ts"]
    assert not Notice.objects.filter(sent_at=None).exists()


def test_a_message_that_was_deleted_comes_anew(office: Office, post: Post, slack: SlackStandIn) -> None:
    made = requests.ask(office.actor("sato"), "temporary-access", office.form(workers=["u-sato"]))
    requests.ask_question(office.actor("suzuki"), made.number, text="なぜですか")
    post.round()
    slack.messages.clear()
    requests.deny(office.actor("suzuki"), made.number, comment="別の方法で")
    post.round()
    [news] = slack.to(SATO)
    assert "thread_ts" not in news
    assert "却下" in slack.words(news)


def test_a_conversation_that_is_gone_is_given_up_where_it_is_seen(
    office: Office, post: Post, slack: SlackStandIn
) -> None:
    slack.errors = ["channel_not_found"]
    requests.ask(office.actor("sato"), "temporary-access", office.form())
    post.round()
    assert undelivered(office.actor("takahashi")).count() == 1


def test_a_token_that_is_not_valid_loses_nothing(office: Office, post: Post, slack: SlackStandIn) -> None:
    slack.errors = ["token_revoked"]
    requests.ask(office.actor("sato"), "temporary-access", office.form())
    post.round()
    assert Notice.objects.filter(due__isnull=False).count() == 2
    post.patient()
    post.round()
    assert len(slack.to(SUZUKI)) == 1


def test_the_longest_request_there_is_fits_slack_s_limits(office: Office, post: Post, slack: SlackStandIn) -> None:
    requests.ask(office.actor("sato"), "temporary-access", office.form(reason="理" * 1000))
    post.round()
    assert len(slack.to(SUZUKI)) == 1


def test_a_long_digest_is_one_message_that_slack_takes(office: Office, post: Post, slack: SlackStandIn) -> None:
    NoticeSettings.objects.create(person_id="u-suzuki", digest=True)
    made = requests.ask(office.actor("sato"), "temporary-access", office.form())
    Request.objects.update(lapses_at=database_now() + timedelta(days=20))
    post.round()
    first = Notice.objects.get(person_id="u-suzuki")
    events = [Event(kind="waiting", request=made, by="u-sato", at=first.created_at) for _ in range(60)]
    Event.objects.bulk_create(events)
    for event in Event.objects.filter(by="u-sato", fanned_out_at=None):
        same = Notice.objects.get(pk=first.pk)
        same.pk, same.event, same.dedupe = None, event, f"{event.pk}:u-suzuki:slack"
        same.save()
    Event.objects.update(fanned_out_at=first.created_at)
    Notice.objects.filter(person_id="u-suzuki").update(due="2020-01-01T00:00:00Z")
    post.round()
    [digest] = slack.to(SUZUKI)
    assert len(digest["blocks"]) == 50
    assert Notice.objects.filter(person_id="u-suzuki", sent_at__isnull=False).count() == 61


def test_a_connection_that_slack_closes_is_opened_again(slack: SlackStandIn, message: dict[str, Any]) -> None:
    slack.disconnect()
    assert slack.connected.wait(30)
    slack.press(SUZUKI, message, "approve")
    slack.wait_for(Approval.objects.exists)
