"""The demo estate is what the demonstration tells of, and the same in every process."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter

import pytest

from kumoban_emulator.scenarios import build
from kumoban_emulator.state.world import World

ENTERPRISE = "aws:identitystore:enterprise"
DIGEST = """
import hashlib, pprint
from kumoban_emulator.scenarios import build
world = build("demo")
world.organization.policy_types = sorted(world.organization.policy_types)
text = pprint.pformat([world.organization, world.store, world.center, sorted(role.role_id for role in world.roles)])
keys = sorted((key.access_key, key.secret) for key in world.keys)
print(hashlib.sha256((text + repr(keys)).encode()).hexdigest())
"""


@pytest.fixture(scope="module")
def demo() -> World:
    return build("demo")


def test_it_has_the_promised_size(demo: World) -> None:
    assert len(demo.organization.accounts) == 42
    assert (len(demo.store.users), len(demo.store.groups), len(demo.center.sets)) == (120, 30, 15)
    assert 55 <= sum(len(who) for who in demo.center.assigned.values()) <= 65


def test_it_is_the_same_in_every_process() -> None:
    seen = {
        subprocess.run([sys.executable, "-c", DIGEST], capture_output=True, text=True, check=True).stdout for _ in "ab"
    }
    assert len(seen) == 1


def test_accounts_lie_three_units_deep_and_have_their_tags(demo: World) -> None:
    organization = demo.organization
    payments = next(found for found in organization.accounts.values() if found.name == "payments-prod")
    units = [organization.units[node].name for node in organization.path(payments.id)[1:-1]]
    assert units == ["Workloads", "Production", "Payments"]
    owners = {found.tags["Owner"] for found in organization.accounts.values()}
    assert all(demo.store.user_named(owner) for owner in owners)
    assert {found.tags["Environment"] for found in organization.accounts.values()} == {"prod", "stg", "dev", "shared"}
    assert all(len(number) == 12 and number.startswith("41012230") for number in organization.accounts)


def test_everybody_but_the_head_has_a_manager_who_exists(demo: World) -> None:
    without = []
    for user in demo.store.users.values():
        manager = user.extensions[ENTERPRISE].get("manager", {}).get("value")
        if manager is None:
            without.append(user.user_name)
        else:
            assert manager in demo.store.users
    assert without == ["takahashi.ken"]


def test_the_people_of_the_story_are_where_the_story_has_them(demo: World) -> None:
    store = demo.store

    def groups(name: str) -> set[str]:
        user = store.user_named(name)
        assert user is not None
        return {store.groups[membership.group].name for membership in store.groups_of(user.id)}

    assert groups("sato.misaki") == {"team-payments", "all-engineers"}
    assert {"team-payments", "team-payments-leads"} <= groups("suzuki.hanako")
    assert "team-payments-leads" in groups("tanaka.ichiro")
    assert {"ops", "ops-leads"} <= groups("takahashi.ken")
    assert groups("mori.akira") == {"auditors"}
    assert "team-search-leads" in groups("emma.clark")
    assert "team-search" in groups("daniel.kim")


def test_about_a_fifth_have_english_names(demo: World) -> None:
    languages = Counter(user.attributes["PreferredLanguage"] for user in demo.store.users.values())
    assert 0.12 <= languages["en"] / 120 <= 0.28
    for user in demo.store.users.values():
        name = user.attributes["Name"]
        assert name["FamilyName"] in user.attributes["DisplayName"]
        assert name["GivenName"] in user.attributes["DisplayName"]


def test_the_delegate_is_not_the_management_account(demo: World) -> None:
    accounts = demo.organization.accounts
    assert accounts[demo.delegate].name == "ops-tooling"
    assert accounts[demo.audit].name == "audit"
    assert demo.organization.is_delegated(demo.delegate, "sso.amazonaws.com")


def test_every_provisioned_set_has_its_role(demo: World) -> None:
    for account, arn in demo.center.provisioned:
        names = [role.name for role in demo.roles.of_account(account) if role.permission_set == arn]
        assert len(names) == 1
        assert names[0].startswith(f"AWSReservedSSO_{demo.center.sets[arn].name}_")


@pytest.mark.parametrize(("scenario", "accounts", "people"), [("empty", 3, 0), ("large", 1000, 1000)])
def test_the_other_scenarios_have_their_size(scenario: str, accounts: int, people: int) -> None:
    world = build(scenario)
    assert (len(world.organization.accounts), len(world.store.users)) == (accounts, people)
    assert world.keys


def test_an_unknown_scenario_is_refused() -> None:
    with pytest.raises(ValueError, match="there are demo, empty, large"):
        build("nothing")
