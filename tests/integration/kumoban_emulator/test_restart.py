"""With a state folder everything is there again after kill -9: ids, credentials, pending operations, moto's things."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import urllib3
from botocore.session import Session

from tests.integration.kumoban_emulator.refusals import refused


class Process:
    """A real emulator process that keeps its state in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._process: subprocess.Popen[str] | None = None
        self.url = ""

    def start(self, *options: str) -> None:
        command = [sys.executable, "-m", "kumoban_emulator", "--port", "0", "--state", str(self.folder), *options]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        self.url = next(word for word in line.split() if word.startswith("http://"))

    def kill(self) -> None:
        if self._process:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(10)
            if self._process.stdout:
                self._process.stdout.close()
            self._process = None

    def client(self, service: str, profile: str = "kumoban-admin", **session: Any) -> Any:
        """As the plain aws CLI would call: by the profiles the emulator wrote."""
        found = Session(profile=profile)
        found.set_config_variable("config_file", str(self.folder / "aws" / "config"))
        found.set_config_variable("credentials_file", str(self.folder / "aws" / "credentials"))
        return boto3.Session(botocore_session=found).client(service, **session)

    def admin(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        answer: dict[str, Any] = urllib3.request(method, f"{self.url}/_emulator/{path}", json=body).json()
        return answer


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Process]:
    found = Process(tmp_path / "state")
    yield found
    found.kill()


def _snapshot(process: Process) -> dict[str, Any]:
    sso, people = process.client("sso-admin"), process.client("identitystore")
    instance = sso.list_instances()["Instances"][0]
    store = {"IdentityStoreId": instance["IdentityStoreId"]}
    of = {"InstanceArn": instance["InstanceArn"]}
    found = {
        "instance": instance,
        "users": [user for page in people.get_paginator("list_users").paginate(**store) for user in page["Users"]],
        "groups": people.list_groups(**store)["Groups"],
        "sets": sso.list_permission_sets(**of)["PermissionSets"],
        "creations": sso.list_account_assignment_creation_status(**of)["AccountAssignmentsCreationStatus"],
        "accounts": process.client("organizations", "kumoban-management").list_accounts()["Accounts"],
        "vpcs": process.client("ec2").describe_vpcs()["Vpcs"],
    }
    plain: dict[str, Any] = json.loads(json.dumps(found, default=str))
    return plain


def test_killed_and_started_again_nothing_has_changed(process: Process) -> None:
    process.start("--creation-delay", "600", "--no-limits")
    sso, people = process.client("sso-admin"), process.client("identitystore")
    instance = sso.list_instances()["Instances"][0]
    user = people.create_user(IdentityStoreId=instance["IdentityStoreId"], UserName="new.person", DisplayName="新 人")
    made = sso.create_permission_set(InstanceArn=instance["InstanceArn"], Name="Fresh")["PermissionSet"]
    sso.create_account_assignment(
        InstanceArn=instance["InstanceArn"],
        TargetId="410122301137",
        TargetType="AWS_ACCOUNT",
        PermissionSetArn=made["PermissionSetArn"],
        PrincipalType="USER",
        PrincipalId=user["UserId"],
    )
    process.client("ec2").create_vpc(CidrBlock="10.9.0.0/16")
    process.client("organizations", "kumoban-management").create_account(Email="a@b.example", AccountName="later")
    before = _snapshot(process)
    assert before["creations"][0]["Status"] == "IN_PROGRESS"
    process.kill()
    process.start("--creation-delay", "600", "--no-limits")
    assert _snapshot(process) == before
    process.admin("POST", "clock", {"advance": 600})
    assert _snapshot(process)["creations"][0]["Status"] == "SUCCEEDED"


def test_sessions_survive_and_expire_when_they_would_have(process: Process) -> None:
    process.start()
    sts = process.client("sts", "kumoban-desk")
    given = sts.assume_role(RoleArn="arn:aws:iam::410122301018:role/KumobanReader", RoleSessionName="KB-1")[
        "Credentials"
    ]
    process.admin("POST", "clock", {"advance": 1800})
    token = process.admin("POST", "portal/token", {"userName": "sato.misaki"})["accessToken"]
    process.kill()
    process.start()
    session = boto3.client(
        "sts",
        endpoint_url=process.url,
        region_name="ap-northeast-1",
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )
    assert session.get_caller_identity()["Arn"].endswith("/KumobanReader/KB-1")
    assert process.client("sso").list_accounts(accessToken=token)["accountList"]
    process.admin("POST", "clock", {"advance": 1801})
    assert refused(session.get_caller_identity) == "ExpiredToken"


def test_the_trail_survives(process: Process) -> None:
    process.start()
    process.client("sso-admin").list_instances()
    process.kill()
    process.start()
    wanted = [{"AttributeKey": "EventName", "AttributeValue": "ListInstances"}]
    assert len(process.client("cloudtrail").lookup_events(LookupAttributes=wanted)["Events"]) == 1


def test_a_torn_last_line_is_left_out(process: Process) -> None:
    process.start()
    process.client("sso-admin")
    process.kill()
    journal = process.folder / "journal.jsonl"
    whole = journal.read_text()
    journal.write_text(whole + '{"kind":"call","serv')
    process.start()
    assert process.admin("GET", "health")["ready"] is True
    again = journal.read_text()
    assert again.startswith(whole)
    assert all(json.loads(line)["kind"] for line in again.splitlines())


def test_another_scenario_does_not_take_over_the_folder(process: Process) -> None:
    process.start()
    process.kill()
    command = [
        sys.executable,
        "-m",
        "kumoban_emulator",
        "--port",
        "0",
        "--state",
        str(process.folder),
        "--scenario",
        "empty",
    ]
    refusal = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert refusal.returncode == 2
    assert "demo" in refusal.stderr


def test_it_stops_cleanly_on_sigterm(process: Process) -> None:
    process.start()
    running = process._process
    assert running is not None
    began = time.monotonic()
    running.terminate()
    assert running.wait(10) == 0
    assert time.monotonic() - began < 10


def test_the_credentials_file_is_for_its_owner_only(process: Process) -> None:
    process.start()
    assert os.stat(process.folder / "aws" / "credentials").st_mode & 0o077 == 0
