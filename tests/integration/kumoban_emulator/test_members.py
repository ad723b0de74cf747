"""Member accounts are worlds of their own, served by moto behind the gateway."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import urllib3


def test_what_one_account_has_the_other_has_not(estate: Any) -> None:
    one, other = (estate.client("ec2", estate.inside(name)) for name in ("payments-dev", "search-dev"))
    made = one.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    assert made in [vpc["VpcId"] for vpc in one.describe_vpcs()["Vpcs"]]
    assert made not in [vpc["VpcId"] for vpc in other.describe_vpcs()["Vpcs"]]
    assert one.describe_vpcs(VpcIds=[made])["Vpcs"][0]["OwnerId"] == estate.account("payments-dev")


def test_services_of_every_protocol_answer(estate: Any) -> None:
    inside = estate.inside("payments-dev")
    assert estate.client("sqs", inside).create_queue(QueueName="q")["QueueUrl"]
    assert estate.client("route53", inside).list_hosted_zones()["HostedZones"] == []
    assert estate.client("lambda", inside).list_functions()["Functions"] == []
    assert estate.client("logs", inside).describe_log_groups()["logGroups"] == []
    assert estate.client("cloudwatch", inside).describe_alarms()["MetricAlarms"] == []


def test_the_callers_say_in_which_account_does_not_count(estate: Any) -> None:
    """moto believes a header; the gateway does not let one through."""
    ec2 = estate.client("ec2", estate.inside("payments-dev"))
    other = estate.account("search-dev")
    ec2.meta.events.register(
        "before-send.ec2", lambda request, **_: request.headers.update({"x-moto-account-id": other})
    )
    made = ec2.create_vpc(CidrBlock="10.2.0.0/16")["Vpc"]
    assert made["OwnerId"] == estate.account("payments-dev")


def test_moto_has_no_admin_pages_here(estate: Any) -> None:
    for path in ("/moto-api/", "/moto-api/reset"):
        assert urllib3.request("POST", estate.server.endpoint_url + path).status in (403, 501)


def test_a_role_made_through_iam_is_assumed_by_whom_it_trusts(estate: Any) -> None:
    iam = estate.client("iam", estate.inside("payments-dev"))
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": estate.account("ops-tooling")}, "Action": "sts:AssumeRole"}
        ],
    }
    iam.create_role(RoleName="Cross", AssumeRolePolicyDocument=json.dumps(trust))
    allow = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ec2:Describe*", "Resource": "*"}]}
    iam.put_role_policy(RoleName="Cross", PolicyName="p", PolicyDocument=json.dumps(allow))
    arn = f"arn:aws:iam::{estate.account('payments-dev')}:role/Cross"
    session = estate.session(arn, "KB-9", "kumoban-admin")
    assert estate.client("ec2", session).describe_vpcs()["Vpcs"]


def test_many_callers_at_once_stay_apart(estate: Any) -> None:
    sessions = {name: estate.inside(name) for name in ("payments-dev", "search-dev", "ads-dev", "data-dev")}

    def who(name: str) -> bool:
        client = estate.client("sts", sessions[name])
        return all(client.get_caller_identity()["Account"] == estate.account(name) for _ in range(15))

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(who, sessions))
