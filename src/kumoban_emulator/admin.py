"""The admin paths under ``/_emulator``: JSON, loopback only, unsigned."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kumoban_emulator.wire import Answer, RawRequest

if TYPE_CHECKING:
    from kumoban_emulator.gateway import Gateway

__all__ = ["Admin"]

#: where links to the access portal lead in the demo
_PORTAL = Path(__file__).with_name("portal.html")
_LOOPBACK = ("127.", "::1", "localhost", "")


class Admin:
    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._paths: dict[tuple[str, str], Callable[[dict[str, Any]], Any]] = {
            ("GET", "health"): self._health,
            ("GET", "calls"): lambda body: gateway.counts.report(),
            ("DELETE", "calls"): self._clear_calls,
            ("GET", "faults"): lambda body: {"faults": gateway.faults.report()},
            ("POST", "faults"): lambda body: {"id": gateway.faults.add(**body).id},
            ("DELETE", "faults"): lambda body: gateway.faults.remove(),
            ("GET", "clock"): self._clock,
            ("POST", "clock"): self._advance,
            ("GET", "identity-center"): self._identity_center,
            ("POST", "identity-center"): self._configure,
            ("POST", "portal/token"): self._sign_in,
            ("POST", "trail/flush"): lambda body: {"files": gateway.files.flush(gateway.engine)},
            ("GET", "trail"): self._trail,
        }

    def answer(self, request: RawRequest) -> Answer:
        if not str(request.environ.get("REMOTE_ADDR", "")).startswith(_LOOPBACK):
            return _json(403, {"error": "loopback only"})
        if "origin" in request.headers:
            return _json(403, {"error": "not for pages in a browser"})
        path = request.path.removeprefix("/_emulator").strip("/")
        if (request.method, path) == ("GET", "portal"):
            return Answer(200, _PORTAL.read_bytes(), {"Content-Type": "text/html; charset=utf-8"})
        if request.method == "DELETE" and path.startswith("faults/"):
            self._gateway.faults.remove(path.removeprefix("faults/"))
            return _json(200, {})
        handler = self._paths.get((request.method, path))
        if handler is None:
            return _json(404, {"error": f"no {request.method} {path}"})
        try:
            return _json(200, handler(json.loads(request.body or b"{}")) or {})
        except (ValueError, TypeError, KeyError) as error:
            return _json(400, {"error": str(error)})

    def _health(self, body: dict[str, Any]) -> dict[str, Any]:
        world = self._gateway.engine.world
        return {
            "ready": True,
            "scenario": world.scenario,
            "accounts": len(world.organization.accounts),
            "management": world.organization.management,
            "delegate": world.delegate,
            "audit": world.audit,
            "region": world.region,
            "instance": world.center.instance,
            "identityStore": world.store.id,
        }

    def _clear_calls(self, body: dict[str, Any]) -> None:
        self._gateway.counts.clear()
        self._gateway.gauge.clear()
        self._gateway.engine.most_outstanding = 0

    def _clock(self, body: dict[str, Any]) -> dict[str, Any]:
        clock = self._gateway.engine.clock
        return {"offset": clock.offset, "now": clock.now(), "wall": clock.wall()}

    def _advance(self, body: dict[str, Any]) -> dict[str, Any]:
        self._gateway.engine.advance(float(body["advance"]))
        return self._clock(body)

    def _identity_center(self, body: dict[str, Any]) -> dict[str, Any]:
        engine, settings = self._gateway.engine, self._gateway.engine.world.settings
        engine.settle()
        return {
            "max_in_any_second": self._gateway.gauge.highest,
            "max_outstanding": engine.most_outstanding,
            "outstanding": engine.world.center.outstanding(),
            "creation_delay": settings.creation_delay,
            "deletion_delay": settings.deletion_delay,
            "provisioning_delay": settings.provisioning_delay,
            "enforce_limits": settings.enforce_limits,
            "failures": len(settings.failures),
        }

    def _configure(self, body: dict[str, Any]) -> dict[str, Any]:
        self._gateway.engine.configure(body)
        return self._identity_center(body)

    def _sign_in(self, body: dict[str, Any]) -> dict[str, Any]:
        return {"accessToken": self._gateway.engine.sign_in(body["userName"]).token}

    def _trail(self, body: dict[str, Any]) -> dict[str, Any]:
        """Every record still held, oldest first, of all accounts."""
        return {"Records": [json.loads(event.text) for event in self._gateway.engine.trail]}


def _json(status: int, body: Any) -> Answer:
    return Answer(status, json.dumps(body, ensure_ascii=False).encode(), {"Content-Type": "application/json"})
