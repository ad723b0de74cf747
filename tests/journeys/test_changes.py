"""A node killed at any call of a change: one user or account is made, once, and what waited for its id is done."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest

from tests import conftest as world
from tests.journeys.desk_processes import Desk, Moment, desk_on

pytestmark = [pytest.mark.slow, pytest.mark.kill, pytest.mark.database]

#: the calls after the plan was checked: look, make, see it; then the same of the membership
CALLS = [("GetUserId", 2), ("CreateUser", 1), ("GetUserId", 3), ("DescribeUser", 1), ("CreateGroupMembership", 1)]
BOUNDARIES = [(call, moment) for call in CALLS for moment in ("arriving", "answering")]
OF_ACCOUNTS: list[tuple[str, Moment]] = [
    ("CreateAccount", "arriving"),
    ("CreateAccount", "answering"),
    ("DescribeCreateAccountStatus", "answering"),
    ("MoveAccount", "answering"),
    ("CreateAccountAssignment", "answering"),
]

if not world.ON_SQLITE:  # the calls are the same on both databases; there, every other boundary
    BOUNDARIES, OF_ACCOUNTS = BOUNDARIES[1::2], OF_ACCOUNTS[1:2]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("desk")
    if world.SERVER:
        name = f"changes_{secrets.token_hex(6)}"
        with desk_on(world.SERVER.create(name), folder) as made:
            yield made
        world.SERVER.drop(name)
        return
    with desk_on(f"sqlite:///{folder / 'kumoban.sqlite3'}", folder) as made:
        yield made


def asked(desk: Desk, user_name: str) -> str:
    """By one member of operations, approved by another: the number."""
    store = desk.aws.engine.world.store
    group = store.group_named("team-payments")
    assert group is not None
    form = {
        "act": "create",
        "user_name": user_name,
        "family_name": "森",
        "given_name": "彩",
        "email": f"{user_name}@example.com",
        "groups": [group.id],
        "reason": "11/25 入社、人事課の依頼",
    }
    answer = desk.api().post("requests", json={"routine": "identity-user", "form": form})
    assert answer.status_code == 201, answer.text
    number, plan = str(answer.json()["number"]), answer.json()["plan"]["digest"]
    sealed = desk.api("ito.naoki").post(f"requests/{number}/approve", json={"plan": plan})
    assert sealed.status_code == 200, sealed.text
    return number


@pytest.mark.parametrize(("call", "moment"), BOUNDARIES)
def test_a_node_killed_at_any_call_makes_one_user_once(desk: Desk, call: tuple[str, int], moment: Moment) -> None:
    desk.aws.strikes.clear()
    desk.asker = "takahashi.ken"
    killed = desk.aws.on(call[0], moment, desk.kill_runners, call[1]).happened
    name = f"mori.{secrets.token_hex(4)}"
    number = asked(desk, name)
    desk.start_runner("first")
    assert killed.wait(30), f"the node never came to {call}; {desk.situation()}"
    desk.leases_run_out()
    desk.start_runner("second")
    desk.wait_for(number, "done")
    store = desk.aws.engine.world.store
    found = [user for user in store.users.values() if user.attributes["UserName"] == name]
    assert len(found) == 1
    group = store.group_named("team-payments")
    assert group is not None
    assert store.membership(group.id, found[0].id)
    intents = desk.entries("aws.intent", number)
    outcomes = [
        entry for kind in ("accepted", "refused", "answer_lost") for entry in desk.entries(f"aws.{kind}", number)
    ]
    assert len(intents) == len(outcomes)
    desk.kill_runners()


def account_asked(desk: Desk, name: str) -> str:
    """By one member of operations, approved by another: the number."""
    world = desk.aws.engine.world
    form = {
        "name": name,
        "ou": next(unit.id for unit in world.organization.units.values() if unit.name == "Sandbox"),
        "team": "payments",
        "environment": "dev",
        "owner": desk.people["takahashi.ken"],
        "contact_email": "cloud@example.com",
        "contact_phone": "+81-3-0000-0000",
        "permission_set": desk.permission_set,
        "reason": "検証環境の新設、決済チームの依頼",
    }
    answer = desk.api().post("requests", json={"routine": "account-create", "form": form})
    assert answer.status_code == 201, answer.text
    number, plan = str(answer.json()["number"]), answer.json()["plan"]["digest"]
    sealed = desk.api("ito.naoki").post(f"requests/{number}/approve", json={"plan": plan})
    assert sealed.status_code == 200, sealed.text
    return number


@pytest.mark.parametrize(("call", "moment"), OF_ACCOUNTS)
def test_a_node_killed_at_any_call_makes_one_account_with_all_it_begins_with(
    desk: Desk, call: str, moment: Moment
) -> None:
    desk.aws.strikes.clear()
    desk.asker = "takahashi.ken"
    killed = desk.aws.on(call, moment, desk.kill_runners, 1).happened
    name = f"kill-{secrets.token_hex(4)}"
    number = account_asked(desk, name)
    desk.start_runner("first")
    assert killed.wait(60), f"the node never came to {call}; {desk.situation()}"
    desk.leases_run_out()
    desk.start_runner("second")
    desk.wait_for(number, "done", 90)
    world = desk.aws.engine.world
    found = [account for account in world.organization.accounts.values() if account.name == name]
    assert len(found) == 1
    assert world.organization.units[found[0].parent].name == "Sandbox"
    group = world.store.group_named("team-payments")
    assert group is not None
    assert ("GROUP", group.id) in world.center.assigned.get((found[0].id, desk.permission_set), {})
    desk.kill_runners()
