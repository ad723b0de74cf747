"""GuardDuty of the organisation: its administrator covers accounts, each a little later; others are refused."""

from __future__ import annotations

from typing import Any

import pytest

from kumoban_emulator.ids import hexa, seeded
from tests.integration.kumoban_emulator.refusals import refused

_SERVICE = "guardduty.amazonaws.com"


@pytest.fixture
def guardduty(estate: Any) -> Any:
    """By the desk's account, which administers GuardDuty here."""
    world = estate.server.engine.world
    world.organization.delegated[_SERVICE] = {world.delegate: 0.0}
    return estate.client("guardduty")


@pytest.fixture
def detector(guardduty: Any) -> str:
    return str(guardduty.create_detector(Enable=True)["DetectorId"])


def status(guardduty: Any, detector: str, account: str) -> str:
    found = guardduty.get_members(DetectorId=detector, AccountIds=[account])
    return str(found["Members"][0]["RelationshipStatus"]) if found["Members"] else ""


def test_an_account_of_the_organisation_is_enabled_a_little_after_it_was_made_a_member(
    estate: Any, guardduty: Any, detector: str
) -> None:
    account = estate.account("payments-dev")
    asked = {"DetectorId": detector, "AccountDetails": [{"AccountId": account, "Email": "a@example.com"}]}
    assert status(guardduty, detector, account) == ""
    assert guardduty.create_members(**asked)["UnprocessedAccounts"] == []
    assert status(guardduty, detector, account) == "Created"
    estate.server.admin.advance(5)
    assert status(guardduty, detector, account) == "Enabled"
    assert [one["AccountId"] for one in guardduty.list_members(DetectorId=detector)["Members"]] == [account]
    again = guardduty.create_members(**asked)["UnprocessedAccounts"]
    assert again[0]["AccountId"] == account
    assert "already" in again[0]["Result"]


def test_what_is_not_in_the_organisation_is_left_over_and_other_detectors_are_refused(
    guardduty: Any, detector: str
) -> None:
    foreign = [{"AccountId": "999999999999", "Email": "a@example.com"}]
    left = guardduty.create_members(DetectorId=detector, AccountDetails=foreign)["UnprocessedAccounts"]
    assert [one["AccountId"] for one in left] == ["999999999999"]
    other = hexa(seeded("other"), 32)
    assert refused(guardduty.list_members, DetectorId=other) == "BadRequestException"
    assert refused(guardduty.create_detector, Enable=True) == "BadRequestException"


def test_the_organisation_takes_all_accounts_in_where_its_administrator_says_so(
    estate: Any, guardduty: Any, detector: str
) -> None:
    described = guardduty.describe_organization_configuration(DetectorId=detector)
    assert described["AutoEnableOrganizationMembers"] == "NONE"
    guardduty.update_organization_configuration(DetectorId=detector, AutoEnableOrganizationMembers="ALL")
    estate.server.admin.advance(5)
    assert status(guardduty, detector, estate.account("payments-prod")) == "Enabled"


def test_only_the_delegated_administrator_is_told_about_the_organisation(
    estate: Any, guardduty: Any, detector: str
) -> None:
    estate.server.engine.world.organization.delegated[_SERVICE] = {}
    assert refused(guardduty.describe_organization_configuration, DetectorId=detector) == "BadRequestException"
