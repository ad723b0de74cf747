"""``ec2.remove_default_vpc/1``: the VPC that every new account has in every region, with what AWS put into it.

Several calls, one a turn, each decided by what is still there: the internet gateway is marked, detached and deleted,
the subnets, then the VPC. A detached gateway says nothing of where it was: only one that bears the VPC's mark is
deleted. A VPC in which anything else is (a network interface) is left and told.
Source: Amazon VPC user guide, "Default VPCs".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kumoban.aws.answers import accepted
from kumoban.core.action import Caller, Change, Direction, Presence, Seen, Started
from kumoban.core.needs import needs

__all__ = ["REMOVE_DEFAULT_VPC", "RemoveDefaultVpc"]

REMOVE_DEFAULT_VPC = "ec2.remove_default_vpc/1"

#: on a gateway that is to go, with the id of the VPC it was in
_MARK = "kumoban:default-vpc"


class RemoveDefaultVpc(Change):
    """Parameters: ``account``, ``region``."""

    name = REMOVE_DEFAULT_VPC
    reads = needs(
        "ec2",
        "describe_vpcs",
        "describe_subnets",
        "describe_internet_gateways",
        "describe_network_interfaces",
        at="member",
    )
    writes = needs(
        "ec2",
        "create_tags",
        "detach_internet_gateway",
        "delete_internet_gateway",
        "delete_subnet",
        "delete_vpc",
        at="member",
    )

    def lock(self, params: Mapping[str, str]) -> str:
        return f"ec2:vpc:{params['account']}:{params['region']}"

    def call_name(self, direction: Direction) -> str:
        return "DeleteVpc"

    def look(self, aws: Caller, params: Mapping[str, str]) -> Seen:
        vpc = self._default(aws, params)
        if vpc is None:
            return Seen(Presence.PRESENT, {"by": "DescribeVpcs"})
        if self._listed(aws, params, "network_interfaces", vpc):
            return Seen(Presence.DIFFERS, {"by": "DescribeNetworkInterfaces", "vpc": vpc})
        return Seen(Presence.PARTLY, {"by": "DescribeVpcs", "vpc": vpc})

    def send(self, aws: Caller, params: Mapping[str, str], direction: Direction) -> Started:
        operation, wanted = self._next(aws, params)
        where = {"account": params["account"], "region": params["region"]}
        answer = aws.mutate("ec2", operation, **where, **wanted)
        return accepted(answer)

    def _next(self, aws: Caller, params: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
        """The one call that takes the next thing away; of the VPC itself where nothing else is left."""
        vpc = self._default(aws, params) or ""
        for gateway in self._listed(aws, params, "internet_gateways", vpc, "attachment.vpc-id"):
            if not _marked(gateway, vpc):
                mark = {"Key": _MARK, "Value": vpc}
                return "create_tags", {"Resources": [gateway["InternetGatewayId"]], "Tags": [mark]}
            return "detach_internet_gateway", {"InternetGatewayId": gateway["InternetGatewayId"], "VpcId": vpc}
        for gateway in self._listed(aws, params, "internet_gateways", vpc, f"tag:{_MARK}"):
            if not gateway.get("Attachments"):
                return "delete_internet_gateway", {"InternetGatewayId": gateway["InternetGatewayId"]}
        for subnet in self._listed(aws, params, "subnets", vpc):
            return "delete_subnet", {"SubnetId": subnet["SubnetId"]}
        return "delete_vpc", {"VpcId": vpc}

    def _default(self, aws: Caller, params: Mapping[str, str]) -> str | None:
        found = self._listed(aws, params, "vpcs", "true", "is-default")
        return str(found[0]["VpcId"]) if found else None

    def _listed(
        self, aws: Caller, params: Mapping[str, str], what: str, value: str, name: str = "vpc-id"
    ) -> list[dict[str, Any]]:
        """All of one kind in this region that one filter lets through."""
        answer = aws.read(
            "ec2",
            f"describe_{what}",
            account=params["account"],
            region=params["region"],
            by="operator",
            Filters=[{"Name": name, "Values": [value]}],
        )
        key = "".join(part.capitalize() for part in what.split("_"))
        found: list[dict[str, Any]] = answer[key]
        return found


def _marked(gateway: Mapping[str, Any], vpc: str) -> bool:
    return {"Key": _MARK, "Value": vpc} in (gateway.get("Tags") or [])
