"""Identity store: groups. Display names are unique. Source: Identity Store API reference."""

from __future__ import annotations

import copy
from typing import Any

from kumoban_emulator.errors import AwsError
from kumoban_emulator.fakes.identitystore_store import (
    arn,
    check_revision,
    group_of,
    set_path,
    store_of,
    unique_value,
)
from kumoban_emulator.fakes.registry import Call, Params, fake, moment
from kumoban_emulator.ids import uuid4
from kumoban_emulator.paging import page
from kumoban_emulator.state.identity import Group, IdentityStore

_SERVICE = "identitystore"


def _shape(store: IdentityStore, group: Group) -> Params:
    return {
        **group.attributes,
        "IdentityStoreId": store.id,
        "GroupId": group.id,
        "GroupArn": arn("group", group.id),
        "Revision": str(group.revision),
        "CreatedAt": moment(group.created),
        "UpdatedAt": moment(group.updated),
        "CreatedBy": group.created_by,
        "UpdatedBy": group.updated_by,
    }


def _brief(store: IdentityStore, group: Group) -> Params:
    return {
        "IdentityStoreId": store.id,
        "GroupId": group.id,
        "GroupArn": arn("group", group.id),
        "Revision": str(group.revision),
    }


def _check_unique(store: IdentityStore, attributes: dict[str, Any], own: str | None) -> None:
    name = attributes.get("DisplayName")
    holder = store.group_named(name) if name else None
    if holder is not None and holder.id != own:
        raise AwsError("ConflictException", "Duplicate GroupDisplayName", Reason="UNIQUENESS_CONSTRAINT_VIOLATION")


@fake(_SERVICE, "CreateGroup")
def create_group(call: Call, params: Params) -> Params:
    store = store_of(call, params)
    given = {key: value for key, value in params.items() if key != "IdentityStoreId"}
    _check_unique(store, given, None)
    by = call.principal.arn
    group = store.put_group(Group(uuid4(call.chance), given, call.wall, call.wall, by, by))
    return _brief(store, group)


@fake(_SERVICE, "DescribeGroup")
def describe_group(call: Call, params: Params) -> Params:
    store = store_of(call, params)
    return _shape(store, group_of(store, params["GroupId"]))


@fake(_SERVICE, "ListGroups")
def list_groups(call: Call, params: Params) -> Params:
    store = store_of(call, params)
    groups = list(store.groups.values())
    for wanted in params.get("Filters") or ():
        if wanted["AttributePath"].casefold() != "displayname":
            raise AwsError("ValidationException", f"Filtering by {wanted['AttributePath']} is not supported.")
        named = store.group_named(wanted["AttributeValue"])
        groups = [named] if named else []
    found = page(groups, params, "Groups", default=50)
    found["Groups"] = [_shape(store, group) for group in found["Groups"]]
    return found


@fake(_SERVICE, "UpdateGroup")
def update_group(call: Call, params: Params) -> Params:
    store = store_of(call, params)
    group = group_of(store, params["GroupId"])
    check_revision(group, params)
    attributes = copy.deepcopy(group.attributes)
    for operation in params["Operations"]:
        set_path(attributes, {}, operation["AttributePath"], operation.get("AttributeValue"))
    _check_unique(store, attributes, group.id)
    group.attributes = attributes
    group.revision, group.updated, group.updated_by = group.revision + 1, call.wall, call.principal.arn
    return _brief(store, store.put_group(group))


@fake(_SERVICE, "DeleteGroup")
def delete_group(call: Call, params: Params) -> Params:
    """Memberships go too; assignments stay and name a group that is no more, as on AWS."""
    store = store_of(call, params)
    group = group_of(store, params["GroupId"])
    check_revision(group, params)
    store.drop_group(group.id)
    return {}


@fake(_SERVICE, "GetGroupId")
def get_group_id(call: Call, params: Params) -> Params:
    store = store_of(call, params)
    path, value = unique_value(params["AlternateIdentifier"])
    group = store.group_named(value) if path == "displayname" else None
    if group is None:
        raise AwsError("ResourceNotFoundException", "GROUP not found.", ResourceType="GROUP")
    return {"IdentityStoreId": store.id, "GroupId": group.id, "GroupArn": arn("group", group.id)}
