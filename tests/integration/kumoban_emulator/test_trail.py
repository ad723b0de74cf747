"""CloudTrail: every call leaves a record that names who, for whom, what, and how it ended."""

from __future__ import annotations

import gzip
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.integration.kumoban_emulator.refusals import refused


def _lookup(estate: Any, who: Any, key: str, value: str, **more: Any) -> list[dict[str, Any]]:
    wanted = [{"AttributeKey": key, "AttributeValue": value}]
    found: list[dict[str, Any]] = estate.client("cloudtrail", who).lookup_events(LookupAttributes=wanted, **more)[
        "Events"
    ]
    return found


def test_a_grant_is_proved_by_the_operators_session_name(estate: Any) -> None:
    operator = estate.session("KumobanOperator", "KB-2026-17")
    estate.client("sso-admin", operator).create_account_assignment(
        **estate.thing("nakamura.ren", "ProdReadOnly", "payments-prod")
    )
    event = _lookup(estate, "kumoban-admin", "EventName", "CreateAccountAssignment")[0]
    record = json.loads(event["CloudTrailEvent"])
    assert event["Username"] == "KB-2026-17"
    assert record["eventSource"] == "sso.amazonaws.com"
    assert record["userIdentity"]["type"] == "AssumedRole"
    assert record["userIdentity"]["sessionContext"]["sessionIssuer"]["userName"] == "KumobanOperator"
    assert record["userIdentity"]["arn"].endswith(":assumed-role/KumobanOperator/KB-2026-17")
    assert record["requestParameters"]["targetId"] == estate.account("payments-prod")
    assert record["responseElements"]["accountAssignmentCreationStatus"]["status"] == "IN_PROGRESS"
    assert (record["readOnly"], record["recipientAccountId"]) == (False, estate.account("ops-tooling"))


def test_a_persons_own_calls_carry_the_persons_id(estate: Any) -> None:
    portal = estate.client("sso")
    given = portal.get_role_credentials(
        roleName="ProdReadOnly",
        accountId=estate.account("payments-data-prod"),
        accessToken=estate.server.admin.portal_token("sato.misaki"),
    )["roleCredentials"]
    session = (given["accessKeyId"], given["secretAccessKey"], given["sessionToken"])
    estate.client("ec2", session).describe_instances()
    assert refused(estate.client("ec2", session).create_vpc, CidrBlock="10.0.0.0/16") == "UnauthorizedOperation"
    inside = estate.inside("payments-data-prod")
    read, tried = (
        json.loads(_lookup(estate, inside, "EventName", name)[0]["CloudTrailEvent"])
        for name in ("DescribeInstances", "CreateVpc")
    )
    assert read["userIdentity"]["onBehalfOf"]["userId"] == estate.user("sato.misaki")
    assert (read["readOnly"], "errorCode" in read) == (True, False)
    assert tried["errorCode"] == "UnauthorizedOperation"


def test_secrets_and_personal_data_are_not_in_the_records(estate: Any, people: Any) -> None:
    key, secret, token = estate.session()
    people.create_user(IdentityStoreId=estate.store, UserName="secret.person", DisplayName="秘密 太郎")
    text = json.dumps(estate.server.admin.trail(), ensure_ascii=False)
    assert key in text
    assert secret not in text
    assert token not in text
    assert "秘密 太郎" not in text


def test_a_role_assumed_from_another_account_is_recorded_in_both(estate: Any) -> None:
    estate.inside("payments-prod")
    for who in ("kumoban-management", estate.inside("payments-prod")):
        assert _lookup(estate, who, "EventName", "AssumeRole")


def test_events_are_found_by_attribute_time_and_page(estate: Any) -> None:
    for _ in range(3):
        estate.client("sso-admin").list_instances()
    events = _lookup(estate, "kumoban-admin", "EventName", "ListInstances", MaxResults=2)
    assert len(events) == 2
    by_id = _lookup(estate, "kumoban-admin", "EventId", events[0]["EventId"])
    assert [event["EventId"] for event in by_id] == [events[0]["EventId"]]
    later = datetime.now(UTC) + timedelta(hours=1)
    assert _lookup(estate, "kumoban-admin", "EventName", "ListInstances", StartTime=later) == []
    two = [{"AttributeKey": "EventName", "AttributeValue": "A"}, {"AttributeKey": "EventId", "AttributeValue": "B"}]
    trail = estate.client("cloudtrail")
    assert refused(trail.lookup_events, LookupAttributes=two) == "InvalidLookupAttributesException"


def test_other_accounts_events_are_not_seen(estate: Any) -> None:
    estate.client("sso-admin").list_instances()
    assert _lookup(estate, estate.inside("payments-prod"), "EventName", "ListInstances") == []


def test_log_files_arrive_in_the_audit_accounts_bucket(estate: Any) -> None:
    estate.client("sso-admin").list_instances()
    written = estate.server.admin.flush_trail()
    s3 = estate.client("s3", estate.inside("audit"))
    listed = [found["Key"] for found in s3.list_objects_v2(Bucket="kumoban-demo-cloudtrail")["Contents"]]
    assert set(written) <= set(listed)
    home = estate.account("ops-tooling")
    folder = rf"AWSLogs/o-[a-z0-9]+/{home}/CloudTrail/ap-northeast-1/\d{{4}}/\d\d/\d\d"
    form = folder + rf"/{home}_CloudTrail_ap-northeast-1_\d{{8}}T\d{{4}}Z_\w{{16}}\.json\.gz"
    ours = next(key for key in written if re.fullmatch(form, key))
    body = s3.get_object(Bucket="kumoban-demo-cloudtrail", Key=ours)["Body"].read()
    assert "ListInstances" in [record["eventName"] for record in json.loads(gzip.decompress(body))["Records"]]
