"""The desk against the emulator, called over HTTP in this process: a small organisation, its estate read from there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import boto3
import pytest

from kumoban.aws import door as door_module
from kumoban.desk import clock, requests
from kumoban.desk.models import Request, Rule, Step
from kumoban.desk.people import Actor
from kumoban.desk.runner import Runner
from kumoban.desk.sign_in import user_of
from kumoban.estate.models import Group, Person
from kumoban.estate.scan import scan_all
from kumoban.ledger.clock import database_now
from kumoban_emulator import scenarios
from kumoban_emulator.scenarios.seeding import Begin, Seeder, day
from kumoban_emulator.server import EmulatorServer
from kumoban_emulator.state.world import World

__all__ = ["Practice", "practice_desk"]

GROUPS = {"team-payments": ["sato", "ren", "suzuki"], "team-payments-leads": ["suzuki", "tanaka"], "ops": ["takahashi"]}
PROD = {"Team": "payments", "Environment": "prod"}


def small() -> World:
    seeder = Seeder("small", Begin("410122300001", "example-management", "example.com", day("2024-04-01")))
    seeder.account("410122300018", "ops-tooling", "Infrastructure", {"Environment": "shared"})
    seeder.account("410122300026", "audit", "Security", {"Environment": "shared"})
    seeder.account("410122300034", "payments-prod", "Workloads", PROD)
    seeder.account("410122300042", "payments-data-prod", "Workloads", PROD)
    seeder.delegate("410122300018", "sso.amazonaws.com")
    seeder.world.audit = "410122300026"
    for group, people in GROUPS.items():
        seeder.group(group, group)
        for name in people:
            if seeder.world.store.user_named(name) is None:
                seeder.user(name, {"DisplayName": name.title(), "Name": {"FamilyName": name, "GivenName": name}}, {})
            seeder.member(group, name)
    seeder.permission_set("ProdReadOnly", "", ("ReadOnlyAccess",))
    return seeder.finish()


@dataclass
class Practice:
    """The desk, its AWS, and AWS's administrator."""

    aws: EmulatorServer
    runner: Runner

    # --- the desk

    def actor(self, name: str) -> Actor:
        return Actor(user_of(Person.objects.get(user_name=name)))

    def ask(self, *workers: str, accounts: tuple[str, ...] = ("payments-prod",), **changed: object) -> Request:
        form = {
            "accounts": [self.account(name) for name in accounts],
            "permission_set": self.permission_set,
            "workers": [self.user(name) for name in workers or ("sato",)],
            "until": "30m",
            "reason": "決済エラーの調査",
            **changed,
        }
        return requests.ask(self.actor("sato"), "temporary-access", form)

    def approve(self, made: Request, who: str = "suzuki") -> Request:
        requests.approve(self.actor(who), made.number, plan_digest=made.plan.digest)
        return self.work(made)

    def granted(self, *workers: str, **changed: object) -> Request:
        made = self.approve(self.ask(*workers, **changed))  # type: ignore[arg-type]
        return self.until(made, "active")

    def work(self, made: Request) -> Request:
        self.runner.drain(20)
        made.refresh_from_db()
        return made

    def later(self, made: Request, by: timedelta = timedelta(seconds=5)) -> Request:
        """Time goes by at the desk and at AWS, and what is due is done."""
        self.aws.admin.advance(by.total_seconds())
        clock.advance(by, actor="test")
        return self.work(made)

    def until(self, made: Request, state: str, steps: int = 40) -> Request:
        for _ in range(steps):
            if made.state == state:
                return made
            self.later(made)
        raise AssertionError((made.state, made.why, list(Step.objects.filter(request=made).values())))

    def ended(self, made: Request) -> Request:
        requests.end_early(self.actor("sato"), made.number)
        return self.until(made, "ended")

    # --- AWS

    @property
    def instance(self) -> str:
        return self.aws.engine.world.center.instance

    @property
    def permission_set(self) -> str:
        found = self.aws.engine.world.center.set_named("ProdReadOnly")
        assert found is not None
        return found.arn

    def account(self, name: str) -> str:
        return next(found.id for found in self.aws.engine.world.organization.accounts.values() if found.name == name)

    def user(self, name: str) -> str:
        found = self.aws.engine.world.store.user_named(name)
        assert found is not None
        return found.id

    def group(self, name: str) -> str:
        return Group.objects.get(name=name).id

    def admin(self, service: str, who: str = "kumoban-admin") -> Any:
        key, secret, _ = self.aws.credentials(who)
        return boto3.client(
            service,
            endpoint_url=self.aws.endpoint_url,
            region_name="ap-northeast-1",
            aws_access_key_id=key,
            aws_secret_access_key=secret,
        )

    @property
    def store(self) -> str:
        return self.aws.engine.world.store.id

    def assigned(self) -> set[tuple[str, str]]:
        """(account, person) by id, after everything pending has completed."""
        self.aws.admin.advance(60)
        world = self.aws.engine.world
        return {(account, person) for (account, _arn), who in world.center.assigned.items() for _kind, person in who}

    def done(self, operation: str) -> int:
        return self.aws.admin.count("sso-admin", operation, "ok")

    def thing(self, name: str, account: str = "payments-prod") -> dict[str, str]:
        return {
            "InstanceArn": self.instance,
            "TargetId": self.account(account),
            "TargetType": "AWS_ACCOUNT",
            "PermissionSetArn": self.permission_set,
            "PrincipalType": "USER",
            "PrincipalId": self.user(name),
        }


@contextmanager
def practice_desk(patch: pytest.MonkeyPatch, folder: Any) -> Iterator[Practice]:
    from django.conf import settings

    patch.setitem(scenarios.SCENARIOS, "small", small)
    with EmulatorServer("small", creation_delay=0.05, deletion_delay=0.05, enforce_limits=False) as aws:
        key, secret, _ = aws.credentials("kumoban-desk")
        patch.setenv("AWS_ACCESS_KEY_ID", key)
        patch.setenv("AWS_SECRET_ACCESS_KEY", secret)
        opened = door_module.Door()
        patch.setattr(door_module, "_process_door", lambda _pid: opened)
        for name, value in {
            "KUMOBAN_DEMO": True,
            "KUMOBAN_AWS_LIMITS": False,
            "KUMOBAN_AWS_ENDPOINT_URL": aws.endpoint_url,
            "KUMOBAN_OPERATOR_ROLE": aws.role_arn("KumobanOperator"),
            "KUMOBAN_READER_ROLE": aws.role_arn("KumobanReader"),
            "KUMOBAN_LEDGER_SEAL_FILE": f"{folder}/seal",
            "KUMOBAN_SECOND_LOOK_SECONDS": 960.0,
        }.items():
            patch.setattr(settings, name, value)
        _rows()
        aws.admin.clear_calls()
        yield Practice(aws, Runner("node-test", threads=4))


def _rows() -> None:
    from kumoban.ledger.models import Head

    Head.objects.get_or_create(pk=1, defaults={"seq": 0, "digest": "0" * 64})
    scan_all()
    Rule.objects.create(
        name="本番・読み取り",
        routine="temporary-access",
        effect="allow",
        who={"groups": [Group.objects.get(name="team-payments").id]},
        dimensions={"account": ["own-team"], "environment": ["prod"], "permission_set": ["*"]},
        limits={"max_minutes": 120},
        approvers=[{"group": Group.objects.get(name="team-payments-leads").id, "count": 1}],
        changed_at=database_now(),
    )
