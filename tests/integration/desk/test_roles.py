"""The declared needs are enough, and all that is called: the desk at work under the generated policies."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from django.conf import settings

from kumoban.desk.roles import OPERATOR, READER, declared, here, iam_action, policy
from kumoban.estate.scan import scan_all, scan_next
from tests.integration.cli.test_machine import run
from tests.integration.desk.practice import Practice, practice_desk

ROLES = {"KumobanReader": READER, "KumobanOperator": OPERATOR}


@pytest.fixture
def desk(emptied_ledger: None, monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> Iterator[Practice]:
    with practice_desk(monkeypatch, tmp_path) as made:
        for name, role in ROLES.items():
            found = made.aws.engine.world.roles.find(made.aws.engine.world.delegate, name)
            assert found is not None
            found.managed, found.inline = (), {"Declared": json.dumps(policy(declared(role), here()))}
        yield made


def called(desk: Practice) -> set[tuple[str, str]]:
    """(role, IAM action) of every call that was made with one of the two roles."""
    found = set()
    for event in desk.aws.engine.trail:
        issuer = json.loads(event.text)["userIdentity"].get("sessionContext", {}).get("sessionIssuer", {})
        if issuer.get("userName") in ROLES:
            found.add((ROLES[issuer["userName"]], f"{event.source.split('.')[0]}:{event.name}"))
    return found


def test_under_the_generated_policies_everything_is_read_granted_and_ended(desk: Practice) -> None:
    scan_all()
    scan_next()
    made = desk.granted("sato", "ren", accounts=("payments-prod", "payments-data-prod"))
    desk.aws.admin.fault(kind="error", service="sso-admin", operation="DeleteAccountAssignment", times=1)
    desk.ended(made)
    assert desk.assigned() == set()
    wanted = {(role, iam_action(need)) for role in ROLES.values() for need in declared(role)}
    assert called(desk) - wanted == set()
    assert {role for role, _action in called(desk)} == {READER, OPERATOR}


def test_the_policies_name_this_installation(desk: Practice) -> None:
    text = run("aws", "policy", "operator").output
    assert desk.instance.rsplit("/", 1)[-1] in text
    assert json.loads(text)["Statement"][0]["Effect"] == "Allow"
    assert desk.store in run("aws", "policy", "reader").output


def test_templates_are_printed_as_json(desk: Practice) -> None:
    assert json.loads(run("aws", "template", "members").output)["Resources"]["Readers"]
    assert run("aws", "template", "nothing").exit_code == 2


def test_the_external_id_is_given_where_it_is_set(desk: Practice, monkeypatch: pytest.MonkeyPatch) -> None:
    from kumoban.aws.door import Door

    monkeypatch.setattr(settings, "KUMOBAN_EXTERNAL_ID", "akatsuki-7")
    Door().open("kumoban-doctor").read("sts", "get_caller_identity")
    newest = [event for event in desk.aws.engine.trail if event.name == "AssumeRole"][-1]
    assert json.loads(newest.text)["requestParameters"]["externalId"] == "akatsuki-7"
