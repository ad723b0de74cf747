"""Fault rules strike whom they name, as often as they say."""

from __future__ import annotations

import json

import pytest

from kumoban_emulator.errors import AwsError
from kumoban_emulator.faults import Faults, Target
from kumoban_emulator.wire import Answer

CALL = Target("sso-admin", "CreateAccountAssignment", "111122223333", b'{"TargetId":"444455556666"}')


def _strikes(faults: Faults, call: Target = CALL) -> str:
    try:
        faults.before(call)
    except AwsError as error:
        return error.code
    return ""


def test_without_rules_nothing_happens() -> None:
    answer = Answer(200, b"{}")
    faults = Faults()
    faults.before(CALL)
    assert faults.after(CALL, answer) is answer


@pytest.mark.parametrize(
    ("rule", "strikes"),
    [
        ({}, True),
        ({"service": "sso-admin"}, True),
        ({"service": "ec2"}, False),
        ({"operation": "CreateAccountAssignment"}, True),
        ({"operation": "ListInstances"}, False),
        ({"account": "111122223333"}, True),
        ({"account": "444455556666"}, True),
        ({"account": "777788889999"}, False),
    ],
)
def test_a_rule_names_service_operation_and_account(rule: dict[str, str], strikes: bool) -> None:
    faults = Faults()
    faults.add(kind="throttle", **rule)
    assert bool(_strikes(faults)) is strikes


def test_times_counts_down() -> None:
    faults = Faults()
    faults.add(kind="error", times=2)
    assert [_strikes(faults) for _ in range(3)] == ["InternalFailure", "InternalFailure", ""]


def test_probability_zero_never_strikes() -> None:
    faults = Faults()
    faults.add(kind="throttle", probability=0.0)
    assert not any(_strikes(faults) for _ in range(50))


def test_a_bucket_lets_its_burst_through() -> None:
    faults = Faults()
    faults.add(kind="token_bucket", rate=0.001, burst=2)
    assert [_strikes(faults) for _ in range(3)] == ["", "", "ThrottlingException"]


def test_the_code_and_status_may_be_chosen() -> None:
    faults = Faults()
    faults.add(kind="error", code="ConflictException", message="no", status=409)
    with pytest.raises(AwsError, match="no") as caught:
        faults.before(CALL)
    assert (caught.value.code, caught.value.status) == ("ConflictException", 409)


def test_an_answer_is_cut_off_without_a_time_to_wait() -> None:
    faults = Faults()
    faults.add(kind="timeout_after_accept", times=1)
    assert faults.after(CALL, Answer(200, b"{}")).cut
    assert not faults.after(CALL, Answer(200, b"{}")).cut


def test_unknown_fields_appear_at_every_level() -> None:
    faults = Faults()
    faults.add(kind="unknown_fields")
    body = json.loads(faults.after(CALL, Answer(200, b'{"Users":[{"UserName":"x"}]}')).body)
    assert "EmulatorUnknownField" in body
    assert body["Users"][0]["UserName"] == "x"
    assert "EmulatorUnknownField" in body["Users"][0]
    assert faults.after(CALL, Answer(200, b"<xml/>")).body == b"<xml/>"
