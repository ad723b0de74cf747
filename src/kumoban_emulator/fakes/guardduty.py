"""GuardDuty's detectors and members, as the delegated administrator sees them.

An account of the organisation becomes a member without an invitation. What cannot be is not an error of the call: it
stands in UnprocessedAccounts. Source: botocore's model of 2017-11-28; GuardDuty API reference, CreateMembers.
"""

from __future__ import annotations

from typing import Any

from kumoban_emulator.errors import AwsError
from kumoban_emulator.fakes.registry import Call, Params, fake, moment
from kumoban_emulator.ids import hexa
from kumoban_emulator.paging import page
from kumoban_emulator.state.guardduty import SERVICE, Detector, Member

__all__: list[str] = []

_REFUSED = "BadRequestException"


def _bad(message: str) -> AwsError:
    return AwsError(_REFUSED, f"The request is rejected because {message}", 400)


def _detector(call: Call, params: Params) -> Detector:
    found = call.world.detectors.get((call.account, call.region))
    if found is None or found.id != params["DetectorId"]:
        raise _bad("the input detectorId is not owned by the current account.")
    return found


def _administered(call: Call, params: Params) -> Detector:
    """The detector, where its account is the organisation's administrator of GuardDuty."""
    found = _detector(call, params)
    if not call.world.organization.is_delegated(call.account, SERVICE):
        raise _bad("the current account is not the GuardDuty delegated administrator of the organization.")
    return found


@fake("guardduty", "CreateDetector")
def create_detector(call: Call, params: Params) -> Params:
    if (call.account, call.region) in call.world.detectors:
        raise _bad("a detector already exists for the current account.")
    made = Detector(hexa(call.chance, 32), call.account, call.region, call.now)
    call.world.detectors[call.account, call.region] = made
    return {"DetectorId": made.id}


@fake("guardduty", "ListDetectors")
def list_detectors(call: Call, params: Params) -> Params:
    found = call.world.detectors.get((call.account, call.region))
    return page([found.id] if found else [], params, "DetectorIds", error=_REFUSED)


@fake("guardduty", "GetDetector")
def get_detector(call: Call, params: Params) -> Params:
    found = _detector(call, params)
    role = f"arn:aws:iam::{found.account}:role/aws-service-role/{SERVICE}/AWSServiceRoleForAmazonGuardDuty"
    return {"CreatedAt": moment(found.created).isoformat(), "ServiceRole": role, "Status": "ENABLED", "Tags": {}}


@fake("guardduty", "DescribeOrganizationConfiguration")
def describe_organization(call: Call, params: Params) -> Params:
    auto = _administered(call, params).auto_enable
    return {
        "AutoEnable": auto != "NONE",
        "AutoEnableOrganizationMembers": auto,
        "MemberAccountLimitReached": False,
    }


@fake("guardduty", "UpdateOrganizationConfiguration")
def update_organization(call: Call, params: Params) -> Params:
    detector = _administered(call, params)
    detector.auto_enable = params.get("AutoEnableOrganizationMembers") or (
        "NEW" if params.get("AutoEnable") else "NONE"
    )
    if detector.auto_enable == "ALL":
        for account in call.world.organization.accounts.values():
            if account.id != detector.account:
                call.world.enrol(detector, account, call.now)
    return {}


@fake("guardduty", "CreateMembers")
def create_members(call: Call, params: Params) -> Params:
    detector, refused = _administered(call, params), []
    for detail in params["AccountDetails"]:
        account = call.world.organization.accounts.get(detail["AccountId"])
        if account is None or account.id == detector.account:
            why = "the given account ID is not a member of the organization of the current account."
        elif account.id in detector.members:
            why = "the given account ID is already a member or associated member of the current account."
        else:
            call.world.enrol(detector, account, call.now)
            continue
        refused.append({"AccountId": detail["AccountId"], "Result": f"The request is rejected because {why}"})
    return {"UnprocessedAccounts": refused}


@fake("guardduty", "GetMembers")
def get_members(call: Call, params: Params) -> Params:
    detector = _detector(call, params)
    wanted = params["AccountIds"]
    why = "The request is rejected because the given account ID is not an associated member of the current account."
    return {
        "Members": [_shown(call, detector, detector.members[one]) for one in wanted if one in detector.members],
        "UnprocessedAccounts": [{"AccountId": one, "Result": why} for one in wanted if one not in detector.members],
    }


@fake("guardduty", "ListMembers")
def list_members(call: Call, params: Params) -> Params:
    detector = _detector(call, params)
    shown = [_shown(call, detector, member) for member in detector.members.values()]
    if params.get("OnlyAssociated", "true").casefold() == "true":
        shown = [one for one in shown if one["RelationshipStatus"] not in ("Created", "Removed", "Resigned")]
    return page(shown, params, "Members", default=50, error=_REFUSED)


def _shown(call: Call, detector: Detector, member: Member) -> dict[str, Any]:
    status = member.ended or ("Enabled" if member.enabled <= call.now else "Created")
    return {
        "AccountId": member.account,
        "MasterId": detector.account,
        "AdministratorId": detector.account,
        "Email": member.email,
        "RelationshipStatus": status,
        "InvitedAt": moment(member.invited).isoformat(),
        "UpdatedAt": moment(member.invited).isoformat(),
    }
