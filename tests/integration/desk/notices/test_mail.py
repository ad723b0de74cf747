"""Mail over a real SMTP server: what it says, what happens when the server is down, slow or says no."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kumoban.desk import clock, requests
from kumoban.desk.models import Notice, Request, User
from kumoban.desk.notices.outbox import figures, try_again, undelivered
from kumoban.desk.notices.post_office import postmen
from kumoban.estate.models import Account, Person
from kumoban.ledger.models import Entry
from tests.integration.conftest import Office
from tests.integration.desk.notices.conftest import Post


def test_sentences_come_first_in_both_forms(post: Post, waiting: Request) -> None:
    post.round()
    [mail] = post.mail.to("suzuki")
    text = mail.get_body(("plain",)).get_content()
    assert text.splitlines()[0] == "佐藤 美咲さんが申請し、あなたの承認を待っています。"
    assert "payments-prod" in text
    assert f"https://desk.example.jp/requests/{waiting.number}" in text
    html = mail.get_body(("html",)).get_content()
    assert '<html lang="ja">' in html
    assert "佐藤 美咲さんが申請し" in html


def test_each_person_reads_their_own_language(office: Office, post: Post, waiting: Request) -> None:
    User.objects.filter(pk=office.actor("tanaka").user.pk).update(language="en")
    Person.objects.filter(pk="u-suzuki").update(language="en-US")
    post.round()
    for name in ("tanaka", "suzuki"):
        [mail] = post.mail.to(name)
        assert mail["Subject"].strip().startswith(f"[{waiting.number}] Waits for your approval: ")


def test_a_mail_says_that_it_is_automatic_and_stands_in_its_request_s_thread(post: Post, waiting: Request) -> None:
    post.round()
    [mail] = post.mail.to("suzuki")
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["In-Reply-To"] == mail["References"] == f"<{waiting.number}@desk.example.jp>"
    notice = Notice.objects.get(person_id="u-suzuki")
    assert mail["Message-ID"] == f"<notice-{notice.pk}@desk.example.jp>"
    assert notice.sent_at is not None


def test_nothing_that_somebody_typed_becomes_a_header_or_markup(office: Office, post: Post) -> None:
    Account.objects.update(name="pay\r\nBcc: evil@example.com\u202e")
    made = requests.ask(office.actor("sato"), "temporary-access", office.form(reason="<b>今すぐ</b> & 至急"))
    Person.objects.filter(pk="u-sato").update(display_name="Sato\nX-Evil: yes")
    post.round()
    mails = [*post.mail.to("suzuki"), *post.mail.to("tanaka")]
    assert len(mails) == 2
    for mail in mails:
        assert mail["Bcc"] is None
        assert mail["X-Evil"] is None
        assert "\u202e" not in mail.as_string()
        assert "&lt;b&gt;今すぐ&lt;/b&gt; &amp; 至急" in mail.get_body(("html",)).get_content()
    assert made.number in mails[0]["Subject"]


def test_a_server_that_is_down_is_asked_once_not_for_every_notice(office: Office, post: Post) -> None:
    for _ in range(10):
        requests.ask(office.actor("sato"), "temporary-access", office.form())
    post.round()
    sent = len(post.mail.mails)
    assert sent == 20
    with post.mail.down():
        for _ in range(10):
            requests.ask(office.actor("sato"), "temporary-access", office.form())
        post.round()
        post.round()
        waits = Notice.objects.filter(due__isnull=False)
        assert waits.count() == 20
        assert {one.attempts for one in waits} == {0}
        assert all(one.lease_until is None for one in waits)
        assert figures().late > 0
    post.patient()
    post.round()
    assert len(post.mail.mails) == 40
    assert figures().healthy


def test_one_connection_carries_what_is_due_together(office: Office, post: Post, waiting: Request) -> None:
    post.round()
    assert (len(post.mail.mails), post.mail.connections) == (2, 1)


def test_a_receiver_that_is_refused_for_good_is_given_up_where_it_is_seen(
    office: Office, post: Post, waiting: Request
) -> None:
    post.mail.refused_receivers["tanaka@example.jp"] = "550 5.1.1 no such user"
    post.round()
    assert len(post.mail.to("suzuki")) == 1
    [lost] = undelivered(office.actor("takahashi"))
    assert lost.person_id == "u-tanaka"
    assert "550" in lost.last_error
    assert undelivered(office.actor("sato")).count() == 0
    assert Entry.objects.filter(kind="notice.given_up", subject=waiting.number).exists()
    post.mail.refused_receivers.clear()
    try_again(office.actor("takahashi"), lost.pk)
    post.round()
    assert len(post.mail.to("tanaka")) == 1


@pytest.mark.parametrize("answer", ["451 4.7.1 greylisted", "452 mailbox full"])
def test_a_mail_refused_for_now_is_the_same_mail_later(post: Post, waiting: Request, answer: str) -> None:
    post.mail.answers = [answer, answer]
    post.round()
    assert not post.mail.mails
    assert {one.attempts for one in Notice.objects.all()} == {1}
    post.patient()
    post.round()
    ids = {mail["Message-ID"] for mail in post.mail.mails}
    assert ids == {f"<notice-{pk}@desk.example.jp>" for pk in Notice.objects.values_list("pk", flat=True)}


def test_what_could_not_be_sent_for_a_day_is_given_up(office: Office, post: Post, waiting: Request) -> None:
    with post.mail.down():
        post.round()
        Notice.objects.update(until=clock.now() - timedelta(seconds=1))
        post.patient()
        post.round()
        assert undelivered(office.actor("takahashi")).count() == 2
        assert figures().given_up == 2


def test_nobody_is_asked_to_decide_what_is_decided(office: Office, post: Post, waiting: Request) -> None:
    with post.mail.down():
        post.round()
        requests.approve(office.actor("suzuki"), waiting.number, plan_digest=waiting.plan.digest)
    post.patient()
    post.round()
    assert not post.mail.to("tanaka")
    assert Notice.objects.get(person_id="u-tanaka").dropped_at is not None


def test_an_address_that_is_none_is_told_to_the_operations_team(office: Office, post: Post, waiting: Request) -> None:
    Person.objects.filter(pk="u-tanaka").update(email="tanaka@example.jp, evil@example.com")
    post.round()
    assert [mail["To"] for mail in post.mail.mails] == ["suzuki@example.jp"]
    assert undelivered(office.actor("takahashi")).get().person_id == "u-tanaka"


def test_what_a_lost_node_may_have_sent_is_sent_as_the_same_mail(post: Post, waiting: Request) -> None:
    post.round()
    first = {mail["Message-ID"] for mail in post.mail.mails}
    Notice.objects.update(
        due="2020-01-01T00:00:00Z", sent_at=None, lease_by="node-lost", lease_until="2020-01-01T00:00:00Z"
    )
    post.round()
    assert len(post.mail.mails) == 4
    assert {mail["Message-ID"] for mail in post.mail.mails} == first
    assert all(Notice.objects.values_list("unsure", flat=True))


def test_a_notice_under_another_node_s_lease_is_left_to_it(post: Post, waiting: Request) -> None:
    from kumoban.desk.notices.fan_out import fan_out
    from kumoban.ledger.clock import database_now

    fan_out()
    Notice.objects.update(lease_by="another", lease_until=database_now() + timedelta(minutes=1))
    [postman] = postmen("node-test")
    assert postman.round() == 0
    assert not post.mail.mails
