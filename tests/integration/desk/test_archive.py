"""The ledger in a locked store: complete, resumed after a kill, read back and compared; refusals are told."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from django.conf import settings

from kumoban.aws.errors import AwsError
from kumoban.desk import archive
from kumoban.desk.archive import ExportFault, archived, export, verify_export
from kumoban.desk.figures import figures
from kumoban.desk.roles import ARCHIVE, declared, policy
from kumoban.evidence.audit.pack.verify import lines
from kumoban.ledger.clock import database_now
from kumoban.ledger.models import Entry, Segment
from kumoban.ledger.record import record, writing
from kumoban.ledger.verify import verify
from kumoban_emulator.roles import Role
from tests.integration.conftest import lift_protection
from tests.integration.desk.practice import Practice, practice_desk

BUCKET = "example-ledger"


@pytest.fixture
def desk(emptied_ledger: None, monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> Iterator[Practice]:
    with practice_desk(monkeypatch, tmp_path) as made:
        world = made.aws.engine.world
        trusted = (f"arn:aws:iam::{world.delegate}:user/kumoban-desk",)
        inline = {"Declared": json.dumps(policy(declared(ARCHIVE)))}
        world.roles.add(Role(world.audit, "KumobanArchive", "AROAARCHIVE", trusts=trusted, inline=inline))
        monkeypatch.setattr(settings, "KUMOBAN_ARCHIVE_ROLE", f"arn:aws:iam::{world.audit}:role/KumobanArchive")
        monkeypatch.setattr(settings, "KUMOBAN_ARCHIVE_BUCKET", BUCKET)
        store(made).create_bucket(
            Bucket=BUCKET,
            ObjectLockEnabledForBucket=True,
            CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"},
        )
        yield made


def store(desk: Practice) -> Any:
    """The store as the administrator of its account sees it."""
    audit = desk.aws.engine.world.audit
    role = f"arn:aws:iam::{audit}:role/OrganizationAccountAccessRole"
    keys = desk.admin("sts", "kumoban-management").assume_role(RoleArn=role, RoleSessionName="admin")["Credentials"]
    return boto3.client(
        "s3",
        endpoint_url=desk.aws.endpoint_url,
        region_name="ap-northeast-1",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )


def some(n: int) -> None:
    with writing():
        for one in range(n):
            record("something.done", actor="desk", subject=f"x:{one}", texts={"reason": "個人の文章"})


def held(desk: Practice) -> dict[int, str]:
    """By entry, its bytes in the store."""
    found = {}
    for part in Segment.objects.order_by("first"):
        body = store(desk).get_object(Bucket=BUCKET, Key=part.key)["Body"].read()
        found.update({entry["seq"]: entry["body"] for entry in lines(gzip.decompress(body))})
    return found


def test_everything_is_put_there_and_locked_for_years(desk: Practice) -> None:
    some(5)
    until = Entry.objects.count()
    assert export() == until
    assert held(desk) == dict(Entry.objects.filter(seq__lte=until).values_list("seq", "body"))
    told = store(desk).head_object(Bucket=BUCKET, Key=Segment.objects.get().key)
    assert told["ObjectLockMode"] == "COMPLIANCE"
    assert told["ObjectLockRetainUntilDate"] > database_now() + timedelta(days=2500)
    assert told["VersionId"] == Segment.objects.get().version


def test_the_export_s_own_entries_alone_make_no_new_part(desk: Practice) -> None:
    some(2)
    export()
    assert export() == 0
    some(1)
    assert export() > 0
    assert verify().whole


def test_nobody_deletes_it_not_even_the_store_s_administrator(desk: Practice) -> None:
    some(1)
    export()
    part = Segment.objects.get()
    with pytest.raises(ClientError) as refused:
        store(desk).delete_object(Bucket=BUCKET, Key=part.key, VersionId=part.version)
    assert refused.value.response["Error"]["Code"] == "AccessDenied"


def test_nobody_shortens_its_lock_and_anybody_who_may_lengthens_it(desk: Practice) -> None:
    some(1)
    export()
    part = Segment.objects.get()
    place = {"Bucket": BUCKET, "Key": part.key, "VersionId": part.version}
    for loosened in (
        {"Mode": "COMPLIANCE", "RetainUntilDate": database_now() + timedelta(days=1)},
        {"Mode": "GOVERNANCE", "RetainUntilDate": part.locked_until + timedelta(days=1)},
    ):
        with pytest.raises(ClientError) as refused:
            store(desk).put_object_retention(**place, Retention=loosened)
        assert refused.value.response["Error"]["Code"] == "AccessDenied"
    longer = {"Mode": "COMPLIANCE", "RetainUntilDate": part.locked_until + timedelta(days=1)}
    store(desk).put_object_retention(**place, Retention=longer)
    assert verify_export() == 1


def test_the_role_reads_and_puts_and_nothing_else() -> None:
    actions = {action for one in policy(declared(ARCHIVE))["Statement"] for action in one["Action"]}
    assert actions == {
        *("s3:PutObject", "s3:PutObjectRetention", "s3:GetObject", "s3:GetObjectRetention", "s3:ListBucket")
    }


def test_no_text_that_somebody_may_have_erased_is_locked_away(desk: Practice) -> None:
    some(3)
    export()
    assert not any("個人の文章" in body for body in held(desk).values())


def test_a_kill_before_and_after_the_call_leaves_neither_gap_nor_double(
    desk: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    some(3)
    really = archive._sent

    def killed_before(*_given: Any) -> str:
        raise KeyboardInterrupt

    def killed_after(part: Segment, content: bytes) -> str:
        really(part, content)
        raise KeyboardInterrupt

    for kill in (killed_before, killed_after):
        monkeypatch.setattr(archive, "_sent", kill)
        with pytest.raises(KeyboardInterrupt):
            export()
        assert Segment.objects.get().put_at is None
        some(2)
    monkeypatch.setattr(archive, "_sent", really)
    export()
    assert [part.put_at is not None for part in Segment.objects.all()] == [True, True]
    last = Segment.objects.order_by("-last")[0].last
    assert sorted(held(desk)) == list(range(1, last + 1))
    versions = store(desk).list_object_versions(Bucket=BUCKET)["Versions"]
    assert len(versions) == 2
    assert verify_export() == 2


def test_a_refusal_is_in_the_ledger_and_tried_again(desk: Practice) -> None:
    some(2)
    desk.aws.admin.fault(kind="error", service="s3", operation="PutObject", code="AccessDenied", status=403, times=None)
    with pytest.raises(AwsError):
        export()
    assert Entry.objects.filter(kind="aws.refused", subject="ledger-export").exists()
    assert archived().until == 0
    desk.aws.admin.clear_faults()
    assert export() > 0
    assert verify_export() >= 1


def test_what_was_put_over_it_is_found_and_not_forgotten_until_it_is_right(desk: Practice) -> None:
    some(2)
    export()
    part = Segment.objects.get()
    other = store(desk).put_object(Bucket=BUCKET, Key=part.key, Body=b"something else")
    for _ in range(2):
        with pytest.raises(ExportFault, match="export_changed"):
            verify_export()
    assert Entry.objects.filter(kind="ledger.export_fault").count() == 1
    assert figures().export_faults == 1
    store(desk).delete_object(Bucket=BUCKET, Key=part.key, VersionId=other["VersionId"])
    assert verify_export() == 1
    assert figures().export_faults == 0


def test_a_mark_of_deletion_is_found(desk: Practice) -> None:
    some(2)
    export()
    store(desk).delete_object(Bucket=BUCKET, Key=Segment.objects.get().key)
    with pytest.raises(ExportFault, match="export_missing"):
        verify_export()


def test_a_chain_rewritten_in_the_database_is_found_by_what_is_in_the_store(desk: Practice) -> None:
    some(2)
    export()
    lift_protection()
    entry = Entry.objects.get(subject="x:1")
    Entry.objects.filter(pk=entry.pk).update(body=entry.body.replace("x:1", "x:9"))
    with pytest.raises(ExportFault, match="export_differs"):
        verify_export()


def test_a_part_that_is_gone_from_the_list_is_a_gap(desk: Practice) -> None:
    for _ in range(2):
        some(2)
        export()
    Segment.objects.order_by("first")[0].delete()
    with pytest.raises(ExportFault, match="export_gap at entry 1"):
        verify_export()


def test_many_entries_make_several_parts(desk: Practice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "PART", 7)
    some(30)
    export()
    assert Segment.objects.count() >= 5
    assert verify_export() == Segment.objects.count()


def test_nothing_is_sent_where_no_store_is_named_or_in_observe_mode(
    desk: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    some(1)
    monkeypatch.setattr(settings, "KUMOBAN_MODE", "observe")
    assert export() == verify_export() == 0
    monkeypatch.setattr(settings, "KUMOBAN_MODE", "operate")
    monkeypatch.setattr(settings, "KUMOBAN_ARCHIVE_BUCKET", "")
    assert export() == verify_export() == 0
    assert not Segment.objects.exists()
