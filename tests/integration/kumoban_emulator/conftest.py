"""A fresh emulator per module, plain boto3 clients, and every answer of a fake checked against botocore's model."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.session import get_session
from botocore.validate import ParamValidator

from kumoban_emulator.fakes import registry
from kumoban_emulator.server import EmulatorServer

_ONCE = Config(retries={"total_max_attempts": 1}, read_timeout=10)


@lru_cache(maxsize=64)
def _model(service: str) -> Any:
    return get_session().get_service_model(service)


#: AWS answers an empty string here, though its model says one character at least
_EXEMPT = ("GetInlinePolicyForPermissionSet",)


def _complaint(service: str, operation: str, answer: dict[str, Any]) -> str:
    shape = _model(service).operation_model(operation).output_shape
    if operation in _EXEMPT:
        return ""
    if shape is None:
        return "" if not answer else f"{service}.{operation} has no output"
    found = ParamValidator().validate(answer, shape)
    return f"{service}.{operation}: {found.generate_report()}" if found.has_errors() else ""


@pytest.fixture(autouse=True)
def answers_follow_the_model(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No fake answers a member the model does not know, or leaves out one that it requires."""
    wrong: list[str] = []

    def checked(service: str, operation: str, function: registry.Fake) -> registry.Fake:
        def perform(call: registry.Call, params: registry.Params) -> registry.Params:
            answer = function(call, params)
            complaint = _complaint(service, operation, answer)
            if complaint:
                wrong.append(complaint)
            return answer

        return perform

    fakes = {name: checked(*name, function) for name, function in registry.registered().items()}
    monkeypatch.setattr(registry, "_fakes", fakes)
    yield
    assert wrong == []


@dataclass
class Estate:
    """The demo estate as a test talks about it: by names."""

    server: EmulatorServer

    def client(self, service: str, who: Any = "kumoban-admin", region: str = "ap-northeast-1") -> Any:
        key, secret, token = self.server.credentials(who) if isinstance(who, str) else who
        return boto3.client(
            service,
            endpoint_url=self.server.endpoint_url,
            region_name=region,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            aws_session_token=token,
            config=_ONCE,
        )

    def session(
        self, role: str = "KumobanOperator", name: str = "KB-1", who: str = "kumoban-desk"
    ) -> tuple[str, str, str]:
        arn = role if role.startswith("arn:") else self.server.role_arn(role)
        return credentials(self.client("sts", who).assume_role(RoleArn=arn, RoleSessionName=name)["Credentials"])

    def inside(self, account: str) -> tuple[str, str, str]:
        """Administrator in a member account, from the management account."""
        arn = f"arn:aws:iam::{self.account(account)}:role/OrganizationAccountAccessRole"
        return self.session(arn, "admin", "kumoban-management")

    @property
    def instance(self) -> str:
        return self.server.engine.world.center.instance

    @property
    def store(self) -> str:
        return self.server.engine.world.store.id

    def account(self, name: str) -> str:
        accounts = self.server.engine.world.organization.accounts.values()
        return next(found.id for found in accounts if found.name == name)

    def user(self, name: str) -> str:
        found = self.server.engine.world.store.user_named(name)
        assert found is not None
        return found.id

    def group(self, name: str) -> str:
        found = self.server.engine.world.store.group_named(name)
        assert found is not None
        return found.id

    def permission_set(self, name: str) -> str:
        found = self.server.engine.world.center.set_named(name)
        assert found is not None
        return found.arn

    def thing(self, user: str, permission_set: str, account: str) -> dict[str, str]:
        return {
            "InstanceArn": self.instance,
            "TargetId": self.account(account),
            "TargetType": "AWS_ACCOUNT",
            "PermissionSetArn": self.permission_set(permission_set),
            "PrincipalType": "USER",
            "PrincipalId": self.user(user),
        }

    def assigned(self, user: str, permission_set: str, account: str, sso: Any) -> bool:
        listed = sso.list_account_assignments(
            InstanceArn=self.instance,
            AccountId=self.account(account),
            PermissionSetArn=self.permission_set(permission_set),
        )
        return self.user(user) in [found["PrincipalId"] for found in listed["AccountAssignments"]]

    def settle(self) -> None:
        """Let everything pending complete, without waiting."""
        self.server.admin.advance(60)


def credentials(answer: dict[str, Any]) -> tuple[str, str, str]:
    return answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"]


@pytest.fixture
def estate() -> Iterator[Estate]:
    """The demo scenario, fresh; pending states last 30 s unless the clock is moved."""
    with EmulatorServer("demo", creation_delay=30.0, deletion_delay=30.0, provisioning_delay=30.0) as server:
        yield Estate(server)


@pytest.fixture
def sso(estate: Estate) -> Any:
    return estate.client("sso-admin")


@pytest.fixture
def people(estate: Estate) -> Any:
    return estate.client("identitystore")


@pytest.fixture
def within() -> Callable[[Callable[[], bool]], None]:
    """Wait for something that happens on real time."""

    def wait(happened: Callable[[], bool], seconds: float = 10) -> None:
        deadline = time.monotonic() + seconds
        while not happened():
            assert time.monotonic() < deadline, "it did not happen"
            time.sleep(0.02)

    return wait
