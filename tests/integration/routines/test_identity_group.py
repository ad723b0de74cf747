"""Groups of Identity Center: made with their members, changed, and removed with all that goes along."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kumoban.aws.door import door
from kumoban.core.reason import Refused
from kumoban.desk import requests
from kumoban.desk.models import Request
from kumoban.estate.scan import scan_assignments_of
from tests.integration.desk import practice as practice_module
from tests.integration.desk.practice import Practice, practice_desk

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def desk(emptied_ledger: None, tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[Practice]:
    monkeypatch.setitem(practice_module.GROUPS, "ops", ["takahashi", "kim"])
    with practice_desk(monkeypatch, tmp_path) as opened:
        yield opened


def ask(desk: Practice, **form: object) -> Request:
    return requests.ask(desk.actor("takahashi"), "identity-group", {"reason": "組織変更に伴う依頼", **form})


def done(desk: Practice, made: Request) -> Request:
    desk.approve(made, "kim")
    return desk.until(made, "done")


def test_a_group_is_made_and_its_members_join_it(desk: Practice) -> None:
    made = ask(
        desk, act="create", name="team-data", description="データ", members=[desk.user("ren"), desk.user("sato")]
    )
    done(desk, made)
    store = desk.aws.engine.world.store
    group = store.group_named("team-data")
    assert group is not None
    assert all(store.membership(group.id, desk.user(name)) for name in ("ren", "sato"))


def test_a_group_is_renamed_and_members_come_and_go(desk: Practice) -> None:
    made = ask(
        desk,
        act="change",
        group=desk.group("team-payments-leads"),
        description="決済 リーダー",
        members=[desk.user("sato")],
        members_to_remove=[desk.user("tanaka")],
    )
    done(desk, made)
    store = desk.aws.engine.world.store
    group = store.group_named("team-payments-leads")
    assert group is not None
    assert group.attributes["Description"] == "決済 リーダー"
    assert store.membership(group.id, desk.user("sato"))
    assert not store.membership(group.id, desk.user("tanaka"))


def test_a_removal_takes_along_what_the_group_gives_and_says_which_rules_name_it(desk: Practice) -> None:
    group = desk.group("team-payments")
    thing = {**desk.thing("ren"), "PrincipalType": "GROUP", "PrincipalId": group}
    desk.admin("sso-admin").create_account_assignment(**thing)
    desk.aws.admin.advance(60)
    scan_assignments_of(door().open("test"), "GROUP", group)
    made = ask(desk, act="remove", group=group)
    codes = [step.title.code for step in made.plan.value.steps]
    assert codes == ["unassign", "remove_member", "remove_member", "remove_member", "delete_group"]
    assert "rules_name_the_group" in {reason.code for reason in made.plan.value.warnings}
    done(desk, made)
    assert desk.aws.engine.world.store.group_named("team-payments") is None
    assert desk.assigned() == set()


def test_a_name_that_is_taken_and_a_group_that_is_not_there_are_refused(desk: Practice) -> None:
    with pytest.raises(Refused) as refused:
        ask(desk, act="create", name="team-payments")
    assert {reason.code for reason in refused.value.reasons} == {"group_name_taken"}
    with pytest.raises(Refused) as refused:
        ask(desk, act="remove", group="nobody")
    assert {reason.code for reason in refused.value.reasons} == {"unknown_group"}
