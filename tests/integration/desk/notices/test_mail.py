"""Mail over a real SMTP server: what it says, what happens when the server is down, slow or says no."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from moto.server import ThreadedMotoServer

from kumoban.aws.door import Door
from kumoban.desk import clock, requests
from kumoban.desk.models import Notice, Request, User
from kumoban.desk.notices.outbox import figures, try_again, undelivered
from kumoban.desk.notices.post_office import postmen
from kumoban.estate.models import Account, Person
from kumoban.ledger.models import Entry
from kumoban_emulator import moto_bridge
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


def test_a_server_without_the_tls_that_is_asked_for_gets_nothing(
    office: Office, post: Post, waiting: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.conf import settings

    monkeypatch.setattr(settings, "KUMOBAN_EMAIL", {**settings.KUMOBAN_EMAIL, "starttls": True})
    post.round()
    assert not post.mail.mails
    assert Notice.objects.filter(due__isnull=False).count() == 2


def test_mail_goes_over_tls_to_a_server_that_is_who_it_says(
    office: Office, post: Post, waiting: Request, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from django.conf import settings

    certificate, key = self_signed(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    post.mail.stop()
    post.mail.start(tls_context=context, require_starttls=True)
    monkeypatch.setattr(settings, "KUMOBAN_EMAIL", {**settings.KUMOBAN_EMAIL, "host": "localhost", "starttls": True})
    post.round()
    assert not post.mail.mails  # nobody vouches for it
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    post.patient()
    post.round()
    assert len(post.mail.mails) == 2


def self_signed(folder: Path) -> tuple[Path, Path]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=1))
    made = made.not_valid_after(now + timedelta(days=1))
    alternative = x509.SubjectAlternativeName([x509.DNSName("localhost")])
    signed = made.add_extension(alternative, critical=False).sign(key, hashes.SHA256())
    certificate, secret = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    secret.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    return certificate, secret


def test_a_server_that_does_not_answer_in_time_is_asked_later(
    office: Office, post: Post, waiting: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kumoban.desk.notices.mail._TIMEOUT", 0.3)
    post.mail.delay = 1.5
    post.round()
    assert Notice.objects.filter(due__isnull=False).count() == 2
    post.mail.delay = 0.0
    post.patient()
    post.round()
    assert Notice.objects.filter(sent_at__isnull=False).count() == 2
    ids = [mail["Message-ID"] for mail in post.mail.mails]
    assert len(set(ids)) == 2  # where one came twice, it is the same


# --- Amazon SES, as moto answers it


@pytest.fixture
def ses(office: Office, post: Post, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    from django.conf import settings

    server = ThreadedMotoServer(port=0)
    server.start()
    host, port = server.get_host_and_port()
    moto_bridge.reset()  # moto's own takes long where other tests have left many accounts
    for name, value in {
        "KUMOBAN_AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "KUMOBAN_EMAIL": {"scheme": "ses", "region": "us-east-1", "role": settings.KUMOBAN_READER_ROLE},
        "KUMOBAN_EMAIL_FROM": "kumoban@example.jp",
    }.items():
        monkeypatch.setattr(settings, name, value)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    opened = Door()
    monkeypatch.setattr("kumoban.aws.door._process_door", lambda _pid: opened)
    there = {"region_name": "us-east-1", "endpoint_url": f"http://{host}:{port}"}
    role = {"RoleArn": settings.KUMOBAN_READER_ROLE, "RoleSessionName": "test"}
    keys = boto3.client("sts", **there).assume_role(**role)["Credentials"]
    named = {"aws_access_key_id": "AccessKeyId", "aws_secret_access_key": "SecretAccessKey"}
    named["aws_session_token"] = "SessionToken"
    yield boto3.client("ses", **there, **{name: keys[key] for name, key in named.items()})
    server.stop()


def test_mail_by_ses_leaves_through_the_door_and_is_in_the_record(
    office: Office, post: Post, ses: Any, waiting: Request
) -> None:
    ses.verify_email_identity(EmailAddress="kumoban@example.jp")
    post.round()
    assert Notice.objects.filter(sent_at__isnull=False).count() == 2
    kinds = list(Entry.objects.filter(subject="notices").order_by("seq").values_list("kind", flat=True))
    assert kinds == ["aws.intent", "aws.accepted"] * 2
    assert ses.get_send_quota()["SentLast24Hours"] > 0


def test_a_sender_that_ses_does_not_know_loses_nothing(office: Office, post: Post, ses: Any, waiting: Request) -> None:
    post.round()
    outcomes = Entry.objects.filter(subject="notices").exclude(kind="aws.intent")
    assert set(outcomes.values_list("kind", flat=True)) == {"aws.refused"}
    assert undelivered(office.actor("takahashi")).count() == 2  # it rejects the message: seen by the operations team
