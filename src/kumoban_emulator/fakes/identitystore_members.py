"""Identity store: who is in which group. Source: Identity Store API reference."""

from __future__ import annotations

from kumoban_emulator.errors import AwsError
from kumoban_emulator.fakes.identitystore_store import arn, bare, group_of, membership_of, store_of, user_of
from kumoban_emulator.fakes.registry import Call, Params, fake, moment
from kumoban_emulator.ids import uuid4
from kumoban_emulator.paging import page
from kumoban_emulator.state.identity import IdentityStore, Membership

_SERVICE = "identitystore"


def _shape(store: IdentityStore, membership: Membership) -> Params:
    return {
        "IdentityStoreId": store.id,
        "MembershipId": membership.id,
        "MembershipArn": arn("membership", membership.id),
        "GroupId": membership.group,
        "MemberId": {"UserId": membership.user},
        "CreatedAt": moment(membership.created),
        "UpdatedAt": moment(membership.created),
        "CreatedBy": membership.created_by,
        "UpdatedBy": membership.created_by,
    }


def _brief(store: IdentityStore, membership: Membership) -> Params:
    return {
        "IdentityStoreId": store.id,
        "MembershipId": membership.id,
        "MembershipArn": arn("membership", membership.id),
    }


def _member(store: IdentityStore, params: Params) -> str:
    return user_of(store, params["MemberId"].get("UserId", "")).id


@fake(_SERVICE, "CreateGroupMembership")
def create_membership(call: Call, params: Params) -> Params:
    store = store_of(call, params)
    group, user = group_of(store, params["GroupId"]).id, _member(store, params)
    if store.membership(group, user):
        raise AwsError(
            "ConflictException",
            "Member and Group relationship already exists.",
            Reason="UNIQUENESS_CONSTRAINT_VIOLATION",
        )
    return _brief(
        store, store.put_membership(Membership(uuid4(call.chance), group, user, call.wall, call.principal.arn))
    )


@fake(_SERVICE, "DeleteGroupMembership")
def delete_membership(call: Call, params: Params) -> Params:
    store = store_of(call, params)
    store.drop_membership(membership_of(store, params["MembershipId"]).id)
    return {}


@fake(_SERVICE, "DescribeGroupMembership")
def describe_membership(call: Call, params: Params) -> Params:
    store = store_of(call, params)
    return _shape(store, membership_of(store, params["MembershipId"]))


@fake(_SERVICE, "GetGroupMembershipId")
def get_membership_id(call: Call, params: Params) -> Params:
    store = store_of(call, params)
    group, user = group_of(store, params["GroupId"]).id, _member(store, params)
    found = store.membership(group, user)
    if found is None:
        raise AwsError("ResourceNotFoundException", "GROUP_MEMBERSHIP not found.", ResourceType="GROUP_MEMBERSHIP")
    return _brief(store, found)


@fake(_SERVICE, "ListGroupMemberships")
def list_memberships(call: Call, params: Params) -> Params:
    store = store_of(call, params)
    members = store.members(group_of(store, params["GroupId"]).id)
    return page([_shape(store, membership) for membership in members], params, "GroupMemberships")


@fake(_SERVICE, "ListGroupMembershipsForMember")
def list_memberships_of(call: Call, params: Params) -> Params:
    store = store_of(call, params)
    groups = store.groups_of(_member(store, params))
    return page([_shape(store, membership) for membership in groups], params, "GroupMemberships")


@fake(_SERVICE, "IsMemberInGroups")
def is_member(call: Call, params: Params) -> Params:
    store = store_of(call, params)
    user = _member(store, params)
    results = [
        {
            "GroupId": group,
            "MemberId": {"UserId": user},
            "MembershipExists": store.membership(bare(group), user) is not None,
        }
        for group in params["GroupIds"]
    ]
    return {"Results": results}
