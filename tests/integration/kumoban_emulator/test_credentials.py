"""Keys, signatures, roles and sessions: nobody acts in an account by accident."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import botocore.auth
import pytest
import urllib3
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

from tests.integration.kumoban_emulator.refusals import refused

UNKNOWN = ("AKIAZZZZZZZZZZZZZZZZ", "x" * 40, None)

#: service → (operation, parameters, code for an unknown key)
PROTOCOLS = {
    "sts": ("get_caller_identity", {}, "InvalidClientTokenId"),
    "organizations": ("list_roots", {}, "UnrecognizedClientException"),
    "ec2": ("describe_vpcs", {}, "AuthFailure"),
    "s3": ("list_buckets", {}, "InvalidAccessKeyId"),
    "lambda": ("list_functions", {}, "UnrecognizedClientException"),
}


@pytest.mark.parametrize("service", PROTOCOLS)
def test_an_unknown_key_is_refused_in_every_protocol(estate: Any, service: str) -> None:
    operation, params, code = PROTOCOLS[service]
    assert refused(getattr(estate.client(service, UNKNOWN), operation), **params) == code


def test_a_wrong_secret_is_refused(estate: Any) -> None:
    key, _, _ = estate.server.credentials("kumoban-admin")
    assert refused(estate.client("sts", (key, "y" * 40, None)).get_caller_identity) == "SignatureDoesNotMatch"
    wrong = estate.client("organizations", (key, "y" * 40, None))
    assert refused(wrong.list_roots) == "InvalidSignatureException"


def test_a_session_needs_its_token(estate: Any) -> None:
    key, secret, _ = estate.session()
    assert refused(estate.client("sts", (key, secret, None)).get_caller_identity) == "InvalidClientTokenId"


def test_a_signature_older_than_fifteen_minutes_is_refused(estate: Any) -> None:
    assert _signed_at(estate, datetime.now(UTC) - timedelta(minutes=14)) == 200
    assert _signed_at(estate, datetime.now(UTC) - timedelta(minutes=16)) == 403
    assert _signed_at(estate, datetime.now(UTC) + timedelta(minutes=16)) == 403


def _signed_at(estate: Any, when: datetime) -> int:
    key, secret, _ = estate.server.credentials("kumoban-admin")
    headers = {"X-Amz-Target": "AWSOrganizationsV20161128.ListRoots", "Content-Type": "application/x-amz-json-1.1"}
    request = AWSRequest("POST", f"{estate.server.endpoint_url}/", headers=headers, data=b"{}")
    signer = botocore.auth.SigV4Auth(Credentials(key, secret), "organizations", "us-east-1")
    request.context["timestamp"] = when.strftime("%Y%m%dT%H%M%SZ")
    request.headers["X-Amz-Date"] = request.context["timestamp"]
    signature = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
    signer._inject_signature_to_request(request, signature)
    answer = urllib3.request("POST", request.url, body=b"{}", headers=dict(request.headers.items()))
    assert (b"Signature expired" in answer.data) is (answer.status == 403)
    return answer.status


def test_credentials_expire_by_the_emulated_clock(estate: Any) -> None:
    session = estate.session()
    estate.client("sts", session).get_caller_identity()
    estate.server.admin.advance(3599)
    estate.client("sts", session).get_caller_identity()
    estate.server.admin.advance(2)
    assert refused(estate.client("sts", session).get_caller_identity) == "ExpiredToken"
    assert refused(estate.client("organizations", session).list_roots) == "ExpiredTokenException"


def test_only_roles_that_exist_and_trust_the_caller_are_assumed(estate: Any) -> None:
    sts = estate.client("sts", "kumoban-desk")
    for role in ("Nothing", "OrganizationAccountAccessRole"):
        assert refused(sts.assume_role, RoleArn=estate.server.role_arn(role), RoleSessionName="KB-1") == "AccessDenied"
    member = f"arn:aws:iam::{estate.account('payments-prod')}:role/OrganizationAccountAccessRole"
    assert refused(sts.assume_role, RoleArn=member, RoleSessionName="KB-1") == "AccessDenied"


def test_reserved_roles_are_not_assumed_directly(estate: Any) -> None:
    iam = estate.client("iam", estate.inside("payments-data-prod"))
    reserved = next(role["Arn"] for role in iam.list_roles()["Roles"] if "AWSReservedSSO_" in role["RoleName"])
    sts = estate.client("sts", "kumoban-management")
    assert refused(sts.assume_role, RoleArn=reserved, RoleSessionName="KB-1") == "AccessDenied"


def test_a_chained_session_lasts_one_hour_at_most(estate: Any) -> None:
    iam = estate.client("iam", "kumoban-admin")
    account = estate.account("ops-tooling")
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"}]}
    iam.create_role(RoleName="Chained", AssumeRolePolicyDocument=json.dumps(trust), MaxSessionDuration=43200)
    chained = {"RoleArn": estate.server.role_arn("Chained"), "RoleSessionName": "KB-1"}
    sts = estate.client("sts", estate.session("KumobanOperator"))
    assert refused(sts.assume_role, **chained, DurationSeconds=7200) == "ValidationError"
    assert sts.assume_role(**chained, DurationSeconds=3600)["Credentials"]
    direct = estate.client("sts", "kumoban-admin")
    assert direct.assume_role(**chained, DurationSeconds=7200)["Credentials"]


def test_the_session_name_is_seen_in_the_callers_identity(estate: Any) -> None:
    arn = estate.client("sts", estate.session("KumobanReader", "KB-2026-17")).get_caller_identity()["Arn"]
    assert arn == f"arn:aws:sts::{estate.account('ops-tooling')}:assumed-role/KumobanReader/KB-2026-17"


def test_the_reader_reads_and_changes_nothing(estate: Any) -> None:
    reader = estate.client("sso-admin", estate.session("KumobanReader"))
    reader.list_permission_sets(InstanceArn=estate.instance)
    thing = estate.thing("nakamura.ren", "ProdReadOnly", "payments-prod")
    assert refused(reader.create_account_assignment, **thing) == "AccessDeniedException"


def test_the_desks_own_identity_may_only_assume(estate: Any) -> None:
    assert refused(estate.client("organizations", "kumoban-desk").list_roots) == "AccessDeniedException"


def test_a_key_made_through_iam_works_with_its_policies(estate: Any) -> None:
    iam = estate.client("iam", "kumoban-admin")
    iam.create_user(UserName="robot")
    allow = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ec2:Describe*", "Resource": "*"}]}
    iam.put_user_policy(UserName="robot", PolicyName="p", PolicyDocument=json.dumps(allow))
    made = iam.create_access_key(UserName="robot")["AccessKey"]
    robot = (made["AccessKeyId"], made["SecretAccessKey"], None)
    estate.client("ec2", robot).describe_vpcs()
    assert refused(estate.client("ec2", robot).create_vpc, CidrBlock="10.0.0.0/16") == "UnauthorizedOperation"
    iam.update_access_key(UserName="robot", AccessKeyId=robot[0], Status="Inactive")
    assert refused(estate.client("ec2", robot).describe_vpcs) == "AuthFailure"


def test_presigned_urls_work_and_cannot_be_altered(estate: Any) -> None:
    session = estate.inside("payments-dev")
    s3 = estate.client("s3", session)
    s3.create_bucket(Bucket="akatsuki-files", CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"})
    s3.put_object(Bucket="akatsuki-files", Key="報告/a b.txt", Body=b"hello")
    signer = boto3.client("s3", config=Config(signature_version="s3v4"), **_where(estate, session))
    url = signer.generate_presigned_url("get_object", Params={"Bucket": "akatsuki-files", "Key": "報告/a b.txt"})
    assert urllib3.request("GET", url).data == b"hello"
    assert urllib3.request("GET", url.replace("akatsuki-files", "akatsuki-other")).status == 403


def _where(estate: Any, session: tuple[str, str, str]) -> dict[str, str]:
    """What boto3 signs with: botocore's default for S3 would be Signature Version 2."""
    key, secret, token = session
    return {
        "endpoint_url": estate.server.endpoint_url,
        "region_name": "ap-northeast-1",
        "aws_access_key_id": key,
        "aws_secret_access_key": secret,
        "aws_session_token": token,
    }
