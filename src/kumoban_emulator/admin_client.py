"""A small client of the admin paths, for tests and commands."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

__all__ = ["AdminClient"]


class AdminClient:
    def __init__(self, endpoint_url: str) -> None:
        self._base = endpoint_url.rstrip("/") + "/_emulator"

    def health(self) -> dict[str, Any]:
        return self._ask("GET", "health")

    def calls(self) -> dict[str, Any]:
        return self._ask("GET", "calls")

    def clear_calls(self) -> None:
        self._ask("DELETE", "calls")

    def count(self, service: str, operation: str, outcome: str | None = None) -> int:
        """How many calls of an operation came, or came to an outcome (``ok`` or an error code)."""
        lines = [line for line in self.calls()["calls"] if (line["service"], line["operation"]) == (service, operation)]
        return sum(line["count"] if outcome is None else line["outcomes"].get(outcome, 0) for line in lines)

    def fault(self, **rule: Any) -> str:
        """Add a fault rule; its id."""
        return str(self._ask("POST", "faults", rule)["id"])

    def faults(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._ask("GET", "faults")["faults"]
        return found

    def clear_faults(self, identifier: str | None = None) -> None:
        self._ask("DELETE", f"faults/{identifier}" if identifier else "faults")

    def clock(self) -> dict[str, Any]:
        return self._ask("GET", "clock")

    def advance(self, seconds: float) -> dict[str, Any]:
        return self._ask("POST", "clock", {"advance": seconds})

    def identity_center(self, **changes: Any) -> dict[str, Any]:
        return self._ask("POST", "identity-center", changes) if changes else self._ask("GET", "identity-center")

    def portal_token(self, user_name: str) -> str:
        return str(self._ask("POST", "portal/token", {"userName": user_name})["accessToken"])

    def flush_trail(self) -> list[str]:
        found: list[str] = self._ask("POST", "trail/flush")["files"]
        return found

    def trail(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._ask("GET", "trail")["Records"]
        return found

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Raises ValueError with the emulator's explanation."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self._base}/{path}", data=data, method=method)  # noqa: S310  (our own loopback)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
                found: dict[str, Any] = json.load(answer)
                return found
        except urllib.error.HTTPError as error:
            raise ValueError(json.load(error).get("error", str(error))) from error
