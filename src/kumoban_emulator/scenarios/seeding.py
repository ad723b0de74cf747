"""Building an estate directly, without calls: every id follows from a name."""

from __future__ import annotations

import calendar
import json
from dataclasses import dataclass
from typing import Any

from kumoban_emulator.ids import access_key, alnum, hexa, secret, seeded, unique_id, uuid4
from kumoban_emulator.keys import Key, Principal
from kumoban_emulator.permissions import documents
from kumoban_emulator.roles import Role
from kumoban_emulator.state.center import Center, Content, PermissionSet, Thing
from kumoban_emulator.state.entitlement import Entitlement
from kumoban_emulator.state.guardduty import SERVICE as GUARDDUTY
from kumoban_emulator.state.guardduty import Detector
from kumoban_emulator.state.iam_user import IamUser, UserKey
from kumoban_emulator.state.identity import Group, IdentityStore, Membership, User
from kumoban_emulator.state.organization import FULL_ACCESS, Account, Organization, Policy, Unit
from kumoban_emulator.state.settle import add_member_role, provision
from kumoban_emulator.state.world import REGION, World

__all__ = ["BASE_IDENTITIES", "Seeder", "day"]

#: names of the long-lived identities, in the order management, desk, admin
BASE_IDENTITIES = ("kumoban-management", "kumoban-desk", "kumoban-admin")
_ROOT = "r-ak7q"
_ADMIN = ("arn:aws:iam::aws:policy/AdministratorAccess",)
_READER = {
    "Effect": "Allow",
    "Action": ["*:Get*", "*:List*", "*:Describe*", "*:Lookup*", "*:Is*", "*:Search*", "*:Head*"],
}
_INTO_MEMBERS = {"Effect": "Allow", "Action": "sts:AssumeRole"}


def day(text: str) -> float:
    """``2024-05-16`` as seconds since 1970."""
    year, month, date = (int(part) for part in text.split("-"))
    return float(calendar.timegm((year, month, date, 0, 30, 0)))


@dataclass(frozen=True)
class Begin:
    """What every scenario has."""

    management: str
    management_name: str
    domain: str
    when: float


class Seeder:
    """A world under construction."""

    def __init__(self, scenario: str, begin: Begin) -> None:
        chance = seeded("organization", begin.domain)
        self.begin = begin
        self.when = begin.when
        organization = Organization(f"o-{alnum(chance, 10)}", begin.management, _ROOT)
        organization.policies[FULL_ACCESS] = _full_access()
        short = f"ssoins-{hexa(chance, 16)}"
        center = Center(f"arn:aws:sso:::instance/{short}", begin.management_name, REGION, begin.management, begin.when)
        store = IdentityStore(f"d-{hexa(chance, 10)}", begin.management)
        self.world = World(scenario, organization, store, center, delegate="")
        self.unit_ids: dict[str, str] = {"": _ROOT}
        organization.permit_everything(_ROOT)
        self.account(begin.management, begin.management_name, "", {})

    def unit(self, path: str, **tags: str) -> str:
        """An organisational unit by its path from the root; those above it are made too."""
        if path in self.unit_ids:
            return self.unit_ids[path]
        above, _, name = path.rpartition("/")
        parent = self.unit(above) if above else _ROOT
        unit_id = f"ou-{_ROOT.removeprefix('r-')}-{alnum(seeded('unit', path), 8)}"
        self.world.organization.units[unit_id] = Unit(unit_id, name, parent, dict(tags))
        self.world.organization.permit_everything(unit_id)
        self.unit_ids[path] = unit_id
        return unit_id

    def account(self, number: str, name: str, unit: str, tags: dict[str, str]) -> Account:
        parent = self.unit(unit) if unit else _ROOT
        account = Account(number, name, f"aws+{name}@{self.begin.domain}", parent, self.when, tags)
        if number == self.begin.management:
            account.joined_by = "INVITED"
        self.world.organization.accounts[number] = account
        self.world.organization.permit_everything(number)
        if number != self.begin.management:
            add_member_role(self.world, number, self.when)
        return account

    def account_named(self, name: str) -> str:
        return next(found.id for found in self.world.organization.accounts.values() if found.name == name)

    def user(self, user_name: str, attributes: dict[str, Any], extension: dict[str, Any]) -> User:
        chance = seeded("user", user_name)
        extensions = {"aws:identitystore:enterprise": extension} if extension else {}
        given = {"UserName": user_name, **attributes}
        by = f"arn:aws:iam::{self.begin.management}:root"
        return self.world.store.put_user(User(uuid4(chance), given, extensions, self.when, self.when, by, by))

    def group(self, name: str, description: str) -> Group:
        given = {"DisplayName": name, **({"Description": description} if description else {})}
        by = f"arn:aws:iam::{self.begin.management}:root"
        return self.world.store.put_group(Group(uuid4(seeded("group", name)), given, self.when, self.when, by, by))

    def member(self, group: str, user_name: str) -> None:
        store = self.world.store
        found, user = store.group_named(group), store.user_named(user_name)
        if found is None or user is None:
            raise KeyError((group, user_name))
        if store.membership(found.id, user.id) is None:
            identifier = uuid4(seeded("membership", group, user_name))
            store.put_membership(
                Membership(identifier, found.id, user.id, self.when, f"arn:aws:iam::{store.owner}:root")
            )

    def permission_set(
        self, name: str, description: str, managed: tuple[str, ...], inline: str = "", session: str = "PT1H"
    ) -> str:
        center = self.world.center
        arn = f"arn:aws:sso:::permissionSet/{center.short}/ps-{hexa(seeded('permission-set', name), 16)}"
        arns = tuple((path.rsplit("/", 1)[-1], f"arn:aws:iam::aws:policy/{path}") for path in managed)
        content = Content(session=session, managed=arns, inline=inline)
        center.sets[arn] = PermissionSet(arn, name, description, self.when, content)
        return arn

    def assign(self, kind: str, who: str, permission_set: str, account: str) -> None:
        """Assign by names: ``("GROUP", "ops", "ProdReadOnly", "payments-prod")``."""
        world = self.world
        principal = world.store.user_named(who) if kind == "USER" else world.store.group_named(who)
        found = world.center.set_named(permission_set)
        if principal is None or found is None:
            raise KeyError((who, permission_set))
        number = self.account_named(account)
        fresh = (number, found.arn) not in world.center.provisioned
        world.center.assign(Thing(number, found.arn, kind, principal.id), self.when)
        if fresh:
            provision(world, number, found.arn)

    def entitle(self, kind: str, who: str, role: str, account: str) -> None:
        """A person or group may take on an IAM role through account access manager."""
        world, number = self.world, self.account_named(account)
        principal = world.store.user_named(who) if kind == "USER" else world.store.group_named(who)
        if principal is None:
            raise KeyError(who)
        entitlements = world.entitlements
        if not entitlements.application:
            short = hexa(seeded("account-access", self.begin.domain), 16)
            owner = f"{world.region}:{world.delegate or self.begin.management}"
            entitlements.application = f"arn:aws:account-access:{owner}:application/{short}"
            entitlements.created = self.when
        identifier = uuid4(seeded("entitlement", kind, who, role, account))
        arn = f"arn:aws:iam::{number}:role/{role}"
        entitlements.by_id[identifier] = Entitlement(identifier, kind, principal.id, number, arn, self.when)

    def iam_user(
        self,
        account: str,
        name: str,
        since: str,
        *,
        console: bool = False,
        mfa: bool = False,
        signed_in: str = "",
        keys: tuple[tuple[str, str, str], ...] = (),
        managed: tuple[str, ...] = (),
    ) -> None:
        """``keys``: (since, status, last used or empty)."""
        made = []
        for number, (made_on, status, last_used) in enumerate(keys):
            chance = seeded("iam-key", account, name, str(number))
            used = day(last_used) if last_used else None
            made.append(UserKey(access_key(chance, "AKIA"), secret(chance), day(made_on), status, used))
        user_id = unique_id(seeded("iam-user", account, name), "AIDA")
        policies = tuple(f"arn:aws:iam::aws:policy/{path}" for path in managed)
        last = day(signed_in) if signed_in else None
        user = IamUser(self.account_named(account), name, user_id, day(since), console, mfa, last, made, policies)
        self.world.iam_users.append(user)

    def delegate(self, account: str, *services: str) -> None:
        organization = self.world.organization
        for service in services:
            organization.trusted[service] = self.when
            organization.delegated.setdefault(service, {})[account] = self.when
        self.world.delegate = account

    def guard(self, account: str, *regions: str, auto_enable: str = "NONE") -> None:
        """An account (by number) administers GuardDuty for the organisation, and has detectors in some Regions."""
        organization = self.world.organization
        organization.trusted[GUARDDUTY] = self.when
        organization.delegated.setdefault(GUARDDUTY, {})[account] = self.when
        for region in regions:
            detector = Detector(hexa(seeded("detector", account, region), 32), account, region, self.when, auto_enable)
            for member in organization.accounts.values():
                if member.id != account:
                    self.world.enrol(detector, member, self.when)
            self.world.detectors[account, region] = detector

    def finish(self) -> World:
        """Add the base identities and the desk's roles."""
        desk, home = self.world.delegate, self.begin.management
        self._identity(BASE_IDENTITIES[0], home, documents(_ADMIN, ()))
        assume = {"Effect": "Allow", "Action": "sts:AssumeRole"}
        self._identity(BASE_IDENTITIES[1], desk, [assume])
        self._identity(BASE_IDENTITIES[2], desk, documents(_ADMIN, ()))
        trusts = (f"arn:aws:iam::{desk}:user/{BASE_IDENTITIES[1]}", f"arn:aws:iam::{desk}:user/{BASE_IDENTITIES[2]}")
        self._role("KumobanReader", desk, trusts, (), {"read": _document(_READER, _INTO_MEMBERS)})
        self._role("KumobanOperator", desk, trusts, _ADMIN, {})
        self._role("KumobanManagement", home, (f"arn:aws:iam::{desk}:role/KumobanOperator",), _ADMIN, {})
        for member in self.world.organization.accounts:
            if member not in (desk, home):
                reader = (f"arn:aws:iam::{desk}:role/KumobanReader",)
                self._role("KumobanReader", member, reader, (), {"read": _document(_READER)})
        return self.world

    def _identity(self, name: str, account: str, statements: list[dict[str, Any]]) -> None:
        chance = seeded("identity", name, account)
        arn = f"arn:aws:iam::{account}:user/{name}"
        principal = Principal(account, arn, unique_id(chance, "AIDA"), name)
        self.world.keys.add(Key(access_key(chance, "AKIA"), secret(chance), principal))
        self.world.users[arn] = statements

    def _role(
        self, name: str, account: str, trusts: tuple[str, ...], managed: tuple[str, ...], inline: dict[str, str]
    ) -> None:
        role_id = unique_id(seeded("role-id", account, name), "AROA")
        role = Role(account, name, role_id, "/", "Kumoban", trusts, managed, inline, created=self.when)
        self.world.roles.add(role)


def _document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, separators=(",", ":"))


def _full_access() -> Policy:
    content = _document({"Effect": "Allow", "Action": "*", "Resource": "*"})
    return Policy(
        FULL_ACCESS, "FullAWSAccess", "Allows access to every operation", "SERVICE_CONTROL_POLICY", content, True
    )
