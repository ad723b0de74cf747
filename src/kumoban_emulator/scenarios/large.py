"""Scenario ``large``: 1,000 accounts, 1,000 people, 20 permission sets, for measurements."""

from __future__ import annotations

from kumoban_emulator.scenarios.seeding import Begin, Seeder, day
from kumoban_emulator.state.world import World

__all__ = ["build_large"]

ACCOUNTS, PEOPLE, SETS, GROUPS = 1000, 1000, 20, 12


def build_large() -> World:
    seeder = Seeder("large", Begin("500100000000", "large-management", "large.example", day("2024-04-01")))
    _accounts(seeder)
    seeder.delegate("500100000001", "sso.amazonaws.com", "account.amazonaws.com")
    seeder.world.audit = "500100000002"
    _people(seeder)
    for number in range(SETS):
        managed = ("ReadOnlyAccess",) if number % 2 else ("PowerUserAccess",)
        seeder.permission_set(f"Set{number:02}", f"Permission set {number}", managed)
    return seeder.finish()


def _accounts(seeder: Seeder) -> None:
    seeder.account("500100000001", "ops-tooling", "Infrastructure", {"Environment": "shared", "Team": "team-00"})
    seeder.account("500100000002", "audit", "Security", {"Environment": "shared", "Team": "team-00"})
    for number in range(3, ACCOUNTS):
        environment = ("prod", "stg", "dev")[number % 3]
        tags = {"Team": f"team-{number % GROUPS:02}", "Environment": environment}
        seeder.account(
            f"5001{number:08}", f"account-{number:04}", f"Workloads/{environment}/Unit{number % 20:02}", tags
        )


def _people(seeder: Seeder) -> None:
    for number in range(GROUPS):
        seeder.group(f"team-{number:02}", f"Team {number}")
    for number in range(PEOPLE):
        name = f"person.{number:04}"
        seeder.user(
            name,
            {"DisplayName": f"Person {number:04}", "Emails": [{"Value": f"{name}@large.example", "Primary": True}]},
            {},
        )
        seeder.member(f"team-{number % GROUPS:02}", name)
