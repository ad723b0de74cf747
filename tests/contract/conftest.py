"""The same small office as in the integration tests."""

from __future__ import annotations

from tests.integration.conftest import emptied_ledger, office

__all__ = ["emptied_ledger", "office"]
