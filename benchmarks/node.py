"""One node as a process of its own, on the database of the environment; it stops when its standard input closes."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

__all__: list[str] = []


def main(name: str, folder: str) -> None:
    import django

    django.setup()
    from benchmarks.ends import AWS_SECONDS
    from benchmarks.shared_aws import SharedAws
    from kumoban.aws import door as door_module
    from kumoban.desk.runner import Runner

    opened = door_module.Door(SharedAws(Path(folder), name, AWS_SECONDS))
    door_module._process_door = lambda _pid: opened  # type: ignore[assignment]
    runner = Runner(name, threads=40)
    thread = threading.Thread(target=runner.run, daemon=True)
    thread.start()
    print("ready", flush=True)
    sys.stdin.read()
    runner.stop()
    thread.join(timeout=30)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
