"""The heartbeat in another account: said while all ends are proven, taken back when one is late."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings

from kumoban.aws.errors import AwsError
from kumoban.desk.duties import DUTIES
from kumoban.desk.heartbeat import beat
from kumoban.desk.models import Step
from kumoban.desk.roles import WATCHDOG, declared, policy
from kumoban.ledger.clock import database_now
from kumoban_emulator.roles import Role
from tests.integration.desk.practice import Practice, practice_desk


@pytest.fixture
def desk(emptied_ledger: None, monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> Iterator[Practice]:
    with practice_desk(monkeypatch, tmp_path) as made:
        world = made.aws.engine.world
        trusted = (f"arn:aws:iam::{world.delegate}:user/kumoban-desk",)
        document = policy(declared(WATCHDOG))
        document["Statement"][0].pop("Condition")  # the emulator knows no cloudwatch:namespace
        inline = {"Declared": json.dumps(document)}
        world.roles.add(Role(world.audit, "KumobanHeartbeat", "AROAHEARTBEAT", trusts=trusted, inline=inline))
        role = f"arn:aws:iam::{world.audit}:role/KumobanHeartbeat"
        monkeypatch.setattr(settings, "KUMOBAN_WATCHDOG_ROLE", role)
        yield made


def beats(desk: Practice) -> list[dict[str, Any]]:
    records = (json.loads(event.text) for event in desk.aws.engine.trail if event.name == "PutMetricData")
    return [record for record in records if not record.get("errorCode")]


def test_it_is_a_duty_of_every_minute(desk: Practice) -> None:
    duty = next(duty for duty in DUTIES if duty.name == "heartbeat")
    assert (duty.do, duty.every) == (beat, timedelta(minutes=1))


def test_it_says_in_the_other_account_that_all_ends_are_proven_until_one_is_late(
    desk: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[float] = []
    sent = desk.aws
    from kumoban.aws import door as door_module

    opened = door_module.door()
    really = opened.send

    def heard(service: str, operation: str, session: Any, params: dict[str, Any], region: str = "") -> Any:
        said.append(params["MetricData"][0]["Value"])
        return really(service, operation, session, params, region)

    desk.granted("sato")
    monkeypatch.setattr(opened, "send", heard)
    beat()
    Step.objects.filter(kind="end").update(due=database_now() - timedelta(minutes=6))
    beat()
    assert said == [1.0, 0.0]
    assert [record["recipientAccountId"] for record in beats(desk)] == [sent.engine.world.audit] * 2


def test_its_role_may_do_nothing_else(desk: Practice) -> None:
    from kumoban.aws.credentials import SessionKey
    from kumoban.aws.door import door

    session = SessionKey(settings.KUMOBAN_WATCHDOG_ROLE, "kumoban-heartbeat")
    with pytest.raises(AwsError, match="AccessDenied"):
        door().send("sso-admin", "list_instances", session, {})


def test_in_observe_mode_or_without_a_role_nothing_is_said(desk: Practice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "KUMOBAN_MODE", "observe")
    beat()
    monkeypatch.setattr(settings, "KUMOBAN_MODE", "operate")
    monkeypatch.setattr(settings, "KUMOBAN_WATCHDOG_ROLE", "")
    beat()
    assert beats(desk) == []
