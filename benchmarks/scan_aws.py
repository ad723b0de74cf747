"""The practice AWS of the scan's benchmark, as a process: accounts with many permission sets provisioned in each."""

from __future__ import annotations

import sys
import threading

from kumoban_emulator import scenarios
from kumoban_emulator.scenarios.seeding import Begin, Seeder, day
from kumoban_emulator.server import EmulatorServer
from kumoban_emulator.state.world import World

__all__: list[str] = []


def build(accounts: int, sets: int) -> World:
    seeder = Seeder("scan", Begin("500300999900", "scan-management", "scan.example", day("2024-04-01")))
    seeder.account("500100000001", "ops-tooling", "Infrastructure", {"Environment": "shared"})
    seeder.delegate("500100000001", "sso.amazonaws.com", "account.amazonaws.com")
    seeder.group("engineers", "Engineers")
    seeder.user("worker", {"DisplayName": "Worker", "Name": {"FamilyName": "W", "GivenName": "W"}}, {})
    for number in range(sets):
        seeder.permission_set(f"Set{number:02}", "", ("ReadOnlyAccess",))
    for number in range(accounts):
        seeder.account(f"5002{number:08}", f"account-{number:04}", f"Workloads/Unit{number % 20:02}", {})
        for one in range(sets):
            seeder.assign("GROUP", "engineers", f"Set{one:02}", f"account-{number:04}")
    return seeder.finish()


def main(accounts: int, sets: int, port: int, folder: str) -> None:
    scenarios.SCENARIOS["scan"] = lambda: build(accounts, sets)
    with EmulatorServer("scan", port=port, profiles=folder, enforce_limits=False, creation_delay=0.0):
        print("ready", flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
