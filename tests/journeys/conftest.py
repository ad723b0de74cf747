"""The whole desk as real processes: the practice AWS, the web pages, a runner; a database of its own."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import boto3
import httpx
import psutil
import pytest


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Demo:
    """A running ``kumoban demo``."""

    process: subprocess.Popen[bytes]
    url: str
    data: Path
    environment: dict[str, str]

    def kumoban(self, *arguments: str) -> str:
        """A command on this machine; what it prints."""
        command = [sys.executable, "-m", "kumoban", *arguments]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=True, timeout=60)
        return done.stdout.strip()

    def api(self, name: str) -> httpx.Client:
        token = self.kumoban("token", name)
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.Client(base_url=f"{self.url}/api/v1/", headers=headers, timeout=30)

    def assigned(self, account: str, permission_set: str) -> set[str]:
        """Who has it on AWS, asked as the plain aws CLI would: the ids of users."""
        session = boto3.Session(profile_name="kumoban-admin")
        center = session.client("sso-admin", endpoint_url=self.environment["KUMOBAN_AWS_ENDPOINT_URL"])
        instance = center.list_instances()["Instances"][0]["InstanceArn"]
        of = {"InstanceArn": instance, "AccountId": account, "PermissionSetArn": permission_set}
        listed = center.list_account_assignments(**of)["AccountAssignments"]
        return {row["PrincipalId"] for row in listed if row["PrincipalType"] == "USER"}

    def runner(self) -> psutil.Process:
        for child in psutil.Process(self.process.pid).children():
            if "runner" in child.cmdline():
                return child
        raise AssertionError("no runner is running")


def wait_until(what: str, true: object, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if true():  # type: ignore[operator]
            return
        time.sleep(0.2)
    raise AssertionError(f"not within {seconds} s: {what}")


@pytest.fixture
def demo(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Demo]:
    port, emulator_port, data = free_port(), free_port(), tmp_path / "demo"
    environment = {**os.environ, "KUMOBAN_DATABASE_URL": database_url, "KUMOBAN_LEASE_SECONDS": "25"}
    arguments = ["demo", "--port", str(port), "--emulator-port", str(emulator_port), "--data", str(data)]
    log = tmp_path / "demo.log"
    with log.open("wb") as file:
        command = [sys.executable, "-m", "kumoban", *arguments]
        process = subprocess.Popen(command, env=environment, stdout=file, stderr=file)
    wait_until("the demo is ready", lambda: "is ready" in log.read_text() or process.poll() is not None, 240)
    assert process.poll() is None, log.read_text()
    account = re.search(r'"delegate": "(\d+)"', httpx.get(f"http://127.0.0.1:{emulator_port}/_emulator/health").text)
    assert account
    keys = data / "emulator" / "aws"
    monkeypatch.setenv("AWS_CONFIG_FILE", str(keys / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(keys / "credentials"))
    environment |= {
        "AWS_CONFIG_FILE": str(keys / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(keys / "credentials"),
        "KUMOBAN_DEMO": "1",
        "KUMOBAN_DATA_DIR": str(data),
        "KUMOBAN_BASE_URL": f"http://127.0.0.1:{port}",
        "KUMOBAN_AWS_PROFILE": "kumoban-desk",
        "KUMOBAN_AWS_ENDPOINT_URL": f"http://127.0.0.1:{emulator_port}",
        "KUMOBAN_READER_ROLE": f"arn:aws:iam::{account[1]}:role/KumobanReader",
        "KUMOBAN_OPERATOR_ROLE": f"arn:aws:iam::{account[1]}:role/KumobanOperator",
    }
    yield Demo(process, f"http://127.0.0.1:{port}", data, environment)
    process.send_signal(signal.SIGINT)
    process.wait(timeout=20)
