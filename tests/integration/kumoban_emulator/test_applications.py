"""Applications of Identity Center, token exchange, regions: present, unique, referential, refused to others."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.kumoban_emulator.refusals import refused

CUSTOM = "arn:aws:sso::aws:applicationProvider/custom"


@pytest.fixture
def application(estate: Any, sso: Any) -> dict[str, str]:
    made = sso.create_application(InstanceArn=estate.instance, ApplicationProviderArn=CUSTOM, Name="wiki")
    return {"ApplicationArn": made["ApplicationArn"]}


def test_an_application_is_made_changed_listed_and_deleted(estate: Any, sso: Any, application: dict[str, str]) -> None:
    sso.update_application(**application, Status="DISABLED", Description="社内Wiki")
    found = sso.describe_application(**application)
    assert (found["Name"], found["Status"], found["Description"]) == ("wiki", "DISABLED", "社内Wiki")
    listed = sso.list_applications(InstanceArn=estate.instance)["Applications"]
    assert [one["ApplicationArn"] for one in listed] == [application["ApplicationArn"]]
    sso.delete_application(**application)
    assert refused(sso.describe_application, **application) == "ResourceNotFoundException"


def test_a_client_token_makes_one_application(estate: Any, sso: Any) -> None:
    asked = {"InstanceArn": estate.instance, "ApplicationProviderArn": CUSTOM, "Name": "x", "ClientToken": "t1"}
    assert sso.create_application(**asked)["ApplicationArn"] == sso.create_application(**asked)["ApplicationArn"]


def test_only_people_and_groups_there_are_can_be_assigned_and_once(
    estate: Any, sso: Any, application: dict[str, str]
) -> None:
    who = {**application, "PrincipalType": "USER", "PrincipalId": estate.user("sato.misaki")}
    sso.create_application_assignment(**who)
    assert refused(sso.create_application_assignment, **who) == "ConflictException"
    nobody = {**who, "PrincipalId": "12345678-1234-1234-1234-123456789012"}
    assert refused(sso.create_application_assignment, **nobody) == "ResourceNotFoundException"
    assert sso.list_application_assignments(**application)["ApplicationAssignments"][0]["PrincipalType"] == "USER"
    sso.delete_application_assignment(**who)
    assert refused(sso.describe_application_assignment, **who) == "ResourceNotFoundException"


def test_a_users_applications_include_those_of_the_users_groups(
    estate: Any, sso: Any, application: dict[str, str]
) -> None:
    sso.create_application_assignment(**application, PrincipalType="GROUP", PrincipalId=estate.group("team-payments"))
    found = sso.list_application_assignments_for_principal(
        InstanceArn=estate.instance, PrincipalType="USER", PrincipalId=estate.user("sato.misaki")
    )["ApplicationAssignments"]
    assert [one["ApplicationArn"] for one in found] == [application["ApplicationArn"]]


def test_scopes_grants_and_methods_are_put_read_and_taken_away(sso: Any, application: dict[str, str]) -> None:
    targets = [application["ApplicationArn"]]
    sso.put_application_access_scope(**application, Scope="wiki:read", AuthorizedTargets=targets)
    assert sso.get_application_access_scope(**application, Scope="wiki:read")["AuthorizedTargets"] == targets
    grant = {"AuthorizationCode": {"RedirectUris": ["https://wiki.example.jp/cb"]}}
    sso.put_application_grant(**application, GrantType="authorization_code", Grant=grant)
    assert sso.list_application_grants(**application)["Grants"][0]["Grant"] == grant
    method = {"Iam": {"ActorPolicy": {"Version": "2012-10-17"}}}
    sso.put_application_authentication_method(
        **application, AuthenticationMethodType="IAM", AuthenticationMethod=method
    )
    asked = {**application, "AuthenticationMethodType": "IAM"}
    assert sso.get_application_authentication_method(**asked)["AuthenticationMethod"] == method
    sso.delete_application_authentication_method(**asked)
    assert refused(sso.get_application_authentication_method, **asked) == "ResourceNotFoundException"
    sso.delete_application_grant(**application, GrantType="authorization_code")
    sso.delete_application_access_scope(**application, Scope="wiki:read")
    assert sso.list_application_access_scopes(**application)["Scopes"] == []


def test_configurations_of_assignment_and_session(sso: Any, application: dict[str, str]) -> None:
    sso.put_application_assignment_configuration(**application, AssignmentRequired=False)
    assert sso.get_application_assignment_configuration(**application)["AssignmentRequired"] is False
    sso.put_application_session_configuration(**application, UserBackgroundSessionApplicationStatus="DISABLED")
    found = sso.get_application_session_configuration(**application)
    assert found["UserBackgroundSessionApplicationStatus"] == "DISABLED"


def test_trusted_token_issuers_are_unique_by_name_and_url(estate: Any, sso: Any) -> None:
    configuration = {
        "OidcJwtConfiguration": {
            "IssuerUrl": "https://idp.example.jp",
            "ClaimAttributePath": "email",
            "IdentityStoreAttributePath": "emails.value",
            "JwksRetrievalOption": "OPEN_ID_DISCOVERY",
        }
    }
    asked = {
        "InstanceArn": estate.instance,
        "Name": "idp",
        "TrustedTokenIssuerType": "OIDC_JWT",
        "TrustedTokenIssuerConfiguration": configuration,
    }
    arn = {"TrustedTokenIssuerArn": sso.create_trusted_token_issuer(**asked)["TrustedTokenIssuerArn"]}
    assert refused(sso.create_trusted_token_issuer, **{**asked, "Name": "other"}) == "ConflictException"
    changed = {"OidcJwtConfiguration": {"ClaimAttributePath": "sub"}}
    sso.update_trusted_token_issuer(**arn, TrustedTokenIssuerConfiguration=changed)
    described = sso.describe_trusted_token_issuer(**arn)["TrustedTokenIssuerConfiguration"]["OidcJwtConfiguration"]
    assert (described["ClaimAttributePath"], described["IssuerUrl"]) == ("sub", "https://idp.example.jp")
    sso.delete_trusted_token_issuer(**arn)
    assert sso.list_trusted_token_issuers(InstanceArn=estate.instance)["TrustedTokenIssuers"] == []


def test_a_region_is_being_added_for_a_while_and_the_primary_one_stays(estate: Any, sso: Any) -> None:
    of = {"InstanceArn": estate.instance}
    assert sso.add_region(**of, RegionName="us-east-1")["Status"] == "ADDING"
    estate.settle()
    statuses = {region["RegionName"]: region["Status"] for region in sso.list_regions(**of)["Regions"]}
    assert statuses["us-east-1"] == "ACTIVE"
    primary = next(region["RegionName"] for region in sso.list_regions(**of)["Regions"] if region["IsPrimaryRegion"])
    assert refused(sso.remove_region, **of, RegionName=primary) == "ValidationException"
    sso.remove_region(**of, RegionName="us-east-1")
    assert refused(sso.describe_region, **of, RegionName="us-east-1") == "ResourceNotFoundException"


def test_the_organisation_s_instance_is_neither_made_twice_nor_deleted(estate: Any, sso: Any) -> None:
    assert refused(sso.create_instance, Name="second") == "ConflictException"
    assert refused(sso.delete_instance, InstanceArn=estate.instance) in ("AccessDeniedException", "ConflictException")
