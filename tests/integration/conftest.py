"""A small organisation in rows, and AWS answered in process: two accounts, one permission set, five people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module

import pytest

from benchmarks.in_process_door import INSTANCE, InProcessAws
from kumoban.aws import door as door_module
from kumoban.aws.door import Pass
from kumoban.desk.models import Rule, Step
from kumoban.desk.people import Actor
from kumoban.desk.runner import Runner
from kumoban.desk.sign_in import user_of
from kumoban.estate.models import (
    Account,
    Group,
    Membership,
    Organization,
    OrganizationalUnit,
    Person,
    Team,
)
from kumoban.estate.scan import scan_account_assignments, scan_permission_set
from kumoban.ledger.clock import database_now

ARN = "arn:aws:sso:::permissionSet/ssoins-7223000000000000/ps-1111111111111111"


@dataclass
class Office:
    """The people of the tests, what AWS holds, and one runner."""

    aws: InProcessAws
    runner: Runner

    def actor(self, name: str, scopes: frozenset[str] | None = None) -> Actor:
        return Actor(user_of(Person.objects.get(user_name=name)), scopes)

    def form(self, **changed: object) -> dict[str, object]:
        return {
            "accounts": ["410122300001", "410122300002"],
            "permission_set": ARN,
            "workers": ["u-sato", "u-ren"],
            "until": "15m",
            "reason": "決済エラーの調査",
            **changed,
        }

    def pass_time(self, by: timedelta) -> None:
        """Age every window and due, as if that much time had gone by."""
        from kumoban.desk.models import Hold

        for step in Step.objects.filter(due__isnull=False):
            Step.objects.filter(pk=step.pk).update(due=step.due - by)
        for hold in Hold.objects.filter(ends_at__isnull=False):
            Hold.objects.filter(pk=hold.pk).update(ends_at=hold.ends_at - by)

    @property
    def door(self) -> Pass:
        return door_module.door().open("test")

    def scan(self, account: str, *, minutes_later: int) -> None:
        """The estate's next look at an account, as if that many minutes later."""
        scan_account_assignments(self.door, account)
        Account.objects.filter(pk=account).update(assignments_seen_at=database_now() + timedelta(minutes=minutes_later))

    def has(self, account: str, person: str) -> bool:
        return (account, ARN, person) in self.aws.assigned


PEOPLE = {
    "sato": ("佐藤 美咲", ["g-pay"]),
    "ren": ("中村 蓮", ["g-pay"]),
    "suzuki": ("鈴木 花子", ["g-pay", "g-leads"]),
    "tanaka": ("田中 一郎", ["g-leads"]),
    "takahashi": ("高橋 健", ["g-ops"]),
    "kim": ("Daniel Kim", []),
}


def _protection() -> tuple[list[str], list[str]]:
    """The statements that make the record append-only, and the names of its triggers."""
    from django.db import connection

    migration = import_module("kumoban.ledger.migrations.0002_append_only")
    statements = migration.SQLITE if connection.vendor == "sqlite" else migration.POSTGRESQL
    triggers = [statement for statement in statements if statement.startswith("CREATE TRIGGER")]
    return triggers, [statement.split()[2] for statement in triggers]


def lift_protection() -> None:
    """Drop the triggers, as who owns the database can."""
    from django.db import connection

    with connection.cursor() as cursor:
        for name in _protection()[1]:
            table = "ledger_entrytext" if "entrytext" in name else "ledger_entry"
            on = "" if connection.vendor == "sqlite" else f" ON {table}"
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}{on}")


@pytest.fixture
def emptied_ledger(transactional_db: None) -> Iterator[None]:
    """Lets the database be emptied after a test: append-only triggers are lifted after it, put back before."""
    from django.db import connection

    lift_protection()
    with connection.cursor() as cursor:
        for statement in _protection()[0]:
            cursor.execute(statement)
    yield
    lift_protection()


@pytest.fixture
def office(emptied_ledger: None, settings: object, monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> Office:
    from django.conf import settings as django_settings
    from django.core.cache import cache

    aws = InProcessAws()
    aws.sets[ARN] = {
        "Name": "ProdReadOnly",
        "PermissionSetArn": ARN,
        "SessionDuration": "PT1H",
        "_managed": ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
    }
    opened = door_module.Door(aws)
    monkeypatch.setattr(door_module, "_process_door", lambda _pid: opened)
    for name, value in {
        "KUMOBAN_AWS_LIMITS": False,
        "KUMOBAN_OPERATOR_ROLE": "arn:aws:iam::410122300009:role/KumobanOperator",
        "KUMOBAN_READER_ROLE": "arn:aws:iam::410122300009:role/KumobanReader",
        "KUMOBAN_LEDGER_SEAL_FILE": f"{tmp_path}/seal",
        "KUMOBAN_SECOND_LOOK_SECONDS": 960.0,
    }.items():
        monkeypatch.setattr(django_settings, name, value)
    _rows(aws)
    cache.clear()
    return Office(aws, Runner("node-test", threads=4))


def _rows(aws: InProcessAws) -> None:
    from kumoban.ledger.models import Head

    Head.objects.get_or_create(pk=1, defaults={"seq": 0, "digest": "0" * 64})
    now = database_now()
    Organization.objects.create(
        id="o-1",
        management_account="410122300000",
        instance_arn=INSTANCE,
        identity_store_id="d-1",
        own_account="410122300009",
        seen_at=now,
    )
    ou = OrganizationalUnit.objects.create(
        id="ou-prod", name="Production", id_path="r-1/ou-prod", name_path="Production", seen_at=now
    )
    for number, name in (("410122300001", "payments-prod"), ("410122300002", "payments-data-prod")):
        Account.objects.create(
            id=number,
            name=name,
            email="a@example.jp",
            status="ACTIVE",
            ou=ou,
            team="payments",
            environment="prod",
            seen_at=now,
        )
    for group, name in (("g-pay", "team-payments"), ("g-leads", "team-payments-leads"), ("g-ops", "ops")):
        Group.objects.create(id=group, name=name, description=name, seen_at=now)
    Team.objects.create(slug="payments", name="決済基盤", group_id="g-pay", leads_group_id="g-leads", seen_at=now)
    for name, (display, groups) in PEOPLE.items():
        Person.objects.create(id=f"u-{name}", user_name=name, display_name=display, manager_id="u-suzuki", seen_at=now)
        for group in groups:
            Membership.objects.create(person_id=f"u-{name}", group_id=group, seen_at=now)
            aws.members.setdefault(group, set()).add(f"u-{name}")
    scan_permission_set(door_module.door().open("test"), ARN)
    Rule.objects.create(
        name="本番・読み取り",
        routine="temporary-access",
        effect="allow",
        who={"groups": ["g-pay"]},
        dimensions={"account": ["own-team"], "environment": ["prod"], "permission_set": ["*"]},
        limits={"max_minutes": 120},
        approvers=[{"group": "g-leads", "count": 1}],
        changed_at=now,
    )
