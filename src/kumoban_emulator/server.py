"""The server: the gateway on a loopback port, alone in its process or in a thread of a test."""

from __future__ import annotations

import threading
from pathlib import Path
from types import TracebackType
from typing import Any

from kumoban_emulator.admin_client import AdminClient
from kumoban_emulator.engine import Engine
from kumoban_emulator.gateway import Gateway
from kumoban_emulator.loopback import Loopback
from kumoban_emulator.profiles import write_profiles
from kumoban_emulator.trail_files import TrailFiles

__all__ = ["EmulatorServer"]

THREADS = 8


class EmulatorServer:
    """An emulator on a port of its own choosing (0 = any free one); a context manager that serves from a thread.

    moto's state belongs to the process: a second server in one process takes it over.
    """

    def __init__(
        self,
        scenario: str = "demo",
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        state: str | Path | None = None,
        profiles: str | Path | None = None,
        trail_interval: float = 60.0,
        threads: int = THREADS,
        **settings: Any,
    ) -> None:
        """Further settings: those of ``state.world.Settings``."""
        directory = Path(state) if state else None
        self.engine = Engine(scenario, directory, **settings)
        self._files = TrailFiles(directory)
        self._files.restore(self.engine.trail)
        self.gateway = Gateway(self.engine, self._files)
        self._server = Loopback(self.gateway, host, port, threads)
        self.host, self.port = host, self._server.port
        self._interval = trail_interval
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        where = Path(profiles) if profiles else directory
        if where:
            write_profiles(self.engine.world, where, self.endpoint_url)

    @property
    def endpoint_url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def admin(self) -> AdminClient:
        return AdminClient(self.endpoint_url)

    def credentials(self, name: str = "kumoban-desk") -> tuple[str, str, str | None]:
        """(access key, secret, no token) of a base identity. Raises KeyError."""
        for key in self.engine.world.keys:
            if key.principal.user_name == name and not key.token:
                return key.access_key, key.secret, None
        raise KeyError(name)

    def role_arn(self, name: str = "KumobanOperator") -> str:
        return f"arn:aws:iam::{self.engine.world.delegate}:role/{name}"

    def serve(self) -> None:
        """Serve until ``stop``; for a process of its own."""
        self._background(self._flush_trail)
        try:
            self._server.run()
        finally:
            self.stop()

    def __enter__(self) -> EmulatorServer:
        self._background(self._server.run)
        self._background(self._flush_trail)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        if self._stopping.is_set():
            return
        self._stopping.set()
        self._files.flush(self.engine)
        self._server.stop()
        self.engine.close()

    def _background(self, work: Any) -> None:
        thread = threading.Thread(target=work, daemon=True, name=f"emulator-{self.port}")
        thread.start()
        self._threads.append(thread)

    def _flush_trail(self) -> None:
        while not self._stopping.wait(self._interval):
            self._files.flush(self.engine)
            self.engine.tidy()
