"""From request to proven end through real HTTP, with real processes; AWS is asked by somebody else's client."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import httpx
import pytest

from tests.journeys.conftest import Demo, wait_until


def choose(api: httpx.Client, source: str, *labels: str) -> list[str]:
    offered = api.get(f"routines/temporary-access/choices/{source}").json()
    return [choice["value"] for label in labels for choice in offered if label in (choice["label"], choice["hint"])]


def ask(api: httpx.Client) -> dict[str, object]:
    form = {
        "accounts": choose(api, "accounts", "payments-prod", "payments-data-prod"),
        "permission_set": choose(api, "permission_sets", "DatabaseReadOnly")[0],
        "workers": choose(api, "people", "sato.misaki", "nakamura.ren"),
        "until": "１５分",
        "reason": "決済エラー率上昇の調査",
    }
    answer = api.post("requests", json={"routine": "temporary-access", "form": form})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def approve(demo: Demo, number: str, *names: str) -> None:
    for name in names:
        api = demo.api(name)
        digest = api.get(f"requests/{number}").json()["plan"]["digest"]
        answer = api.post(f"requests/{number}/approve", json={"plan": digest})
        assert answer.status_code == 200, answer.text


@pytest.mark.slow
@pytest.mark.kill
def test_it_is_asked_approved_granted_survives_kill_9_ends_and_is_proven(demo: Demo) -> None:
    api = demo.api("sato.misaki")
    made = ask(api)
    number = str(made["number"])
    form = made["form"]
    assert isinstance(form, dict)

    def state() -> str:
        return str(api.get(f"requests/{number}").json()["state"])

    before = {account: demo.assigned(account, form["permission_set"]) for account in form["accounts"]}
    approve(demo, number, "suzuki.hanako", "takahashi.ken")
    wait_until("it is active", lambda: state() == "active")
    for account in form["accounts"]:
        assert set(form["workers"]) <= demo.assigned(account, form["permission_set"])

    api.post("demo/clock", json={"minutes": 16})
    demo.runner().kill()  # in the middle of ending: the next node finds the rows
    wait_until("it has ended", lambda: state() == "ended", 90)
    for account in form["accounts"]:
        assert demo.assigned(account, form["permission_set"]) == before[account]
    grants = api.get(f"requests/{number}").json()["grants"]
    assert {grant["ended_by"] for grant in grants} == {"seen_absent"}
    assert demo.kumoban("ledger", "verify").startswith("OK")


@pytest.mark.slow
def test_the_command_line_asks_shows_and_ends(demo: Demo) -> None:
    token = demo.kumoban("token", "sato.misaki")
    environment = {**os.environ, "KUMOBAN_TOKEN": token, "KUMOBAN_BASE_URL": demo.url}

    def kumoban(*arguments: str) -> dict[str, object]:
        command = [sys.executable, "-m", "kumoban", *arguments, "--json"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60)
        return dict(json.loads(done.stdout))

    api = demo.api("sato.misaki")
    account = choose(api, "accounts", "payments-dev")[0]
    arn = choose(api, "permission_sets", "LogReader")[0]
    fields = [f"accounts={account}", f"permission_set={arn}", "until=15m", "reason=reading logs"]
    number = str(kumoban("request", "temporary-access", *fields)["number"])
    wait_until("it is active", lambda: kumoban("show", number)["state"] == "active")
    kumoban("end", number)
    wait_until("it has ended", lambda: kumoban("show", number)["state"] == "ended")
