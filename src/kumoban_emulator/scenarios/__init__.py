"""Scenarios: estates to begin with, the same in every run down to each id and key."""

from __future__ import annotations

from kumoban_emulator.scenarios.demo import build_demo
from kumoban_emulator.scenarios.empty import build_empty
from kumoban_emulator.scenarios.large import build_large
from kumoban_emulator.state.world import World

__all__ = ["SCENARIOS", "build"]

SCENARIOS = {"demo": build_demo, "empty": build_empty, "large": build_large}


def build(scenario: str) -> World:
    """Raises ValueError for an unknown scenario."""
    if scenario not in SCENARIOS:
        raise ValueError(f"no scenario {scenario!r}; there are {', '.join(SCENARIOS)}")
    return SCENARIOS[scenario]()
