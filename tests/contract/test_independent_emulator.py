"""The actions of the product carried out on a practice AWS that we did not write: ministack, where it is found.

Ours is written for this product, so it could agree with our mistakes. What both can do is done on both, by the same
actions. ministack stands in an environment of its own: name its command in ``MINISTACK``, or have it on PATH.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from kumoban.aws.errors import understood
from kumoban.core.action import Change, Presence
from kumoban.services.budgets import CreateBudget
from kumoban.services.ec2 import RemoveDefaultVpc
from kumoban.services.organizations.accounts import CloseAccount, CreateAccount, MoveAccount
from kumoban_emulator.server import EmulatorServer

REGION = "ap-northeast-1"
MINISTACK = os.environ.get("MINISTACK") or shutil.which("ministack")


class Caller:
    """An administrator's clients; the actions need no more of the door than this."""

    def __init__(self, endpoint: str, key: str, secret: str, account: str) -> None:
        self.account = account
        self._endpoint, self._key, self._secret = endpoint, key, secret

    def client(self, service: str, region: str = "") -> Any:
        return boto3.client(
            service,
            endpoint_url=self._endpoint,
            region_name=region or REGION,
            aws_access_key_id=self._key,
            aws_secret_access_key=self._secret,
        )

    def read(
        self,
        service: str,
        operation: str,
        account: str | None = None,
        *,
        region: str = "",
        by: str = "reader",
        **params: Any,
    ) -> dict[str, Any]:
        return self._call(service, operation, region, params)

    def mutate(
        self, service: str, operation: str, account: str | None = None, *, region: str = "", **params: Any
    ) -> dict[str, Any]:
        return self._call(service, operation, region, params)

    def _call(self, service: str, operation: str, region: str, params: Mapping[str, Any]) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = getattr(self.client(service, region), operation)(**params)
        except ClientError as error:
            raise understood(error) from error
        return answer


def carried_out(action: Change, caller: Caller, params: Mapping[str, str]) -> tuple[list[Presence], dict[str, str]]:
    """What each look saw, from before the first call until all is as wanted, and what was found."""
    looks: list[Presence] = []
    for _ in range(60):
        seen = action.look(caller, params)  # type: ignore[attr-defined]
        looks.append(seen.presence)
        if seen.presence == Presence.PRESENT:
            return looks, dict(seen.found)
        assert seen.presence in (Presence.ABSENT, Presence.PARTLY), seen
        started = action.send(caller, params, "apply")  # type: ignore[attr-defined]
        while started.operation and action.poll(caller, params, started.operation, "apply").state == "in_progress":
            time.sleep(0.1)
    raise AssertionError(looks)


@pytest.fixture(scope="module", params=["ours", "ministack"])
def caller(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    if request.param == "ours":
        with EmulatorServer("demo", enforce_limits=False) as server:
            server.engine.world.settings.account_delay = 0.2
            key, secret, _ = server.credentials("kumoban-management")
            yield Caller(server.endpoint_url, key, secret, server.engine.world.organization.management)
        return
    if not MINISTACK:
        pytest.skip("ministack is not here: pip install ministack in an environment of its own, MINISTACK=…")
    yield from _ministack(tmp_path_factory.mktemp("ministack"))


def _ministack(folder: Path) -> Iterator[Caller]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [str(MINISTACK)], env={**os.environ, "GATEWAY_PORT": str(port)}, stdout=log, stderr=log, cwd=folder
        )
    made = Caller(f"http://127.0.0.1:{port}", "111122223333", "secret", "111122223333")
    try:
        for _ in range(300):
            try:
                made.client("sts").get_caller_identity()
                break
            except Exception:
                time.sleep(0.2)
        yield made
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=20)


def root_of(caller: Caller) -> str:
    return str(caller.read("organizations", "list_roots")["Roots"][0]["Id"])


def test_an_account_is_made_once_and_found_by_its_address(caller: Caller) -> None:
    params = {
        "management": caller.account,
        "name": "payments-stg",
        "email": "aws+payments-stg@example.com",
        "role_name": "OrganizationAccountAccessRole",
        "tag.Team": "payments",
    }
    looks, found = carried_out(CreateAccount(), caller, params)
    assert looks == [Presence.ABSENT, Presence.PRESENT]
    again, same = carried_out(CreateAccount(), caller, params)
    assert again == [Presence.PRESENT]
    assert same == found


def test_it_is_moved_and_closed(caller: Caller) -> None:
    params = {"management": caller.account, "name": "moved", "email": "aws+moved@example.com"}
    _looks, found = carried_out(CreateAccount(), caller, {**params, "role_name": "OrganizationAccountAccessRole"})
    root = root_of(caller)
    unit = caller.mutate("organizations", "create_organizational_unit", ParentId=root, Name="Later")
    place = {"from": root, "to": unit["OrganizationalUnit"]["Id"]}
    looks, _found = carried_out(MoveAccount(), caller, {"management": caller.account, **found, **place})
    assert looks == [Presence.ABSENT, Presence.PRESENT]
    looks, _found = carried_out(CloseAccount(), caller, {"management": caller.account, **found})
    assert looks == [Presence.ABSENT, Presence.PRESENT]


def test_a_default_vpc_is_gone_with_all_that_was_in_it(caller: Caller) -> None:
    looks, _found = carried_out(RemoveDefaultVpc(), caller, {"account": caller.account, "region": "eu-west-1"})
    assert looks[0] == Presence.PARTLY
    assert looks[-1] == Presence.PRESENT
    assert not caller.read("ec2", "describe_vpcs", region="eu-west-1")["Vpcs"]
    assert not caller.read("ec2", "describe_internet_gateways", region="eu-west-1")["InternetGateways"]


def test_a_budget_is_made_for_one_account(caller: Caller) -> None:
    params = {
        "management": caller.account,
        "account": "444455556666",
        "name": "account-payments-stg",
        "amount": "500.00",
        "email": "payments@example.com",
    }
    looks, _found = carried_out(CreateBudget(), caller, params)
    assert looks == [Presence.ABSENT, Presence.PRESENT]
