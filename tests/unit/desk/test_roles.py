"""What the roles need, held against AWS's own lists: botocore's operations, the resources IAM knows for an action."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from typing import Any

import pytest

from kumoban.core.needs import Need
from kumoban.desk.roles import MEMBER, OPERATOR, READER, TEMPLATES, Place, declared, iam_action, policy, template

READING = re.compile(r"\w[\w-]*:(Describe|Get|List|Lookup|Search|Simulate)")
NEEDS = sorted(declared(READER) | declared(OPERATOR))
AUTHORIZATION: dict[str, Any] = json.loads(
    files("cfnlint.data.AdditionalSpecs").joinpath("Policies.json").read_text(encoding="utf-8")
)


def resource_kinds(need: Need) -> dict[str, list[str]]:
    """The resource types that IAM knows for the action, each with its ARN formats."""
    service, name = iam_action(need).split(":")
    known = AUTHORIZATION[service]
    kinds = known["Actions"][name.lower()].get("Resources", [])
    return {kind: known["Resources"][kind.lower()]["ARNFormats"] for kind in kinds}


def fits(arn: str, formats: list[str]) -> bool:
    """Whether a pattern of ours names resources of such a format; what AWS fills in may be anything."""
    shapes = [re.sub(r"\$\{\w+\}", r"[^:]*", one.replace("/*", "/.*")) for one in formats]
    return any(re.fullmatch(shape, arn) for shape in shapes)


@pytest.mark.parametrize("need", NEEDS, ids=lambda need: f"{need.service}.{need.operation}")
def test_each_need_is_an_action_of_aws_limited_to_resources_that_iam_compares(need: Need) -> None:
    kinds = resource_kinds(need)
    if not kinds:
        assert need.on == ("*",)
        return
    [statement] = policy([need], Place())["Statement"]
    for arn in statement["Resource"]:
        assert any(fits(arn, formats) for formats in kinds.values()), arn


def test_nothing_that_changes_anything_is_the_reader_s() -> None:
    chain = "sts:AssumeRole"  # of the readers in member accounts, which may not change anything either
    assert {iam_action(need) for need in declared(READER) if not READING.match(iam_action(need))} == {chain}
    assert [need for need in declared(MEMBER) if not READING.match(iam_action(need))] == []
    assert [need for need in declared(OPERATOR) if READING.match(iam_action(need))] == []


def test_a_policy_permits_what_is_declared_and_no_more() -> None:
    document = policy(declared(OPERATOR), Place(instance="ssoins-7223000000000000"))
    permitted = {action for statement in document["Statement"] for action in statement["Action"]}
    assert permitted == {iam_action(need) for need in declared(OPERATOR)}
    [assigning] = [one for one in document["Statement"] if "sso:CreateAccountAssignment" in one["Action"]]
    assert assigning["Action"] == ["sso:CreateAccountAssignment", "sso:DeleteAccountAssignment"]
    assert assigning["Resource"] == [
        "arn:aws:sso:::account/*",
        "arn:aws:sso:::instance/ssoins-7223000000000000",
        "arn:aws:sso:::permissionSet/ssoins-7223000000000000/*",
    ]


def test_a_condition_stands_in_its_statement() -> None:
    need = Need("cloudwatch", "put_metric_data", ("*",), (("StringEquals", "cloudwatch:namespace", "Kumoban"),))
    [statement] = policy([need])["Statement"]
    assert statement["Condition"] == {"StringEquals": {"cloudwatch:namespace": "Kumoban"}}


def test_in_observe_mode_the_template_creates_no_operator() -> None:
    roles = template("roles")
    assert roles["Parameters"]["Mode"]["Default"] == "observe"
    assert roles["Resources"]["Operator"]["Condition"] == "Operates"
    assert "Condition" not in roles["Resources"]["Reader"]


@pytest.mark.parametrize("name", TEMPLATES)
def test_roles_are_assumed_only_under_the_desk_s_session_names(name: str) -> None:
    text = json.dumps(template(name)).replace('\\"', '"')
    trusts = re.findall(r'"Action": "sts:AssumeRole", "Condition": \{(?:\\n| )*"StringLike": \{"(.*?)": "(.*?)"', text)
    assert all(trust == ("sts:RoleSessionName", "kumoban-*") for trust in trusts)
