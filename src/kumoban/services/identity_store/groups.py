"""``identity_store.create_group/1``, ``update_group/1``, ``delete_group/1``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kumoban.aws.answers import accepted, gone
from kumoban.aws.arns import GROUPS, STORE
from kumoban.aws.errors import NotFound
from kumoban.core.action import Caller, Change, Direction, Presence, Seen, Started
from kumoban.core.needs import needs
from kumoban.services.identity_store.comparing import before_of, seen_as, wanted_of
from kumoban.services.identity_store.revision import revision

__all__ = ["CREATE_GROUP", "DELETE_GROUP", "GROUP_ACTIONS", "UPDATE_GROUP"]

CREATE_GROUP = "identity_store.create_group/1"
UPDATE_GROUP = "identity_store.update_group/1"
DELETE_GROUP = "identity_store.delete_group/1"

_ATTRIBUTES = {"display_name": "displayName", "description": "description"}
_ON = (STORE, GROUPS)
_READS = needs("identitystore", "get_group_id", "describe_group", on=_ON)


def _describe(aws: Caller, store: str, group: str) -> dict[str, Any]:
    return aws.read("identitystore", "describe_group", IdentityStoreId=store, GroupId=group)


def _described(group: Mapping[str, Any]) -> dict[str, str]:
    return {"display_name": group.get("DisplayName") or "", "description": group.get("Description") or ""}


class _Group(Change):
    def lock(self, params: Mapping[str, str]) -> str:
        return f"identitystore:group:{params.get('group') or params['display_name'].casefold()}"[:120]


class CreateGroup(_Group):
    """Parameters: ``store``, ``display_name``, ``description``. Finds ``group``, the id that AWS gives."""

    name = CREATE_GROUP
    reads = _READS
    writes = needs("identitystore", "create_group", on=(STORE,))

    def call_name(self, direction: Direction) -> str:
        return "CreateGroup"

    def look(self, aws: Caller, params: Mapping[str, str]) -> Seen:
        unique = {"UniqueAttribute": {"AttributePath": "displayName", "AttributeValue": params["display_name"]}}
        try:
            group = aws.read(
                "identitystore", "get_group_id", IdentityStoreId=params["store"], AlternateIdentifier=unique
            )["GroupId"]
        except NotFound:
            return Seen(Presence.ABSENT, {"by": "GetGroupId"})
        is_now = _described(_describe(aws, params["store"], group))
        if is_now.get("description", "") != params.get("description", ""):
            return Seen(Presence.DIFFERS, {"by": "DescribeGroup", "group": group})
        return Seen(Presence.PRESENT, {"by": "DescribeGroup", "group": group}, {"group": group})

    def send(self, aws: Caller, params: Mapping[str, str], direction: Direction) -> Started:
        said = {"DisplayName": params["display_name"]}
        if params.get("description"):
            said["Description"] = params["description"]
        return accepted(aws.mutate("identitystore", "create_group", IdentityStoreId=params["store"], **said))


class UpdateGroup(_Group):
    """Parameters: ``store``, ``group``, attributes, and with ``was.`` before them what they were when planned."""

    name = UPDATE_GROUP
    reads = _READS
    writes = needs("identitystore", "update_group", on=_ON)

    def call_name(self, direction: Direction) -> str:
        return "UpdateGroup"

    def look(self, aws: Caller, params: Mapping[str, str]) -> Seen:
        try:
            is_now = _described(_describe(aws, params["store"], params["group"]))
        except NotFound as missing:
            return gone(missing, "DescribeGroup")
        return seen_as(wanted_of(params, _ATTRIBUTES), before_of(params), is_now, "DescribeGroup")

    def send(self, aws: Caller, params: Mapping[str, str], direction: Direction) -> Started:
        group = _describe(aws, params["store"], params["group"])
        operations = [
            {"AttributePath": _ATTRIBUTES[name], **({"AttributeValue": value} if value else {})}
            for name, value in wanted_of(params, _ATTRIBUTES).items()
        ]
        answer = aws.mutate(
            "identitystore",
            "update_group",
            IdentityStoreId=params["store"],
            GroupId=params["group"],
            Operations=operations,
            **revision(group),
        )
        return accepted(answer)


class DeleteGroup(_Group):
    """Parameters: ``store``, ``group``, ``display_name`` (only said). AWS takes the memberships along."""

    name = DELETE_GROUP
    reads = _READS
    writes = needs("identitystore", "delete_group", on=_ON)

    def call_name(self, direction: Direction) -> str:
        return "DeleteGroup"

    def look(self, aws: Caller, params: Mapping[str, str]) -> Seen:
        try:
            _describe(aws, params["store"], params["group"])
        except NotFound as missing:
            return Seen(Presence.PRESENT, {"by": "DescribeGroup", "code": missing.code})
        return Seen(Presence.ABSENT, {"by": "DescribeGroup"})

    def send(self, aws: Caller, params: Mapping[str, str], direction: Direction) -> Started:
        group = _describe(aws, params["store"], params["group"])
        answer = aws.mutate(
            "identitystore",
            "delete_group",
            IdentityStoreId=params["store"],
            GroupId=params["group"],
            **revision(group),
        )
        return accepted(answer)


GROUP_ACTIONS = (CreateGroup(), UpdateGroup(), DeleteGroup())
