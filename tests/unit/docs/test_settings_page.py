"""The settings pages name every environment variable that the settings read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
SETTINGS = (ROOT / "src/kumoban/settings.py").read_text(encoding="utf-8")
NAMES = sorted(set(re.findall(r'\b_(?:env|list)\(\s*"([A-Z0-9_]+)"', SETTINGS)))


def test_the_settings_read_names_at_all() -> None:
    assert "DATA_DIR" in NAMES
    assert "ALLOWED_HOSTS" in NAMES


@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_setting_is_on_the_page(language: str) -> None:
    page = (ROOT / f"docs/operator/settings.{language}.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^\| `KUMOBAN_([A-Z0-9_]+)` \|", page, re.MULTILINE))
    assert sorted(set(NAMES) - documented) == []
    assert sorted(documented - set(NAMES)) == []
