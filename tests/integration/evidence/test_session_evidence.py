"""作業ログ: what a person did with a grant, in that account and window, by user id and nobody else's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import boto3
import pytest
from django.conf import settings

from kumoban.desk import clock
from kumoban.desk.models import Request
from kumoban.evidence.collecting import collect_due, open_logs
from kumoban.evidence.models import SessionEvent, SessionLog
from kumoban.evidence.reading import events_of, sheet_of
from kumoban.ledger.clock import database_now
from kumoban.ledger.models import Entry
from tests.integration.desk.practice import Practice, practice_desk

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def desk(emptied_ledger: None, tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[Practice]:
    with practice_desk(monkeypatch, tmp_path) as opened:
        monkeypatch.setattr(settings, "KUMOBAN_TRAIL_BUCKET", "kumoban-demo-cloudtrail")
        monkeypatch.setattr(settings, "KUMOBAN_TRAIL_ACCOUNT", opened.account("audit"))
        monkeypatch.setattr(settings, "KUMOBAN_MEMBER_READER_ROLE", "KumobanReader")
        yield opened


def as_worker(desk: Practice, name: str, service: str) -> Any:
    """A client with the credentials that the access portal gives this person for the grant."""
    token = desk.aws.admin.portal_token(name)
    portal = boto3.client("sso", endpoint_url=desk.aws.endpoint_url, region_name="ap-northeast-1")
    keys = portal.get_role_credentials(
        roleName="ProdReadOnly", accountId=desk.account("payments-prod"), accessToken=token
    )["roleCredentials"]
    return boto3.client(
        service,
        endpoint_url=desk.aws.endpoint_url,
        region_name="ap-northeast-1",
        aws_access_key_id=keys["accessKeyId"],
        aws_secret_access_key=keys["secretAccessKey"],
        aws_session_token=keys["sessionToken"],
    )


def worked(desk: Practice) -> Request:
    made = desk.granted("sato", "ren")
    as_worker(desk, "sato", "ec2").describe_vpcs()
    as_worker(desk, "sato", "sts").get_caller_identity()
    as_worker(desk, "ren", "ec2").describe_subnets()
    return desk.ended(made)


def collected(desk: Practice) -> None:
    desk.aws.admin.flush_trail()
    open_logs()
    SessionLog.objects.update(due=database_now())
    collect_due()


def test_each_person_s_own_events_are_collected_and_no_others(desk: Practice) -> None:
    made = worked(desk)
    collected(desk)
    by_person: dict[str, set[str]] = {}
    for event in events_of(made):
        by_person.setdefault(event.log.hold.shown["person"], set()).add(event.name)
    assert by_person == {"Sato": {"DescribeVpcs", "GetCallerIdentity"}, "Ren": {"DescribeSubnets"}}
    assert sheet_of(made).changing == 0


def test_collecting_again_counts_nothing_twice(desk: Practice) -> None:
    made = worked(desk)
    collected(desk)
    collected(desk)
    assert SessionEvent.objects.count() == 3
    assert sheet_of(made).reading == 3


def test_it_is_complete_only_when_no_credentials_of_it_can_work_any_longer(desk: Practice) -> None:
    made = worked(desk)
    collected(desk)
    assert not sheet_of(made).complete
    long_ago = database_now() - timedelta(hours=3)
    SessionLog.objects.update(since=long_ago, until=long_ago + timedelta(minutes=5), due=database_now())
    collect_due()
    assert sheet_of(made).complete
    assert Entry.objects.filter(kind="evidence.collected", subject=made.number).count() == 4


def test_nothing_done_is_said(desk: Practice) -> None:
    made = desk.ended(desk.granted("sato"))
    collected(desk)
    assert [reason.code for reason in sheet_of(made).remarks] == ["nothing_was_done"]


def test_a_trail_that_cannot_be_read_is_tried_again_and_says_why(desk: Practice) -> None:
    made = worked(desk)
    desk.aws.admin.fault(kind="error", service="s3", code="AccessDenied", status=403, times=None)
    collected(desk)
    log = SessionLog.objects.filter(hold__request=made).first()
    assert log is not None
    assert "AccessDenied" in log.error
    assert log.collected_at is None
    desk.aws.admin.clear_faults()
    collected(desk)
    assert sheet_of(made).reading == 3


def test_without_a_trail_nothing_is_opened(desk: Practice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "KUMOBAN_TRAIL_BUCKET", "")
    worked(desk)
    assert collect_due() == 0
    assert clock.now()
    assert not SessionLog.objects.exists()
