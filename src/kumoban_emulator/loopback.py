"""waitress on a loopback address, with what an emulator of AWS needs beyond plain WSGI."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections.abc import Callable
from typing import Any

from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import create_server
from waitress.task import WSGITask

from kumoban_emulator.wire import CUT

__all__ = ["Loopback"]

_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_BEARER = re.compile(rb"x-amz-sso_bearer_token", re.IGNORECASE)


class _Parser(HTTPRequestParser):  # type: ignore[misc]
    """waitress drops header names with an underscore; the access portal's token comes in one."""

    def parse_header(self, header_plus: bytes) -> None:
        super().parse_header(_BEARER.sub(b"x-amz-sso-bearer-token", header_plus))


class _Task(WSGITask):  # type: ignore[misc]
    """Gives the application a way to drop the connection without a word."""

    def get_environment(self) -> dict[str, Any]:
        environ: dict[str, Any] = super().get_environment()
        environ[CUT] = self._cut
        return environ

    def _cut(self) -> None:
        with contextlib.suppress(OSError):
            self.channel.socket.shutdown(socket.SHUT_RDWR)


class _Channel(HTTPChannel):  # type: ignore[misc]
    parser_class = _Parser
    task_class = _Task


class Loopback:
    """One listening socket. Raises ValueError for an address others could reach."""

    def __init__(self, application: Callable[..., Any], host: str, port: int, threads: int) -> None:
        if host not in _LOOPBACK:
            raise ValueError("the emulator listens on the loopback interface only")
        self._map: dict[int, Any] = {}
        self._server: Any = create_server(
            application,
            map=self._map,
            host=host,
            port=port,
            threads=threads,
            ident="kumoban-emulator",
            channel_timeout=300,
            backlog=256,
            connection_limit=1000,
            asyncore_use_poll=True,
        )
        self._server.channel_class = _Channel
        self.host, self.port = host, int(self._server.effective_port)
        self._loop: threading.Thread | None = None
        self._closing = threading.Lock()

    def run(self) -> None:
        """Serve until stopped, or until KeyboardInterrupt."""
        self._loop = threading.current_thread()
        self._server.run()

    def stop(self) -> None:
        """Finish what is being answered, then close every socket, in the thread that serves them."""
        self._server.task_dispatcher.shutdown()
        loop = self._loop
        if loop is None or loop is threading.current_thread() or not loop.is_alive():
            self._close()
            return
        with self._closing:  # the loop may wake for another reason, and would close the pipe before it is written to
            self._server.trigger.pull_trigger(self._close)
        loop.join(10)

    def _close(self) -> None:
        with self._closing:
            wasyncore.close_all(self._map, ignore_all=True)
