"""Memory of the desk in the demo after one journey: web and runner together, the practice AWS apart. And how soon
the demo answers.

    .venv/bin/python -m benchmarks.memory [--quick]
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
import psutil

from benchmarks.report import Figure, conclude

PORT, EMULATOR_PORT = 8438, 4638
URL = f"http://127.0.0.1:{PORT}"


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="the same: it is quick enough")
    parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kumoban-bench-") as folder:
        return measure(Path(folder))


def measure(folder: Path) -> int:
    arguments = ["--port", str(PORT), "--emulator-port", str(EMULATOR_PORT), "--data", str(folder)]
    started = time.monotonic()
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "KUMOBAN_"))}
    demo = subprocess.Popen(
        [sys.executable, "-m", "kumoban", "demo", *arguments], env=environment, stdout=subprocess.DEVNULL
    )
    try:
        sign_in = until(lambda: httpx.get(f"{URL}/sign-in", timeout=2).status_code == 200, started)
        client = httpx.Client(base_url=URL, timeout=10)
        ask = until(lambda: all_accounts(client), started)
        journey(client)
        pss = sum(
            child.memory_full_info().pss
            for child in psutil.Process(demo.pid).children()
            if {"web", "runner"} & set(child.cmdline())
        )
    finally:
        demo.send_signal(signal.SIGINT)
        demo.wait(timeout=20)
    return conclude(
        "memory",
        [
            Figure("web + runner", pss / 2**20, " MB PSS", most=300),
            Figure("sign-in page after", sign_in, " s", most=10),
            Figure("ask page with all accounts after", ask, " s", most=45),
        ],
    )


def until(true: object, started: float) -> float:
    """Seconds from the start until it is true; infinite after two minutes."""
    while time.monotonic() - started < 120:
        try:
            if true():  # type: ignore[operator]
                return time.monotonic() - started
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    return float("inf")


def all_accounts(client: httpx.Client) -> bool:
    """Signed in as a developer, the ask page offers the four accounts of her team."""
    client.get("/sign-in")
    token = client.cookies.get("csrftoken") or ""
    answer = client.post("/sign-in", data={"user_name": "sato.misaki", "csrfmiddlewaretoken": token})
    return answer.status_code == 302 and client.get("/ask/temporary-access").text.count('name="accounts"') >= 4


def journey(client: httpx.Client) -> None:
    """One request to a development account, which no one has to approve, until it is active."""
    page = client.get("/ask/temporary-access").text
    value = page.split('name="accounts" value="')
    account = next(part[:12] for part in value[1:] if "-dev" in part[:120])
    sets = page.split('name="permission_set" value="')
    arn = next(part.split('"')[0] for part in sets[1:] if "LogReader" in part[:400])
    form = {"accounts": account, "permission_set": arn, "until": "15m", "reason": "measuring memory"}
    answer = client.post("/ask/temporary-access", data={**form, "csrfmiddlewaretoken": client.cookies["csrftoken"]})
    address = answer.headers["Location"]
    until(lambda: 'data-state="active"' in client.get(address).text, time.monotonic())


if __name__ == "__main__":
    sys.exit(main())
