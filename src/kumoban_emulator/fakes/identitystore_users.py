"""Identity store: users. User names are unique whatever their case. Source: Identity Store API reference.

Extensions (manager, department, …) come back only when asked for by name, as on AWS.
"""

from __future__ import annotations

import copy
from typing import Any

from kumoban_emulator.errors import AwsError
from kumoban_emulator.fakes.identitystore_store import (
    ENTERPRISE,
    arn,
    check_revision,
    set_path,
    store_of,
    unique_value,
    user_of,
)
from kumoban_emulator.fakes.registry import Call, Params, fake, moment
from kumoban_emulator.ids import uuid4
from kumoban_emulator.paging import page
from kumoban_emulator.state.identity import IdentityStore, User

_SERVICE = "identitystore"


def _shape(store: IdentityStore, user: User, extensions: list[str] | None) -> Params:
    shape = {
        **user.attributes,
        "IdentityStoreId": store.id,
        "UserId": user.id,
        "UserArn": arn("user", user.id),
        "Revision": str(user.revision),
        "UserStatus": "ENABLED" if user.enabled else "DISABLED",
        "CreatedAt": moment(user.created),
        "UpdatedAt": moment(user.updated),
        "CreatedBy": user.created_by,
        "UpdatedBy": user.updated_by,
    }
    asked = {name: user.extensions[name] for name in extensions or () if name in user.extensions}
    if asked:
        shape["Extensions"] = asked
    return shape


@fake(_SERVICE, "CreateUser")
def create_user(call: Call, params: Params) -> Params:
    store = store_of(call, params)
    given = {key: value for key, value in params.items() if key not in ("IdentityStoreId", "Extensions")}
    if not given.get("UserName"):
        raise AwsError("ValidationException", "UserName is a required attribute.")
    _check_unique(store, given, None)
    extensions = params.get("Extensions") or {}
    _check_extensions(extensions)
    by = call.principal.arn
    user = User(uuid4(call.chance), given, extensions, call.wall, call.wall, by, by)
    store.put_user(user)
    return {
        "IdentityStoreId": store.id,
        "UserId": user.id,
        "UserArn": arn("user", user.id),
        "Revision": str(user.revision),
    }


def _check_extensions(extensions: dict[str, Any]) -> None:
    for name in extensions:
        if name != ENTERPRISE:
            raise AwsError("ValidationException", f"The extension {name} is not supported.")


def _check_unique(store: IdentityStore, attributes: dict[str, Any], own: str | None) -> None:
    holder = store.user_named(attributes["UserName"])
    if holder is not None and holder.id != own:
        raise AwsError("ConflictException", "Duplicate UserName", Reason="UNIQUENESS_CONSTRAINT_VIOLATION")
    for email in _addresses(attributes):
        holder = _user_with_email(store, email)
        if holder is not None and holder.id != own:
            raise AwsError("ConflictException", "Duplicate Email", Reason="UNIQUENESS_CONSTRAINT_VIOLATION")


def _addresses(attributes: dict[str, Any]) -> list[str]:
    return [str(email.get("Value", "")).casefold() for email in attributes.get("Emails") or () if email.get("Value")]


def _user_with_email(store: IdentityStore, email: str) -> User | None:
    return next((user for user in store.users.values() if email.casefold() in _addresses(user.attributes)), None)


@fake(_SERVICE, "DescribeUser")
def describe_user(call: Call, params: Params) -> Params:
    store = store_of(call, params)
    return _shape(store, user_of(store, params["UserId"]), params.get("Extensions"))


@fake(_SERVICE, "ListUsers")
def list_users(call: Call, params: Params) -> Params:
    store = store_of(call, params)
    users = list(store.users.values())
    for wanted in params.get("Filters") or ():
        if wanted["AttributePath"].casefold() != "username":
            raise AwsError("ValidationException", f"Filtering by {wanted['AttributePath']} is not supported.")
        named = store.user_named(wanted["AttributeValue"])
        users = [named] if named else []
    found = page(users, params, "Users", default=50)
    found["Users"] = [_shape(store, user, params.get("Extensions")) for user in found["Users"]]
    return found


@fake(_SERVICE, "UpdateUser")
def update_user(call: Call, params: Params) -> Params:
    store = store_of(call, params)
    user = user_of(store, params["UserId"])
    check_revision(user, params)
    attributes, extensions = copy.deepcopy(user.attributes), copy.deepcopy(user.extensions)
    for operation in params["Operations"]:
        set_path(attributes, extensions, operation["AttributePath"], operation.get("AttributeValue"))
    if not attributes.get("UserName"):
        raise AwsError("ValidationException", "UserName is a required attribute.")
    _check_unique(store, attributes, user.id)
    user.attributes, user.extensions = attributes, extensions
    user.revision, user.updated, user.updated_by = user.revision + 1, call.wall, call.principal.arn
    store.put_user(user)
    return {
        "IdentityStoreId": store.id,
        "UserId": user.id,
        "UserArn": arn("user", user.id),
        "Revision": str(user.revision),
    }


@fake(_SERVICE, "DeleteUser")
def delete_user(call: Call, params: Params) -> Params:
    """Memberships go too; assignments stay and name a user that is no more, as on AWS."""
    store = store_of(call, params)
    user = user_of(store, params["UserId"])
    check_revision(user, params)
    store.drop_user(user.id)
    return {}


@fake(_SERVICE, "GetUserId")
def get_user_id(call: Call, params: Params) -> Params:
    store = store_of(call, params)
    path, value = unique_value(params["AlternateIdentifier"])
    user = None
    if path == "username":
        user = store.user_named(value)
    elif path == "emails.value":
        user = _user_with_email(store, value)
    if user is None:
        raise AwsError("ResourceNotFoundException", "USER not found.", ResourceType="USER")
    return {"IdentityStoreId": store.id, "UserId": user.id, "UserArn": arn("user", user.id)}
