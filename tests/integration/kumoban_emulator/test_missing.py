"""What the emulator lacks it says cleanly: 501, in the service's protocol, never an HTML page."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.session import get_session

from kumoban_emulator.fakes.registry import REPLACED, registered

#: operations of the replaced services that are knowingly missing, by the beginning or a part of their names
MISSING = {
    "sso-admin": (),
    "identitystore": (),
    "organizations": (
        "Handshake",
        "Invite",
        "LeaveOrganization",
        "CreateOrganization",
        "DeleteOrganization",
        "CreateGovCloudAccount",
        "EnableAllFeatures",
        "ResourcePolicy",
        "EffectivePolicy",
        "ResponsibilityTransfer",
        "ListAccountsWithInvalidEffectivePolicy",
    ),
    "sts": (
        "WithSAML",
        "WithWebIdentity",
        "AssumeRoot",
        "Decode",
        "Delegated",
        "Federation",
        "GetSessionToken",
        "ScopedCredentials",
        "WebIdentityToken",
    ),
    "sso": (),
    "account-access": ("CreateApplication", "DeleteApplication", "Tag", "Untag"),
    "guardduty": (
        *("Filter", "IPSet", "ThreatIntelSet", "ThreatEntity", "TrustedEntity", "Malware", "Publishing", "Invit"),
        *("Finding", "Coverage", "Usage", "Tag", "Monitor", "Master", "Administrator", "AdminAccount"),
        *("Disassociate", "DeleteMembers", "DeleteDetector", "UpdateDetector", "MemberDetectors", "Statistics"),
        *("FreeTrial", "Investigation", "CustomDetectionRule", "Untag"),
    ),
}
#: calls to services that nobody here has
ABSENT = {"health": "describe_events", "pricing": "describe_services", "support": "describe_services"}


@pytest.mark.parametrize("service", sorted(REPLACED))
def test_every_operation_of_a_replaced_service_is_there_or_knowingly_missing(service: str) -> None:
    there = {operation for name, operation in registered() if name == service}
    for operation in get_session().get_service_model(service).operation_names:
        missing = any(part in operation for part in MISSING[service])
        assert missing or operation in there, f"{service}.{operation}"


def test_no_fake_is_for_an_operation_that_does_not_exist() -> None:
    for service, operation in registered():
        assert operation in get_session().get_service_model(service).operation_names


@pytest.mark.parametrize("service", ABSENT)
def test_an_absent_operation_is_a_clean_501(estate: Any, service: str) -> None:
    region = "us-east-1" if service in ("pricing", "support") else "ap-northeast-1"
    with pytest.raises(ClientError) as caught:
        getattr(estate.client(service, region=region), ABSENT[service])()
    answer = caught.value.response
    assert answer["Error"]["Code"] == "NotImplemented"
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert answer["ResponseMetadata"]["RequestId"]


def test_an_absent_operation_of_a_replaced_service_is_a_clean_501(estate: Any) -> None:
    with pytest.raises(ClientError, match="NotImplemented"):
        estate.client("organizations").leave_organization()


def test_a_call_nobody_knows_is_a_clean_501(estate: Any) -> None:
    import urllib3

    assert urllib3.request("POST", f"{estate.server.endpoint_url}/nothing/of/this", body=b"x").status in (403, 501)
