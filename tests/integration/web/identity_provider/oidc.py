"""npm's oidc-provider as a process of its own, where Node is found; installed once into a folder that is kept."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import httpx

HERE = Path(__file__).parent
MODULES = Path(os.environ.get("KUMOBAN_TEST_NODE_MODULES", HERE.parents[3] / "var" / "test-node"))
CLIENT, SECRET = "kumoban-desk", "a secret that only the desk and the provider know"


@cache
def missing() -> str:
    """Why there can be no provider here; empty where it is ready."""
    if not shutil.which("node") or not shutil.which("npm"):
        return "no Node here: an OpenID Connect provider needs node (20 or newer) and npm"
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True, timeout=20).stdout
    if int(version.lstrip("v").split(".")[0]) < 20:
        return f"Node {version.strip()} is too old for an OpenID Connect provider: 20 or newer is needed"
    MODULES.mkdir(parents=True, exist_ok=True)
    with (MODULES / ".installing").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)  # the tests run in several processes, and two npms break each other's work
        return "" if (MODULES / "node_modules" / "oidc-provider").is_dir() else _installed()


def _installed() -> str:
    """Put the provider there; why that was not possible, else empty."""
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, MODULES / name)
    command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--fetch-retries=1", "--fetch-timeout=20000"]
    try:
        done = subprocess.run(command, cwd=MODULES, capture_output=True, text=True, timeout=120)
    except subprocess.TimeoutExpired:
        return "oidc-provider was not installed: npm did not come to an end"
    return "" if done.returncode == 0 else f"oidc-provider was not installed: {done.stderr.strip()[-200:]}"


@dataclass
class OidcProvider:
    issuer: str
    process: subprocess.Popen[str]

    def signs_in(self, sub: str, *, refuse: bool = False, **claims: Any) -> None:
        """From now on it is this person who sits in front of the provider."""
        told = {"sub": sub, "claims": claims, "refuse": refuse}
        httpx.put(f"{self.issuer}/next", content=json.dumps(told)).raise_for_status()

    def asked(self) -> list[Mapping[str, Any]]:
        """The parameters of the questions since."""
        found: list[Mapping[str, Any]] = httpx.get(f"{self.issuer}/asked").json()
        return found

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=20)


@contextmanager
def oidc_provider(redirect_uri: str) -> Iterator[OidcProvider]:
    command = ["node", str(HERE / "oidc.js"), str(MODULES), CLIENT, SECRET, redirect_uri]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout
    port = ""
    while not port.isdecimal():  # the provider warns about what only a test may do
        line = process.stdout.readline()
        assert line, "the provider did not start"
        port = line.strip()
    provider = OidcProvider(f"http://127.0.0.1:{port}", process)
    try:
        yield provider
    finally:
        provider.stop()
