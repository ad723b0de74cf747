"""The page of the machines that ask: one is made with an owner, given another token, handed over and stopped."""

from __future__ import annotations

from kumoban.desk import requests
from kumoban.desk.machine_identities.keeping import MachineForm, make_machine
from kumoban.desk.machine_identities.models import Machine
from kumoban.desk.models import Rule, Token
from kumoban.desk.people import Actor
from tests.integration.conftest import Office
from tests.integration.web.visitor import signed_in


def test_a_machine_is_made_and_its_token_shown_once(office: Office) -> None:
    visitor = signed_in(office, "takahashi")
    typed = {"name": "ci", "owner": "sato", "scopes": "ask", "days": ""}
    assert "kmb_" in visitor.post("/office/machines", typed).content.decode()
    again = visitor.get("/office/machines").content.decode()
    assert "kmb_" not in again
    assert "佐藤 美咲" in again
    assert Token.objects.get(user__login="machine:ci").scopes == ["read", "ask"]


def test_it_is_given_another_token_another_owner_and_stopped(office: Office) -> None:
    make_machine(office.actor("takahashi"), MachineForm(name="ci", owner="sato"))
    visitor = signed_in(office, "takahashi")
    assert "kmb_" in visitor.post("/office/machines/ci/rotate").content.decode()
    visitor.post("/office/machines/ci/hand-over", {"owner": "ren"})
    assert Machine.objects.get().owner_id == "u-ren"
    visitor.post("/office/machines/ci/stop")
    shown = visitor.get("/office/machines").content.decode()
    assert "ci is stopped, for good." in shown
    assert "/office/machines/ci/stop" not in shown


def test_what_is_not_understood_stands_at_its_field_and_nothing_typed_is_lost(office: Office) -> None:
    make_machine(office.actor("takahashi"), MachineForm(name="ci", owner="sato"))
    visitor = signed_in(office, "takahashi")
    answer = visitor.post("/office/machines", {"name": "batch", "owner": "nobody", "scopes": "read", "days": "400"})
    assert answer.status_code == 422
    assert "At most 365." in answer.content.decode()
    answer = visitor.post("/office/machines", {"name": "batch", "owner": "nobody", "scopes": "read", "days": ""})
    assert answer.status_code == 422
    assert 'value="nobody"' in answer.content.decode()
    answer = visitor.post("/office/machines", {"name": "ci", "owner": "ren", "scopes": "read", "days": ""})
    assert "There is, or was, a machine called ci." in answer.content.decode()
    assert visitor.post("/office/machines/ci/hand-over", {"owner": "nobody"}).status_code == 422
    assert Machine.objects.get().owner_id == "u-sato"


def test_only_the_operations_team_sees_it(office: Office) -> None:
    assert signed_in(office, "sato").get("/office/machines").status_code == 409
    assert signed_in(office, "sato").post("/office/machines", {"name": "ci", "owner": "sato"}).status_code == 409
    assert "/office/machines" not in signed_in(office, "sato").get("/office").content.decode()
    assert not Machine.objects.exists()


def test_who_asked_for_whom_stands_at_the_request_and_in_the_inbox(office: Office) -> None:
    machine, _secret = make_machine(office.actor("takahashi"), MachineForm(name="ci", owner="sato"))
    Rule.objects.update(who={"machines": ["ci"], "groups": ["g-pay"]})
    made = requests.ask(Actor(machine.user), "temporary-access", office.form())
    page = signed_in(office, "suzuki").get(f"/requests/{made.number}").content.decode()
    assert "asked by the machine ci for its owner 佐藤 美咲" in page
    assert "ci (佐藤 美咲)" in signed_in(office, "suzuki").get("/inbox").content.decode()
    listed = signed_in(office, "takahashi").get("/rules").content.decode()
    assert "where machine ci asks" in listed


def test_a_rule_is_saved_with_the_machines_that_are_typed_and_shows_them_again(office: Office) -> None:
    make_machine(office.actor("takahashi"), MachineForm(name="ci", owner="sato"))
    rule, visitor = Rule.objects.get(), signed_in(office, "takahashi")
    typed = {
        "name": "CI",
        "routine": "temporary-access",
        "effect": "allow",
        "groups": ["g-pay"],
        "machines": "ci",
        "max_minutes": "30",
        "dimension.account": ["*"],
        "dimension.environment": "*",
        "dimension.permission_set": ["*"],
        "enabled": "on",
    }
    visitor.post(f"/rules/{rule.pk}", typed)
    rule.refresh_from_db()
    assert rule.who == {"groups": ["g-pay"], "machines": ["ci"]}
    assert 'name="machines" value="ci"' in visitor.get(f"/rules/{rule.pk}").content.decode()
    answer = visitor.post(f"/rules/{rule.pk}", {**typed, "machines": "ci nobody"})
    assert "There is no machine called nobody, or it is stopped." in answer.content.decode()
    assert 'value="ci nobody"' in answer.content.decode()
