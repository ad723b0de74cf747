"""Fault rules: what can go wrong with AWS goes wrong on request, and the client library believes it."""

from __future__ import annotations

import time
from typing import Any

import pytest
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError

from tests.integration.kumoban_emulator.refusals import refused

THROTTLED = {
    "ec2": ("describe_vpcs", "RequestLimitExceeded"),
    "organizations": ("list_roots", "TooManyRequestsException"),
    "s3": ("list_buckets", "SlowDown"),
    "sso-admin": ("list_instances", "ThrottlingException"),
    "route53": ("list_hosted_zones", "Throttling"),
    "lambda": ("list_functions", "TooManyRequestsException"),
}


@pytest.mark.parametrize("service", THROTTLED)
def test_throttling_comes_in_the_services_own_words(estate: Any, service: str) -> None:
    operation, code = THROTTLED[service]
    estate.server.admin.fault(kind="throttle", service=service)
    assert refused(getattr(estate.client(service), operation)) == code


def test_the_first_n_calls_fail_then_it_works(estate: Any, sso: Any) -> None:
    estate.server.admin.fault(
        kind="first_n",
        times=2,
        service="sso-admin",
        operation="ListInstances",
        code="InternalServerException",
        status=500,
    )
    assert [refused(sso.list_instances) for _ in range(2)] == ["InternalServerException"] * 2
    assert sso.list_instances()["Instances"]
    assert estate.server.admin.faults() == []
    assert estate.server.admin.count("sso-admin", "ListInstances", "InternalServerException") == 2
    assert estate.server.admin.count("sso-admin", "ListInstances", "ok") == 1


def test_a_rule_is_for_its_account_and_operation_only(estate: Any, sso: Any) -> None:
    estate.server.admin.fault(kind="error", service="sso-admin", account=estate.account("payments-prod"))
    estate.server.admin.fault(
        kind="error", service="sso-admin", operation="DescribeInstance", code="InternalServerException"
    )
    assert sso.list_instances()
    assert refused(sso.describe_instance, InstanceArn=estate.instance) == "InternalServerException"


def test_a_rule_can_be_taken_away(estate: Any, sso: Any) -> None:
    rule = estate.server.admin.fault(kind="throttle", service="sso-admin")
    assert refused(sso.list_instances) == "ThrottlingException"
    estate.server.admin.clear_faults(rule)
    assert sso.list_instances()


def test_latency_delays_the_answer(estate: Any, sso: Any) -> None:
    estate.server.admin.fault(kind="latency", service="sso-admin", seconds=0.3, times=1)
    began = time.monotonic()
    sso.list_instances()
    assert time.monotonic() - began >= 0.3


def test_an_answer_lost_after_acceptance_leaves_the_change_made(estate: Any, sso: Any) -> None:
    estate.server.admin.fault(kind="timeout_after_accept", operation="CreateAccountAssignment", times=1)
    thing = estate.thing("nakamura.ren", "ProdReadOnly", "payments-prod")
    with pytest.raises(ConnectionClosedError):
        sso.create_account_assignment(**thing)
    listed = sso.list_account_assignment_creation_status(InstanceArn=estate.instance, Filter={"Status": "IN_PROGRESS"})
    assert len(listed["AccountAssignmentsCreationStatus"]) == 1
    estate.settle()
    assert estate.assigned("nakamura.ren", "ProdReadOnly", "payments-prod", sso)


def test_an_answer_may_also_come_too_late(estate: Any) -> None:
    import boto3
    from botocore.config import Config

    key, secret, _ = estate.server.credentials("kumoban-admin")
    hasty = boto3.client(
        "sso-admin",
        endpoint_url=estate.server.endpoint_url,
        region_name="ap-northeast-1",
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        config=Config(read_timeout=0.2, retries={"total_max_attempts": 1}),
    )
    estate.server.admin.fault(kind="timeout_after_accept", operation="CreatePermissionSet", seconds=0.5, times=1)
    with pytest.raises(ReadTimeoutError):
        hasty.create_permission_set(InstanceArn=estate.instance, Name="Late")
    assert estate.permission_set("Late")


def test_unknown_fields_appear_and_do_no_harm(estate: Any, sso: Any, people: Any) -> None:
    estate.server.admin.fault(kind="unknown_fields", service="identitystore")
    users = people.list_users(IdentityStoreId=estate.store)["Users"]
    assert users[0]["UserName"]


def test_a_token_bucket_lets_its_rate_through(estate: Any) -> None:
    estate.server.admin.fault(kind="token_bucket", service="organizations", rate=1, burst=3)
    organizations = estate.client("organizations")
    for _ in range(3):
        organizations.list_roots()
    assert refused(organizations.list_roots) == "TooManyRequestsException"


def test_nonsense_is_refused_with_an_explanation(estate: Any) -> None:
    for wrong, why in (
        ({"kind": "explode"}, "kind must be"),
        ({"kind": "first_n"}, "times"),
        ({"kind": "error", "x": 1}, "x"),
    ):
        with pytest.raises(ValueError, match=why):
            estate.server.admin.fault(**wrong)
