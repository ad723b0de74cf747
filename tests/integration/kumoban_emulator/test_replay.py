"""Whatever was done, performing the journal again gives the same world: ids, times, roles, pending operations."""

from __future__ import annotations

import contextlib
import random
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from kumoban_emulator.engine import Engine
from kumoban_emulator.server import EmulatorServer
from kumoban_emulator.state.settle import settle
from kumoban_emulator.state.world import World


class Hand:
    """Somebody who does things at random, many of which are refused."""

    def __init__(self, server: EmulatorServer, seed: int) -> None:
        self.chance, self.server, self.world = random.Random(seed), server, server.engine.world
        key, secret, _ = server.credentials("kumoban-management")
        where: dict[str, Any] = {
            "endpoint_url": server.endpoint_url,
            "region_name": "ap-northeast-1",
            "aws_access_key_id": key,
            "aws_secret_access_key": secret,
            "config": Config(retries={"total_max_attempts": 1}),
        }
        self.sso, self.people = boto3.client("sso-admin", **where), boto3.client("identitystore", **where)
        self.organizations, self.sts = boto3.client("organizations", **where), boto3.client("sts", **where)
        self.of = {"InstanceArn": self.world.center.instance}
        self.store = {"IdentityStoreId": self.world.store.id}

    def act(self) -> None:
        deeds = [
            self.assign,
            self.assign,
            self.unassign,
            self.unassign,
            self.join,
            self.rename,
            self.drop_user,
            self.new_set,
            self.edit_set,
            self.provision,
            self.assume,
            self.open_account,
            self.close_account,
            self.wait,
            self.fail_next,
        ]
        with contextlib.suppress(ClientError):
            self.chance.choice(deeds)()

    def _thing(self) -> dict[str, str]:
        accounts = [found.id for found in self.world.organization.accounts.values()][:6]
        return {
            **self.of,
            "TargetId": self.chance.choice(accounts),
            "TargetType": "AWS_ACCOUNT",
            "PermissionSetArn": self.chance.choice(list(self.world.center.sets)[:3]),
            "PrincipalType": "USER",
            "PrincipalId": self.chance.choice(list(self.world.store.users)[:3]),
        }

    def assign(self) -> None:
        self.sso.create_account_assignment(**self._thing())

    def unassign(self) -> None:
        self.sso.delete_account_assignment(**self._thing())

    def join(self) -> None:
        pair = (self.chance.choice(list(self.world.store.groups)), self.chance.choice(list(self.world.store.users)))
        self.people.create_group_membership(**self.store, GroupId=pair[0], MemberId={"UserId": pair[1]})

    def rename(self) -> None:
        change = [{"AttributePath": "displayName", "AttributeValue": f"新 {self.chance.randrange(9)}"}]
        user = self.chance.choice(list(self.world.store.users))
        self.people.update_user(**self.store, UserId=user, Operations=change)

    def drop_user(self) -> None:
        self.people.delete_user(**self.store, UserId=self.chance.choice(list(self.world.store.users)))

    def new_set(self) -> None:
        self.sso.create_permission_set(**self.of, Name=f"Set{self.chance.randrange(5)}")

    def edit_set(self) -> None:
        arn = self.chance.choice(list(self.world.center.sets)[:3])
        policy = f"arn:aws:iam::aws:policy/P{self.chance.randrange(9)}"
        self.sso.attach_managed_policy_to_permission_set(**self.of, PermissionSetArn=arn, ManagedPolicyArn=policy)

    def provision(self) -> None:
        arn = self.chance.choice(list(self.world.center.sets)[:3])
        self.sso.provision_permission_set(**self.of, PermissionSetArn=arn, TargetType="ALL_PROVISIONED_ACCOUNTS")

    def assume(self) -> None:
        account = self.chance.choice(list(self.world.organization.accounts))
        role = f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole"
        self.sts.assume_role(RoleArn=role, RoleSessionName="KB-1")

    def open_account(self) -> None:
        number = self.chance.randrange(4)
        self.organizations.create_account(Email=f"a{number}@b.example", AccountName=f"new-{number}")

    def close_account(self) -> None:
        self.organizations.close_account(AccountId=self.chance.choice(list(self.world.organization.accounts)[-5:]))

    def wait(self) -> None:
        self.server.admin.advance(self.chance.choice([1, 5, 20]))

    def fail_next(self) -> None:
        self.server.admin.identity_center(fail_next={"reason": f"no {self.chance.randrange(9)}"})


def _all(world: World, now: float) -> dict[str, Any]:
    settle(world, now)
    return {
        "organization": world.organization,
        "store": world.store,
        "center": world.center,
        "roles": {role.arn: role for role in world.roles},
        "keys": {key.access_key: key for key in world.keys},
        "settings": world.settings,
        "logins": world.logins,
    }


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_a_replay_ends_in_the_same_world(tmp_path: Path, seed: int) -> None:
    settings = {"creation_delay": 10.0, "deletion_delay": 15.0, "enforce_limits": False}
    with EmulatorServer("demo", state=tmp_path, **settings) as server:
        hand = Hand(server, seed)
        for _ in range(120):
            hand.act()
        first, now = server.engine.world, server.engine.clock.now() + 1000
    again = Engine("demo", tmp_path, **settings)
    try:
        assert _all(again.world, now) == _all(first, now)
        assert len(first.center.operations) > 5
    finally:
        again.close()
