"""``kumoban demo``: the practice AWS, the desk's web and runner, as three processes on this machine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import click
import httpx

__all__ = ["run_demo"]


def run_demo(port: int, data: Path, emulator_port: int) -> int:
    """Start everything, say what to try, and stop everything when one of them stops or Ctrl-C is pressed."""
    data.mkdir(parents=True, exist_ok=True)
    processes: list[subprocess.Popen[bytes]] = []
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        click.echo("The practice AWS is starting …")
        endpoint = f"http://127.0.0.1:{emulator_port}"
        processes.append(_emulator(emulator_port, data))
        _wait_for(f"{endpoint}/_emulator/health", processes, 60)
        environment = _environment(port, data, endpoint)
        _kumoban(["migrate"], environment, quiet=True)
        processes.append(_start(["web", "--port", str(port)], environment, data / "web.log"))
        _wait_for(f"http://127.0.0.1:{port}/sign-in", processes, 30)
        click.echo("The estate is being read …")
        _kumoban(["scan"], environment, quiet=True)
        _kumoban(["demo-rules"], environment, quiet=True)
        processes.append(_start(["runner"], environment, data / "runner.log"))
        _welcome(port, data)
        while all(process.poll() is None for process in processes[:-1]):
            if processes[-1].poll() is not None:  # killed on stage: the rows wait, another node goes on
                click.echo("The runner has stopped; another one is started.")
                processes[-1] = _start(["runner"], environment, data / "runner.log")
            time.sleep(0.5)
        click.echo(f"A process has stopped; see the logs in {data}")
        return 1
    except KeyboardInterrupt:
        return 0
    finally:
        for process in reversed(processes):
            process.terminate()
        for process in processes:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _emulator(port: int, data: Path) -> subprocess.Popen[bytes]:
    command = [
        sys.executable,
        "-m",
        "kumoban_emulator",
        "--port",
        str(port),
        "--state",
        str(data / "emulator"),
    ]
    with (data / "emulator.log").open("ab") as log:
        return subprocess.Popen([*command, "--scenario", "demo"], stdout=log, stderr=log)


def _environment(port: int, data: Path, endpoint: str) -> dict[str, str]:
    health = httpx.get(f"{endpoint}/_emulator/health", timeout=5).json()
    account, management, audit = health["delegate"], health["management"], health["audit"]
    return {
        **os.environ,
        "KUMOBAN_DEMO": "1",
        "KUMOBAN_IDENTITY_SOURCE": "identity-center",  # its people have a directory's ids only to sign in
        "KUMOBAN_ACCOUNT_EMAIL": "aws+{name}@akatsuki.example",
        "KUMOBAN_DATA_DIR": str(data),
        "KUMOBAN_BASE_URL": f"http://127.0.0.1:{port}",
        "KUMOBAN_AWS_ENDPOINT_URL": endpoint,
        "KUMOBAN_AWS_PROFILE": "kumoban-desk",
        "KUMOBAN_ACCESS_PORTAL_URL": f"{endpoint}/_emulator/portal",
        "KUMOBAN_READER_ROLE": f"arn:aws:iam::{account}:role/KumobanReader",
        "KUMOBAN_MEMBER_READER_ROLE": "KumobanReader",
        "KUMOBAN_TRAIL_BUCKET": "kumoban-demo-cloudtrail",
        "KUMOBAN_TRAIL_ACCOUNT": audit,
        "KUMOBAN_MANAGEMENT_ROLE": f"arn:aws:iam::{management}:role/KumobanManagement",
        "KUMOBAN_OPERATOR_ROLE": f"arn:aws:iam::{account}:role/KumobanOperator",
        "AWS_CONFIG_FILE": str(data / "emulator" / "aws" / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(data / "emulator" / "aws" / "credentials"),
    }


def _start(arguments: list[str], environment: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as file:
        return subprocess.Popen(
            [sys.executable, "-m", "kumoban", *arguments], env=dict(environment), stdout=file, stderr=file
        )


def _kumoban(arguments: list[str], environment: Mapping[str, str], *, quiet: bool) -> None:
    output = subprocess.DEVNULL if quiet else None
    subprocess.run([sys.executable, "-m", "kumoban", *arguments], env=dict(environment), stdout=output, check=True)


def _wait_for(url: str, processes: list[subprocess.Popen[bytes]], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if any(process.poll() is not None for process in processes):
            raise click.ClickException("A process stopped while starting; is its port taken? See the logs.")
        try:
            if httpx.get(url, timeout=5).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.1)
    raise click.ClickException(f"{url} did not answer within {seconds:g} s")


def _welcome(port: int, data: Path) -> None:
    click.echo(f"""
Kumoban is ready: http://127.0.0.1:{port}

  1. Sign in as 佐藤 美咲 (a developer of the payments team): Ask → Temporary access, two accounts, 15m.
  2. Sign in as 鈴木 花子 (her manager), then 高橋 健 (operations): To approve → Approve this plan.
  3. Watch the steps turn green; then move the demo's clock (+15 minutes) and see it end by itself.

The same truth with the plain aws CLI:
  export AWS_CONFIG_FILE={data}/emulator/aws/config AWS_SHARED_CREDENTIALS_FILE={data}/emulator/aws/credentials
  aws --profile kumoban-admin sso-admin list-instances

Stop with Ctrl-C. Everything is kept in {data}.""")
