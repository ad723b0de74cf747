"""The part of IAM's evaluation the emulator has: deny wins, an allow is needed, what narrows must allow too."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kumoban_emulator.keys import Principal
from kumoban_emulator.permissions import documents, permits, refusal
from kumoban_emulator.roles import Role

ROLE = Role("111122223333", "R", "AROAXXXXXXXXXXXXXXXXX")
CALLER = Principal("111122223333", "arn:aws:sts::111122223333:assumed-role/R/s", "AROA:s", role=ROLE)
CONTEXT = {
    "aws:requestedregion": "ap-northeast-1",
    "identitystore:userid": "u-1",
    "aws:tokenissuetime": "2026-01-01T00:00:00Z",
}


def _own(*statements: dict[str, Any]) -> list[dict[str, Any]]:
    return documents((), [json.dumps({"Statement": list(statements)})])


def _refusal(own: list[dict[str, Any]], action: str = "ec2:RunInstances", control: Any = ()) -> str:
    return refusal(CALLER, action, CONTEXT, own, list(control))


def test_nothing_is_permitted_by_itself() -> None:
    assert "no identity-based policy allows" in _refusal([])


def test_who_one_is_may_always_be_asked() -> None:
    assert _refusal([], "sts:GetCallerIdentity") == ""


def test_a_deny_wins_over_an_allow() -> None:
    allow, deny = {"Effect": "Allow", "Action": "*"}, {"Effect": "Deny", "Action": "ec2:Run*"}
    assert _refusal(_own(allow)) == ""
    assert "explicit deny in an identity-based policy" in _refusal(_own(allow, deny))
    assert _refusal(_own(allow, deny), "ec2:DescribeVpcs") == ""


def test_actions_are_compared_without_case() -> None:
    assert permits(_own({"Effect": "Allow", "Action": ["EC2:run*"]}), "ec2:RunInstances", CONTEXT)


def test_not_action_permits_the_rest() -> None:
    own = _own({"Effect": "Allow", "NotAction": ["iam:*"]})
    assert _refusal(own) == ""
    assert _refusal(own, "iam:CreateUser")


def test_every_level_of_service_control_policies_must_allow() -> None:
    everything = _own({"Effect": "Allow", "Action": "*"})
    assert _refusal(everything, control=[everything, everything]) == ""
    some = _own({"Effect": "Allow", "Action": "s3:*"})
    assert "no service control policy allows" in _refusal(everything, control=[everything, some])
    denying = everything + _own({"Effect": "Deny", "Action": "ec2:*"})
    assert "explicit deny in a service control policy" in _refusal(everything, control=[denying])


@pytest.mark.parametrize(
    ("condition", "applies"),
    [
        ({"StringEquals": {"identitystore:UserId": "u-1"}}, True),
        ({"StringEquals": {"identitystore:UserId": ["u-2", "u-1"]}}, True),
        ({"StringEquals": {"identitystore:UserId": "u-2"}}, False),
        ({"StringNotEquals": {"aws:RequestedRegion": ["us-east-1"]}}, True),
        ({"StringLike": {"aws:RequestedRegion": "ap-*"}}, True),
        ({"DateLessThan": {"aws:TokenIssueTime": "2026-06-01T00:00:00Z"}}, True),
        ({"DateLessThan": {"aws:TokenIssueTime": "2025-06-01T00:00:00Z"}}, False),
        ({"StringEquals": {"aws:SourceVpc": "vpc-1"}}, False),
        ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, False),
    ],
)
def test_a_statement_applies_when_its_conditions_are_known_to_hold(condition: dict[str, Any], applies: bool) -> None:
    own = _own({"Effect": "Allow", "Action": "*"}, {"Effect": "Deny", "Action": "*", "Condition": condition})
    assert bool(_refusal(own)) is applies


def test_a_session_policy_narrows_the_session() -> None:
    narrow = json.dumps({"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]})
    caller = Principal("1", "arn", "id", role=ROLE, session_policy=narrow)
    own = _own({"Effect": "Allow", "Action": "*"})
    assert "no session policy allows" in refusal(caller, "ec2:RunInstances", CONTEXT, own, [])
    assert refusal(caller, "s3:GetObject", CONTEXT, own, []) == ""


def test_an_unreadable_document_permits_nothing() -> None:
    assert documents((), ["not json", "[]"]) == []
