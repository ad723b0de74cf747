"""Scenario ``empty``: an organisation of three accounts with Identity Center and nobody in it."""

from __future__ import annotations

from kumoban_emulator.scenarios.seeding import Begin, Seeder, day
from kumoban_emulator.state.world import World

__all__ = ["build_empty"]


def build_empty() -> World:
    seeder = Seeder("empty", Begin("410122300001", "example-management", "example.com", day("2024-04-01")))
    seeder.account("410122300018", "ops-tooling", "Infrastructure", {"Environment": "shared"})
    seeder.account("410122300026", "audit", "Security", {"Environment": "shared"})
    seeder.delegate("410122300018", "sso.amazonaws.com")
    seeder.world.audit = "410122300026"
    return seeder.finish()
