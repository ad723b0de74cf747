"""Users of Identity Center: asked by operations, approved by a second of them, made on AWS and seen there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import override_settings

from kumoban.core.reason import Refused
from kumoban.desk import requests
from kumoban.desk.models import Request, Step
from kumoban.estate.models import Membership, Person
from kumoban.estate.scan import scan_groups, scan_people
from kumoban.ledger.models import Entry
from tests.integration.desk import practice as practice_module
from tests.integration.desk.practice import Practice, practice_desk

pytestmark = pytest.mark.django_db(transaction=True)

NEW = {
    "act": "create",
    "user_name": "mori.aya",
    "family_name": "森",
    "given_name": "彩",
    "email": "mori.aya@example.com",
    "title": "主任",
    "reason": "11/25 入社、人事課の依頼",
}


@pytest.fixture
def desk(emptied_ledger: None, tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[Practice]:
    monkeypatch.setitem(practice_module.GROUPS, "ops", ["takahashi", "kim"])
    with practice_desk(monkeypatch, tmp_path) as opened:
        yield opened


def ask(desk: Practice, **form: object) -> Request:
    return requests.ask(desk.actor("takahashi"), "identity-user", {"reason": "11/25 入社、人事課の依頼", **form})


def done(desk: Practice, made: Request) -> Request:
    desk.approve(made, "kim")
    return desk.until(made, "done")


def codes(refused: pytest.ExceptionInfo[Refused]) -> set[str]:
    return {reason.code for reason in refused.value.reasons}


def test_a_user_is_made_and_joins_the_groups_named(desk: Practice) -> None:
    made = ask(desk, **NEW, groups=[desk.group("team-payments")])
    done(desk, made)
    user = desk.aws.engine.world.store.user_named("mori.aya")
    assert user is not None
    assert user.attributes["DisplayName"] == "森 彩"
    assert user.attributes["Title"] == "主任"
    group = desk.aws.engine.world.store.group_named("team-payments")
    assert desk.aws.engine.world.store.membership(group.id, user.id)
    calls = list(Entry.objects.filter(subject=made.number, kind="aws.intent"))
    assert len(calls) == 2
    assert not made.holds.exists()


def test_a_user_is_changed_by_what_differs_and_nothing_else(desk: Practice) -> None:
    scan_people(desk_door())
    made = ask(desk, act="change", person=desk.user("ren"), title="課長")
    assert [one.label for one in made.plan.value.steps[0].diff] == ["attribute.title"]
    done(desk, made)
    user = desk.aws.engine.world.store.user_named("ren")
    assert user is not None
    assert user.attributes["Title"] == "課長"
    assert user.attributes["DisplayName"] == "Ren"


def desk_door():  # type: ignore[no-untyped-def]
    from kumoban.aws.door import door

    return door().open("test")


def test_a_removal_says_what_goes_along_and_takes_it_away_first(desk: Practice) -> None:
    desk.admin("sso-admin").create_account_assignment(**desk.thing("ren"))
    desk.aws.admin.advance(60)
    from kumoban.estate.scan import scan_assignments_of

    scan_assignments_of(desk_door(), "USER", desk.user("ren"))
    ren = desk.user("ren")
    made = ask(desk, act="remove", person=ren)
    titles = [step.title.code for step in made.plan.value.steps]
    assert titles == ["unassign", "remove_member", "delete_user"]
    done(desk, made)
    assert desk.aws.engine.world.store.user_named("ren") is None
    assert (desk.account("payments-prod"), ren) not in desk.assigned()
    order = Step.objects.filter(request=made, kind="change").order_by("sent_at").values_list("position", flat=True)
    assert list(order)[-1] == 2


def test_what_somebody_changed_meanwhile_waits_for_a_person_and_is_not_overwritten(desk: Practice) -> None:
    made = ask(desk, act="change", person=desk.user("ren"), title="課長")
    desk.admin("identitystore").update_user(
        IdentityStoreId=desk.store,
        UserId=desk.user("ren"),
        Operations=[{"AttributePath": "title", "AttributeValue": "部長"}],
    )
    desk.approve(made, "kim")
    made = desk.work(made)
    assert made.state == "waiting"  # the live plan differs from the one approved
    user = desk.aws.engine.world.store.user_named("ren")
    assert user is not None
    assert user.attributes["Title"] == "部長"
