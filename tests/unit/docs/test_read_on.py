"""Every page of the documentation is reached from the README of its language."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(("readme", "language"), [("README.md", "en"), ("README.ja.md", "ja")])
def test_the_readme_links_every_page_of_its_language_and_nothing_that_is_not_there(readme: str, language: str) -> None:
    linked = set(re.findall(r"\]\((docs/[^)#]+)", (ROOT / readme).read_text(encoding="utf-8")))
    pages = {str(page.relative_to(ROOT)) for page in (ROOT / "docs").rglob(f"*.{language}.md")}
    assert sorted(pages - linked) == []
    assert [page for page in sorted(linked) if not (ROOT / page).exists()] == []
