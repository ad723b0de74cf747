"""The doctor against a desk at its practice AWS: well, and with one thing after another that is wrong."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from kumoban.cli.doctor.at_aws import furthest_apart
from kumoban.desk.models import Duty, Step
from kumoban.desk.roles import OPERATOR, READER, declared, here, policy
from kumoban.estate.models import Membership, Organization, Person
from kumoban.estate.scan import scan_all
from kumoban.ledger.clock import database_now
from tests.integration.cli.test_machine import run
from tests.integration.desk.practice import Practice, practice_desk
from tests.integration.web.identity_provider.saml import metadata, new_key


@pytest.fixture
def desk(emptied_ledger: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Practice]:
    if connection.vendor == "sqlite":  # the tests' own does not wait for the disk
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA synchronous=FULL")
    with practice_desk(monkeypatch, tmp_path) as made:
        key = tmp_path / "ledger.key"
        key.write_text("k" * 44)
        key.chmod(0o600)
        monkeypatch.setattr(settings, "KUMOBAN_LEDGER_KEY_FILE", str(key))
        monkeypatch.setattr(settings, "KUMOBAN_AUDITOR_GROUP", "team-payments-leads")
        monkeypatch.setattr(settings, "KUMOBAN_EMAIL", {"scheme": "demo"})
        Membership.objects.create(person_id=made.user("ren"), group_id=made.group("ops"), seen_at=database_now())
        Duty.objects.update_or_create(name="seal", defaults={"due": database_now(), "last_at": database_now()})
        yield made
    connection.close()  # the next one is as the tests' are


#: the tests' own PostgreSQL gives up durability for speed, and the doctor says so
DURABLE = "what is written stays written"


def found() -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in json.loads(run("doctor", "--json").output)}


def wrong() -> dict[str, str]:
    told = {name: one["found"] for name, one in found().items() if not one["ok"]}
    if connection.vendor == "postgresql":
        assert "fsync=off" in told.pop(DURABLE)
    return told


def role(desk: Practice, name: str) -> Any:
    return desk.aws.engine.world.roles.find(desk.aws.engine.world.delegate, name)


def test_where_everything_is_well_it_says_what_it_found_and_changes_nothing(desk: Practice) -> None:
    desk.aws.admin.clear_calls()
    answer = run("doctor")
    assert wrong() == {}
    assert answer.exit_code == (0 if connection.vendor == "sqlite" else 1), answer.output
    for text in (
        "delegated administrator",
        "0 of 10 assignment operations",
        "assumed-role/KumobanReader",
        "kumoban-desk",
    ):
        assert text in answer.output
    called = {line["operation"] for line in desk.aws.admin.calls()["calls"]}
    reading = ("Describe", "Get", "List", "Lookup", "AssumeRole", "Simulate")
    assert [operation for operation in called if not operation.startswith(reading)] == []
    assert connection.vendor in answer.output


def test_each_failure_says_what_to_do_in_the_readers_language(desk: Practice) -> None:
    Duty.objects.all().delete()
    for language, said in (("ja", "kumoban runner を起動してください"), ("en", "start: kumoban runner")):
        answer = run("doctor", language=language)
        assert answer.exit_code == 1
        assert said in answer.output


def test_a_missing_permission_is_named(desk: Practice) -> None:
    needed = [need for need in declared(READER) if need.operation != "list_group_memberships"]
    role(desk, "KumobanReader").inline = {"read": json.dumps(policy(needed, here()))}
    assert wrong() == {"the reader's permissions": "missing: identitystore:ListGroupMemberships"}


def test_under_the_generated_policies_nothing_is_missing(desk: Practice) -> None:
    for name, which in (("KumobanReader", READER), ("KumobanOperator", OPERATOR)):
        role(desk, name).managed, role(desk, name).inline = (), {"own": json.dumps(policy(declared(which), here()))}
    assert wrong() == {}


def test_a_role_that_does_not_trust_the_machine_is_told(desk: Practice) -> None:
    role(desk, "KumobanOperator").trusts = ()
    told = wrong()
    assert set(told) == {"operator role"}
    assert "AccessDenied" in told["operator role"]


def test_a_wrong_reader_fails_what_depends_on_it_and_nothing_else(
    desk: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "KUMOBAN_READER_ROLE", desk.aws.role_arn("Nobody"))
    told = wrong()
    assert {"reader role", "IAM Identity Center", "administrator", "trusted access", "clocks"} <= set(told)
    assert "database" not in told


def test_an_aws_that_throttles_is_told_as_such(desk: Practice) -> None:
    desk.aws.admin.fault(kind="throttle", service="organizations")
    told = wrong()
    assert {"administrator", "trusted access"} <= set(told)
    assert "TooManyRequests" in told["trusted access"]


def test_in_observe_mode_the_operator_is_not_needed_but_grants_in_force_are_told(
    desk: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = desk.granted("sato")
    monkeypatch.setattr(settings, "KUMOBAN_MODE", "observe")
    monkeypatch.setattr(settings, "KUMOBAN_OPERATOR_ROLE", "")
    assert wrong() == {"ends": "observe mode, and nobody ends the 1 grants in force"}
    assert made.state == "active"


def test_an_overdue_end_and_an_empty_team_are_told(desk: Practice) -> None:
    desk.granted("sato")
    Step.objects.filter(kind="end").update(due=database_now() - timedelta(hours=1))
    Membership.objects.filter(group_id=desk.group("ops")).update(absent_since=database_now())
    assert wrong() == {"ends": "1 ends are more than five minutes late", "operations team": "ops has 0 people"}


def test_another_instance_and_an_account_without_delegation_are_told(desk: Practice) -> None:
    Organization.objects.update(instance_arn="arn:aws:sso:::instance/ssoins-0000000000000000")
    desk.aws.engine.world.organization.delegated.clear()
    desk.aws.engine.world.organization.trusted.clear()
    assert {"IAM Identity Center", "administrator", "trusted access"} <= set(wrong())


def test_a_key_that_others_can_read_is_told(desk: Practice) -> None:
    path = Path(settings.KUMOBAN_LEDGER_KEY_FILE)
    path.chmod(path.stat().st_mode | stat.S_IROTH)
    assert "can be read by others" in wrong()["key of the ledger"]


def test_clocks_are_compared(desk: Practice) -> None:
    now = datetime.now(UTC)
    assert furthest_apart([now, now + timedelta(minutes=6), now - timedelta(seconds=1)]) == timedelta(seconds=361)


def test_duties_that_fail_and_mail_that_does_not_answer_are_told(
    desk: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    Duty.objects.filter(name="seal").update(last_error="disk is full")
    nowhere = {"scheme": "smtp", "host": "127.0.0.1", "port": 9, "username": "", "password": "", "starttls": True}
    monkeypatch.setattr(settings, "KUMOBAN_EMAIL", nowhere)
    told = wrong()
    assert "disk is full" in told["runner"]
    assert "notices" in told


@pytest.fixture
def real(desk: Practice, monkeypatch: pytest.MonkeyPatch) -> Practice:
    """Not the demo: people sign in at a provider."""
    monkeypatch.setattr(settings, "KUMOBAN_DEMO", False)
    Person.objects.update(external_id="x")
    return desk


def test_without_a_provider_nobody_can_sign_in(real: Practice) -> None:
    assert wrong() == {"identity provider": "no identity provider is set: nobody can sign in"}


def test_a_provider_that_does_not_answer_or_nobody_of_the_directory_is_told(
    real: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "KUMOBAN_OIDC_ISSUER", "http://127.0.0.1:9")
    monkeypatch.setattr(settings, "KUMOBAN_OIDC_CLIENT_ID", "kumoban")
    Person.objects.update(external_id="")
    assert set(wrong()) == {"identity provider", "people of the directory"}


def test_saml_metadata_is_read_and_the_end_of_its_certificate_told(
    real: Practice, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "metadata.xml"
    monkeypatch.setattr(settings, "KUMOBAN_SAML_METADATA_FILE", str(file))
    assert "identity provider" in wrong()  # there is no such file
    file.write_text(metadata(new_key()))
    assert "certificate ends on" in wrong()["identity provider"]  # the tests' keys last a few days
    file.write_text("<nothing/>")
    assert "no certificate" in wrong()["identity provider"]


def test_member_accounts_that_could_not_be_read_are_named(desk: Practice, monkeypatch: pytest.MonkeyPatch) -> None:
    name = "readers in member accounts"
    assert "desk's own account only" in found()[name]["found"]
    monkeypatch.setattr(settings, "KUMOBAN_MEMBER_READER_ROLE", "KumobanReader")
    assert "payments-prod" in wrong()[name]
    scan_all()
    assert found()[name]["ok"]
