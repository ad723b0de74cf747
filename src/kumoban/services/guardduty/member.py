"""``guardduty.member/1``: an account as a member of the organisation's GuardDuty in one region.

Where the organisation makes its accounts members by itself nothing is sent: it is looked for until it is there, which
AWS says may take up to 24 hours. What AWS refuses about an account stands in an answer that is otherwise a success.
Source: GuardDuty API reference, CreateMembers, DescribeOrganizationConfiguration.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from kumoban.aws.answers import accepted
from kumoban.aws.errors import AwsError
from kumoban.core.action import Caller, Change, Direction, Presence, Seen, Started
from kumoban.core.needs import needs

__all__ = ["GUARDDUTY_MEMBER", "GuardDutyMember"]

GUARDDUTY_MEMBER = "guardduty.member/1"

#: what AWS shows on the way to ``Enabled``
_ON_THE_WAY = frozenset({"Created", "Invited", "EmailVerificationInProgress"})
_BY_ITSELF_WITHIN = timedelta(hours=24)


class GuardDutyMember(Change):
    """Parameters: ``account``, ``email`` (its root user's), ``administrator``, ``region``, ``detector``."""

    name = GUARDDUTY_MEMBER
    reads = needs("guardduty", "get_members", "describe_organization_configuration")
    #: in the administrator's account, which may be the desk's own
    writes = needs("guardduty", "create_members", at="member") | needs("guardduty", "create_members")

    def lock(self, params: Mapping[str, str]) -> str:
        return f"guardduty:{params['administrator']}:{params['region']}"

    def call_name(self, direction: Direction) -> str:
        return "CreateMembers"

    def look(self, aws: Caller, params: Mapping[str, str]) -> Seen:
        where = {"account": params["administrator"], "region": params["region"]}
        of = {"DetectorId": params["detector"]}
        found = aws.read("guardduty", "get_members", **where, **of, AccountIds=[params["account"]])["Members"]
        evidence = {"by": "GetMembers", "detector": params["detector"]}
        if found:
            status = str(found[0]["RelationshipStatus"])
            return Seen(_presence(status), {**evidence, "status": status}, within=_BY_ITSELF_WITHIN)
        by_itself = aws.read("guardduty", "describe_organization_configuration", **where, **of)
        auto = by_itself.get("AutoEnableOrganizationMembers") or ("NEW" if by_itself.get("AutoEnable") else "NONE")
        presence = Presence.ABSENT if auto == "NONE" else Presence.ARRIVING
        return Seen(presence, {**evidence, "auto_enable": auto}, within=_BY_ITSELF_WITHIN)

    def send(self, aws: Caller, params: Mapping[str, str], direction: Direction) -> Started:
        answer = aws.mutate(
            "guardduty",
            "create_members",
            account=params["administrator"],
            region=params["region"],
            DetectorId=params["detector"],
            AccountDetails=[{"AccountId": params["account"], "Email": params["email"]}],
        )
        for refused in answer.get("UnprocessedAccounts") or ():
            request_id = str(answer.get("ResponseMetadata", {}).get("RequestId", ""))
            raise AwsError("UnprocessedAccount", str(refused.get("Result", "")), request_id)
        return accepted(answer)


def _presence(status: str) -> Presence:
    """Suspended, removed or resigned is somebody's decision, and not overwritten."""
    if status == "Enabled":
        return Presence.PRESENT
    return Presence.ARRIVING if status in _ON_THE_WAY else Presence.DIFFERS
