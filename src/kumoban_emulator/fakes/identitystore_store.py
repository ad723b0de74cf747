"""What the identity store's operations share: the store, its ARNs, attribute paths, revisions."""

from __future__ import annotations

from typing import Any

from kumoban_emulator.errors import AwsError, denied
from kumoban_emulator.fakes.registry import Call, Params, fake
from kumoban_emulator.state.identity import Group, IdentityStore, Membership, User

__all__ = [
    "arn",
    "bare",
    "check_revision",
    "group_of",
    "membership_of",
    "set_path",
    "store_of",
    "unique_value",
    "user_of",
]

_SERVICE = "identitystore"
ENTERPRISE = "aws:identitystore:enterprise"


def store_of(call: Call, params: Params) -> IdentityStore:
    world = call.world
    if call.account not in (world.organization.management, world.delegate):
        raise denied(f"User: {call.principal.arn} is not authorized to perform: identitystore:{call.operation}")
    if params["IdentityStoreId"] != world.store.id:
        raise AwsError("ResourceNotFoundException", "IdentityStore not found.", ResourceType="IDENTITY_STORE")
    return world.store


def arn(kind: str, identifier: str) -> str:
    return f"arn:aws:identitystore:::{kind}/{identifier}"


def bare(identifier: str) -> str:
    """An id that may have been given as an ARN."""
    return identifier.rsplit("/", 1)[-1]


def _missing(kind: str) -> AwsError:
    return AwsError("ResourceNotFoundException", f"{kind} not found.", ResourceType=kind)


def user_of(store: IdentityStore, identifier: str) -> User:
    found = store.users.get(bare(identifier))
    if found is None:
        raise _missing("USER")
    return found


def group_of(store: IdentityStore, identifier: str) -> Group:
    found = store.groups.get(bare(identifier))
    if found is None:
        raise _missing("GROUP")
    return found


def membership_of(store: IdentityStore, identifier: str) -> Membership:
    found = store.memberships.get(bare(identifier))
    if found is None:
        raise _missing("GROUP_MEMBERSHIP")
    return found


def check_revision(held: User | Group, params: Params) -> None:
    """Compare and swap: an update for another revision is refused."""
    wanted = params.get("Revision")
    if wanted is not None and wanted != str(held.revision):
        raise AwsError("ConflictException", "The revision does not match.", Reason="CONCURRENT_MODIFICATION")


def unique_value(identifier: Params) -> tuple[str, str]:
    """(lower-case attribute path, value) of an AlternateIdentifier."""
    unique = identifier.get("UniqueAttribute")
    if not unique:
        return "externalid", str((identifier.get("ExternalId") or {}).get("Id"))
    return unique["AttributePath"].casefold(), str(unique["AttributeValue"])


def set_path(attributes: dict[str, Any], extensions: dict[str, dict[str, Any]], path: str, value: Any) -> None:
    """Apply one AttributeOperation: ``userName``, ``name.familyName``, ``aws:identitystore:enterprise.title``."""
    if ":" in path:
        name, _, rest = path.partition(".")
        if name != ENTERPRISE:
            raise AwsError("ValidationException", f"The extension {name} is not supported.")
        _assign(extensions.setdefault(name, {}) if rest else extensions, rest.split(".") if rest else [name], value)
        return
    _assign(attributes, [_member(part) for part in path.split(".")], _members(value))


def _assign(target: dict[str, Any], parts: list[str], value: Any) -> None:
    for part in parts[:-1]:
        target = target.setdefault(part, {})
    if value is None:
        target.pop(parts[-1], None)
    else:
        target[parts[-1]] = value


def _member(name: str) -> str:
    return name[:1].upper() + name[1:]


def _members(value: Any) -> Any:
    """A document with the model's member names, whatever their first letter was."""
    if isinstance(value, dict):
        return {_member(key): _members(item) for key, item in value.items()}
    return [_members(item) for item in value] if isinstance(value, list) else value


@fake(_SERVICE, "DescribeIdentityStore")
def describe_store(call: Call, params: Params) -> Params:
    store = store_of(call, params)
    return _store_shape(store) | ({"NetworkConfiguration": store.network} if store.network else {})


@fake(_SERVICE, "UpdateIdentityStore")
def update_store(call: Call, params: Params) -> Params:
    store = store_of(call, params)
    store.network = params.get("NetworkConfiguration") or store.network
    return _store_shape(store)


@fake(_SERVICE, "ListIdentityStores")
def list_stores(call: Call, params: Params) -> Params:
    return {"IdentityStores": [_store_shape(store_of(call, {"IdentityStoreId": call.world.store.id}))]}


def _store_shape(store: IdentityStore) -> Params:
    return {
        "IdentityStoreId": store.id,
        "IdentityStoreArn": f"arn:aws:identitystore::{store.owner}:identitystore/{store.id}",
    }
