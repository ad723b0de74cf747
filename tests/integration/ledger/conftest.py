"""An empty record, whose protection a test may lift to play the attacker who owns the database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kumoban.ledger.models import Head
from tests.integration.conftest import lift_protection


@pytest.fixture
def ledger(emptied_ledger: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from django.conf import settings

    monkeypatch.setattr(settings, "KUMOBAN_LEDGER_SEAL_FILE", str(tmp_path / "seal"))
    Head.objects.update_or_create(pk=1, defaults={"seq": 0, "digest": "0" * 64})


@pytest.fixture
def unprotected(ledger: None) -> Callable[[], object]:
    """As somebody who may drop triggers."""

    @contextmanager
    def lifted() -> Iterator[None]:
        lift_protection()
        yield

    return lifted
