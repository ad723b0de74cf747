"""``python -m kumoban_emulator``: the emulator as a process."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
from pathlib import Path
from types import FrameType

from kumoban_emulator.journal import WrongScenario
from kumoban_emulator.scenarios import SCENARIOS
from kumoban_emulator.server import THREADS, EmulatorServer

__all__ = ["main"]


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="kumoban_emulator", description="A practice AWS on this machine.")
    parser.add_argument("--host", default="127.0.0.1", help="loopback address to listen on")
    parser.add_argument("--port", type=int, default=4600, help="0 takes a free one")
    parser.add_argument("--state", type=Path, help="folder that keeps the state over restarts")
    parser.add_argument(
        "--profiles", type=Path, help="folder to write aws/config and aws/credentials to (default: --state)"
    )
    parser.add_argument("--scenario", choices=sorted(SCENARIOS), default="demo")
    parser.add_argument("--creation-delay", type=float, default=1.0, metavar="S")
    parser.add_argument("--deletion-delay", type=float, default=1.0, metavar="S")
    parser.add_argument("--no-limits", action="store_true", help="no request rate, no limit of outstanding assignments")
    parser.add_argument("--threads", type=int, default=THREADS)
    return parser


def main(arguments: list[str] | None = None) -> int:
    asked = _options().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        server = EmulatorServer(
            asked.scenario,
            host=asked.host,
            port=asked.port,
            state=asked.state,
            profiles=asked.profiles,
            threads=asked.threads,
            creation_delay=asked.creation_delay,
            deletion_delay=asked.deletion_delay,
            enforce_limits=not asked.no_limits,
        )
    except (WrongScenario, ValueError, OSError) as error:
        print(f"kumoban_emulator: {error}", file=sys.stderr)
        return 2
    try:
        signal.signal(signal.SIGTERM, _leave)
        print(f"emulator ready on {server.endpoint_url} (scenario {asked.scenario})", flush=True)
        server.serve()
    except KeyboardInterrupt:
        server.stop()
    return 0


def _leave(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
