"""What time does: pending operations complete in the order they are due.

Called before every call, with the same times in a replay, so that a replay ends in the same state.
"""

from __future__ import annotations

import json

from kumoban_emulator.ids import role_suffix, seeded, unique_id
from kumoban_emulator.roles import Role, reserved_role_path
from kumoban_emulator.state.center import Content, Operation, Thing
from kumoban_emulator.state.organization import Creation
from kumoban_emulator.state.world import World

__all__ = ["add_member_role", "provision", "reserved_role_name", "settle", "unprovision"]


def settle(world: World, now: float) -> None:
    """Complete everything that is due at an emulated time."""
    due = [operation for operation in world.center.pending.values() if operation.due <= now]
    for operation in sorted(due, key=lambda found: found.due):
        _complete(world, operation)
    for creation in [found for found in world.organization.creations.values() if found.state == "IN_PROGRESS"]:
        if creation.due <= now:
            _open_account(world, creation)
    closing = world.organization.closing
    for account in [account for account, closes in closing.items() if closes <= now]:
        del closing[account]
        if account in world.organization.accounts:
            world.organization.accounts[account].status = "SUSPENDED"


def _complete(world: World, operation: Operation) -> None:
    del world.center.pending[operation.id]
    operation.failure = operation.failure or _obstacle(world, operation)
    operation.status = "FAILED" if operation.failure else "SUCCEEDED"
    if operation.failure:
        return
    if operation.kind == "provisioning":
        for account in operation.accounts:
            provision(world, account, operation.permission_set)
    elif operation.thing:
        change = _assign if operation.kind == "creation" else _unassign
        change(world, operation.thing, operation.created)


def _obstacle(world: World, operation: Operation) -> str:
    """What went away between the call and its completion."""
    if operation.kind == "deletion":
        return ""
    if operation.permission_set not in world.center.sets:
        return f"Received a 404 status error: PermissionSet with ARN {operation.permission_set} not found."
    for account in operation.accounts:
        if not world.is_member(account):
            return f"Received a 400 status error: Account {account} is not active."
    thing = operation.thing
    if thing and not world.store.knows(thing.principal_type, thing.principal):
        return f"Received a 404 status error: {thing.principal_type} with id {thing.principal} not found."
    return ""


def _assign(world: World, thing: Thing, when: float) -> None:
    fresh = (thing.account, thing.permission_set) not in world.center.provisioned
    world.center.assign(thing, when)
    if fresh:
        provision(world, thing.account, thing.permission_set)


def _unassign(world: World, thing: Thing, when: float) -> None:
    world.center.unassign(thing)
    if (thing.account, thing.permission_set) not in world.center.provisioned:
        unprovision(world, thing.account, thing.permission_set)


def reserved_role_name(world: World, account: str, permission_set: str) -> str:
    """``AWSReservedSSO_<name>_<16 hex digits>``; a name never changes, so neither does the role's."""
    return f"AWSReservedSSO_{world.center.sets[permission_set].name}_{role_suffix(account, permission_set)}"


def provision(world: World, account: str, permission_set: str) -> None:
    """Give the account's role the permission set's present content, making it when it is the first."""
    found = world.center.sets[permission_set]
    world.center.provisioned[account, permission_set] = found.content
    name = reserved_role_name(world, account, permission_set)
    role = world.roles.find(account, name)
    if role is None:
        chance = seeded("role-id", account, permission_set)
        role = world.roles.add(Role(account, name, unique_id(chance, "AROA"), created=found.created))
    role.path = reserved_role_path(world.center.region)
    role.permission_set, role.description, role.max_session = permission_set, found.description, 43200
    _fill(role, account, found.content)


def _fill(role: Role, account: str, content: Content) -> None:
    customer = tuple(f"arn:aws:iam::{account}:policy{path}{name}" for name, path in content.customer)
    role.managed = tuple(arn for _, arn in content.managed) + customer
    role.inline = {"AwsSSOInlinePolicy": content.inline} if content.inline else {}
    if content.boundary_customer:
        name, path = content.boundary_customer
        role.boundary = f"arn:aws:iam::{account}:policy{path}{name}"
    else:
        role.boundary = content.boundary_managed


def unprovision(world: World, account: str, permission_set: str) -> None:
    suffix = f"_{role_suffix(account, permission_set)}"
    for role in world.roles.of_account(account):
        if role.permission_set == permission_set and role.name.endswith(suffix):
            world.roles.remove(account, role.name)


def _open_account(world: World, creation: Creation) -> None:
    creation.state = "FAILED" if creation.failure else "SUCCEEDED"
    creation.completed = creation.requested + max(creation.due - creation.requested, 0)
    if not creation.failure:
        world.organization.accounts[creation.account.id] = creation.account
        world.organization.permit_everything(creation.account.id)
        for detector in world.detectors.values():
            if detector.auto_enable != "NONE":
                world.enrol(detector, creation.account, creation.due)
        add_member_role(world, creation.account.id, creation.account.joined)


def add_member_role(world: World, account: str, when: float, name: str = "OrganizationAccountAccessRole") -> Role:
    """The role through which the management account administers a member it created."""
    chance = seeded("role-id", account, name)
    return world.roles.add(
        Role(
            account,
            name,
            unique_id(chance, "AROA"),
            trusts=(f"arn:aws:iam::{world.organization.management}:root",),
            managed=("arn:aws:iam::aws:policy/AdministratorAccess",),
            created=when,
        )
    )


def policy_text(*statements: dict[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, separators=(",", ":"))
