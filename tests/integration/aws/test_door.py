"""The door: who signs, what is refused before AWS is asked, and what a call leaves behind."""

from __future__ import annotations

import pytest
from django.conf import settings

from kumoban.aws.credentials import SessionKey
from kumoban.aws.door import Door, NotReading, ObserveMode
from kumoban.aws.errors import AwsError, Denied
from kumoban_emulator.server import EmulatorServer


def assume_and_look(practice: EmulatorServer, door: Door) -> str:
    return str(door.open("kumoban-R-1").read("sts", "get_caller_identity")["Arn"])


def test_the_reader_role_looks_under_the_name_of_the_request(practice: EmulatorServer) -> None:
    assert assume_and_look(practice, Door()).endswith("assumed-role/KumobanReader/kumoban-R-1")


def test_without_the_operator_role_nothing_that_changes_aws_can_be_sent(
    practice: EmulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "KUMOBAN_OPERATOR_ROLE", "")
    practice.admin.clear_calls()
    with pytest.raises(ObserveMode):
        Door().open("kumoban-R-1").mutate("sso-admin", "create_account_assignment")
    assert practice.admin.calls()["calls"] == []


def test_in_observe_mode_nothing_that_changes_aws_leaves_and_the_operator_is_never_assumed(
    practice: EmulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "KUMOBAN_MODE", "observe")
    door, operator = Door(), SessionKey(settings.KUMOBAN_OPERATOR_ROLE, "kumoban-R-1")
    practice.admin.clear_calls()
    for attempt in (
        lambda: door.open("kumoban-R-1").mutate("sso-admin", "create_account_assignment"),
        lambda: door.send("sso-admin", "list_instances", operator, {}),
        lambda: door.prepare(operator),
    ):
        with pytest.raises(ObserveMode):
            attempt()
    assert practice.admin.calls()["calls"] == []
    assert "KumobanReader" in assume_and_look(practice, door)


def test_in_observe_mode_the_role_that_sends_mail_is_assumed_but_not_where_it_is_the_operator(
    practice: EmulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    mail, operator = practice.role_arn("KumobanMail"), settings.KUMOBAN_OPERATOR_ROLE
    monkeypatch.setattr(settings, "KUMOBAN_MODE", "observe")
    monkeypatch.setattr(settings, "KUMOBAN_EMAIL", {"scheme": "ses", "role": mail})
    with pytest.raises(Denied):  # asked for, and not there
        Door().prepare(SessionKey(mail, "kumoban-notices"))
    monkeypatch.setattr(settings, "KUMOBAN_EMAIL", {"scheme": "ses", "role": operator})
    with pytest.raises(ObserveMode):
        Door().prepare(SessionKey(operator, "kumoban-notices"))


def test_what_changes_something_never_leaves_as_a_reading(practice: EmulatorServer) -> None:
    practice.admin.clear_calls()
    with pytest.raises(NotReading):
        Door().open("kumoban-R-1").read("sso-admin", "create_account_assignment")
    assert practice.admin.calls()["calls"] == []


def test_without_a_role_nothing_is_asked(practice: EmulatorServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "KUMOBAN_READER_ROLE", "")
    with pytest.raises(Denied):
        Door().open("kumoban-R-1").read("sts", "get_caller_identity")


def test_in_demo_mode_no_client_is_built_without_the_emulator_s_endpoint(
    practice: EmulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "KUMOBAN_DEMO", True)
    monkeypatch.setattr(settings, "KUMOBAN_AWS_ENDPOINT_URL", "")
    with pytest.raises(AwsError, match="NoEndpoint"):
        Door().open("kumoban-R-1").read("sts", "get_caller_identity")


def test_credentials_that_aws_calls_expired_are_replaced_for_the_next_call(practice: EmulatorServer) -> None:
    door = Door()
    assume_and_look(practice, door)
    practice.admin.advance(2 * 3600)
    with pytest.raises(AwsError, match="Expired"):
        assume_and_look(practice, door)
    assert "KumobanReader" in assume_and_look(practice, door)


def test_members_of_an_answer_that_nobody_knows_yet_do_no_harm(practice: EmulatorServer) -> None:
    practice.admin.fault(kind="unknown_fields")
    try:
        assert "KumobanReader" in assume_and_look(practice, Door())
    finally:
        practice.admin.clear_faults()


def test_a_call_that_is_throttled_slows_everybody_down(
    practice: EmulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kumoban.aws import buckets

    monkeypatch.setattr(settings, "KUMOBAN_AWS_LIMITS", True)
    aws = Door().open("kumoban-R-1", urgent=True)
    aws.read("sso-admin", "list_instances")
    practice.admin.fault(kind="throttle", service="sso-admin", times=1)
    with pytest.raises(AwsError, match="Throttl"):
        aws.read("sso-admin", "list_instances")
    started = buckets.boot_clock()
    aws.read("sso-admin", "list_instances")
    assert buckets.boot_clock() - started > 0.7
