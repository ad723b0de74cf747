"""One process that appends to the ledger: says when it is ready, waits for a line, and writes for so many seconds."""

from __future__ import annotations

import sys
import time

__all__ = ["BATCH", "write"]

BATCH = 10


def write(name: str, count: int) -> None:
    """One transaction of ``count`` entries like the runner's."""
    from kumoban.ledger.record import SYSTEM, record, writing

    facts = {
        "operation": "DeleteAccountAssignment",
        "account": "210000000001",
        "thing": "sso:u-00001:210000000001:ps-1111111111111111",
        "step": 4711,
    }
    with writing():
        for _ in range(count):
            record("aws.accepted", actor=SYSTEM, subject=name, facts=facts)


def main(seconds: float, name: str) -> None:
    import django

    django.setup()
    from django.db import connection

    connection.ensure_connection()
    print("ready", flush=True)
    sys.stdin.readline()
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        write(name, BATCH)


if __name__ == "__main__":
    main(float(sys.argv[1]), sys.argv[2])
