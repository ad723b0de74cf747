"""Access without a request on the command line, against a live desk."""

from __future__ import annotations

from typing import Any

import pytest

from kumoban.evidence.matching.models import Exclusion
from tests.integration.cli.test_records import Terminal
from tests.integration.evidence.conftest import Matching, matching
from tests.integration.evidence.months import MONTH, gap_row, month_row, session_row

pytestmark = pytest.mark.django_db(transaction=True)
__all__ = ["matching"]


def test_a_month_is_shown_explained_and_not_signed_too_early(matching: Matching, live_server: Any) -> None:
    month_row()
    session, gap = session_row(), gap_row()
    terminal = Terminal(live_server.url, matching.office, "tanaka", "read", "approve", "rules")
    assert MONTH in terminal.run("matching", "list").output
    said = terminal.run("matching", "show", MONTH).output
    for word in ("No request: 1", "An IAM user that nobody adopted", "batch", "Days without a file", "SHA-256"):
        assert word in said, said
    chosen = ("--session", str(session.pk), "--gap", str(gap.pk))
    assert "2 are explained." in terminal.run("matching", "explain", MONTH, "変更管理票 C-31", *chosen).output
    assert terminal.json("matching", "show", MONTH)["to_explain"] == 0
    refused = terminal.run("matching", "sign", MONTH, "0" * 64)
    assert refused.exit_code != 0
    days = ("--from", "2026-11-01", "--until", "2027-03-31")
    made = terminal.run("matching", "exclude", "arn:aws:iam::*:role/Deploy", "CI", "--owner", "u-ren", *days)
    assert made.exit_code == 0, made.output
    assert "role/Deploy" in terminal.run("matching", "exclusions").output
    assert terminal.run("matching", "end-exclusion", str(Exclusion.objects.get().pk)).exit_code == 0
    assert Exclusion.objects.get().ended_at is not None
