"""An assignment gives credentials that work while it exists; those already issued live on until they expire."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.kumoban_emulator.refusals import refused


@pytest.fixture
def portal(estate: Any) -> Any:
    return estate.client("sso")


def _session(estate: Any, portal: Any, token: str, role: str, account: str) -> tuple[str, str, str]:
    found = portal.get_role_credentials(roleName=role, accountId=estate.account(account), accessToken=token)
    given = found["roleCredentials"]
    return given["accessKeyId"], given["secretAccessKey"], given["sessionToken"]


def test_a_granted_person_really_gets_in(estate: Any, sso: Any, portal: Any) -> None:
    token = estate.server.admin.portal_token("nakamura.ren")
    with pytest.raises(ClientError):
        _session(estate, portal, token, "ProdReadOnly", "payments-prod")
    sso.create_account_assignment(**estate.thing("nakamura.ren", "ProdReadOnly", "payments-prod"))
    estate.settle()
    session = _session(estate, portal, token, "ProdReadOnly", "payments-prod")
    arn = estate.client("sts", session).get_caller_identity()["Arn"]
    assert arn.startswith(f"arn:aws:sts::{estate.account('payments-prod')}:assumed-role/AWSReservedSSO_ProdReadOnly_")
    assert arn.endswith("/nakamura.ren")
    estate.client("ec2", session).describe_vpcs()
    estate.client("s3", session).list_buckets()
    assert refused(estate.client("ec2", session).create_vpc, CidrBlock="10.0.0.0/16") == "UnauthorizedOperation"


def test_after_the_end_no_new_credentials_but_the_old_ones_live_on(estate: Any, sso: Any, portal: Any) -> None:
    token = estate.server.admin.portal_token("sato.misaki")
    session = _session(estate, portal, token, "ProdReadOnly", "payments-data-prod")
    sso.delete_account_assignment(**estate.thing("sato.misaki", "ProdReadOnly", "payments-data-prod"))
    estate.settle()
    with pytest.raises(ClientError):
        _session(estate, portal, token, "ProdReadOnly", "payments-data-prod")
    estate.client("ec2", session).describe_vpcs()
    estate.server.admin.advance(3600)
    assert refused(estate.client("ec2", session).describe_vpcs) == "RequestExpired"


def test_the_portal_lists_what_is_assigned_directly_and_by_group(estate: Any, portal: Any) -> None:
    token = estate.server.admin.portal_token("sato.misaki")
    pages = portal.get_paginator("list_accounts").paginate(accessToken=token, PaginationConfig={"PageSize": 2})
    names = {account["accountName"] for page in pages for account in page["accountList"]}
    assert {"payments-data-prod", "payments-dev", "sandbox-engineering"} <= names
    roles = portal.list_account_roles(accessToken=token, accountId=estate.account("payments-data-prod"))["roleList"]
    assert {role["roleName"] for role in roles} == {"ProdReadOnly", "LogReader"}


def test_a_signed_out_person_gets_nothing(estate: Any, portal: Any) -> None:
    token = estate.server.admin.portal_token("sato.misaki")
    portal.logout(accessToken=token)
    assert refused(portal.list_accounts, accessToken=token) == "UnauthorizedException"


def test_a_deleted_person_gets_nothing(estate: Any, portal: Any, people: Any) -> None:
    token = estate.server.admin.portal_token("sato.misaki")
    people.delete_user(IdentityStoreId=estate.store, UserId=estate.user("sato.misaki"))
    assert refused(portal.list_accounts, accessToken=token) == "UnauthorizedException"


def test_developers_stay_in_their_regions(estate: Any, portal: Any) -> None:
    token = estate.server.admin.portal_token("sato.misaki")
    session = _session(estate, portal, token, "Developer", "payments-dev")
    estate.client("ec2", session).create_vpc(CidrBlock="10.0.0.0/16")
    elsewhere = estate.client("ec2", session, region="eu-west-1")
    assert refused(elsewhere.create_vpc, CidrBlock="10.0.0.0/16") == "UnauthorizedOperation"


def test_links_to_the_portal_open_a_page_that_says_account_and_role(estate: Any) -> None:
    import urllib3

    answer = urllib3.request("GET", f"{estate.server.endpoint_url}/_emulator/portal/")
    assert answer.status == 200
    assert "account_id" in answer.data.decode()
