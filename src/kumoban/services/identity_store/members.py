"""``identity_store.add_member/1``, ``remove_member/1``: who is in which group."""

from __future__ import annotations

from collections.abc import Mapping

from kumoban.aws.answers import accepted
from kumoban.aws.arns import GROUPS, MEMBERSHIPS, STORE, USERS
from kumoban.aws.errors import NotFound
from kumoban.core.action import Caller, Change, Direction, Presence, Seen, Started
from kumoban.core.needs import needs

__all__ = ["ADD_MEMBER", "MEMBER_ACTIONS", "REMOVE_MEMBER"]

ADD_MEMBER = "identity_store.add_member/1"
REMOVE_MEMBER = "identity_store.remove_member/1"

_ON = (STORE, USERS, GROUPS, MEMBERSHIPS)


class _Member(Change):
    """Parameters: ``store``, ``group``, ``user``."""

    reads = needs("identitystore", "get_group_membership_id", on=_ON)

    def lock(self, params: Mapping[str, str]) -> str:
        return f"identitystore:member:{params['group']}:{params['user']}"[:120]

    def _membership(self, aws: Caller, params: Mapping[str, str]) -> str:
        """The membership's id. Raises NotFound: not in the group, or no such user or group."""
        answer = aws.read(
            "identitystore",
            "get_group_membership_id",
            IdentityStoreId=params["store"],
            GroupId=params["group"],
            MemberId={"UserId": params["user"]},
        )
        return str(answer["MembershipId"])

    def _there(self, aws: Caller, params: Mapping[str, str]) -> bool:
        try:
            self._membership(aws, params)
        except NotFound:
            return False
        return True

    def _seen(self, as_wanted: bool) -> Seen:
        return Seen(Presence.PRESENT if as_wanted else Presence.ABSENT, {"by": "GetGroupMembershipId"})


class AddMember(_Member):
    name = ADD_MEMBER
    writes = needs("identitystore", "create_group_membership", on=(STORE, USERS, GROUPS))

    def call_name(self, direction: Direction) -> str:
        return "CreateGroupMembership"

    def look(self, aws: Caller, params: Mapping[str, str]) -> Seen:
        return self._seen(self._there(aws, params))

    def send(self, aws: Caller, params: Mapping[str, str], direction: Direction) -> Started:
        answer = aws.mutate(
            "identitystore",
            "create_group_membership",
            IdentityStoreId=params["store"],
            GroupId=params["group"],
            MemberId={"UserId": params["user"]},
        )
        return accepted(answer)


class RemoveMember(_Member):
    name = REMOVE_MEMBER
    writes = needs("identitystore", "delete_group_membership", on=_ON)

    def call_name(self, direction: Direction) -> str:
        return "DeleteGroupMembership"

    def look(self, aws: Caller, params: Mapping[str, str]) -> Seen:
        return self._seen(not self._there(aws, params))

    def send(self, aws: Caller, params: Mapping[str, str], direction: Direction) -> Started:
        membership = self._membership(aws, params)
        answer = aws.mutate(
            "identitystore", "delete_group_membership", IdentityStoreId=params["store"], MembershipId=membership
        )
        return accepted(answer)


MEMBER_ACTIONS = (AddMember(), RemoveMember())
