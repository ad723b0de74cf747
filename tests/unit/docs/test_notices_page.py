"""The notices pages name every kind of notice, as people see it called."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.utils import translation

from kumoban.desk.notices.kinds import KINDS

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_is_on_the_page(language: str, kind: str) -> None:
    page = (ROOT / f"docs/operator/notices.{language}.md").read_text(encoding="utf-8")
    with translation.override(language):
        assert translation.gettext(KINDS[kind].label) in page
