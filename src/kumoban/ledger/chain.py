"""The chain: HMAC-SHA256 over the digest before and the stored canonical bytes, with a key outside the database."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from functools import lru_cache
from pathlib import Path

from django.conf import settings

__all__ = ["GENESIS", "chain_key", "link"]

GENESIS = "0" * 64


@lru_cache(maxsize=1)
def chain_key() -> bytes:
    """The chain's key, from ``KUMOBAN_LEDGER_KEY_FILE``; made on first use, readable by its owner only."""
    path = Path(settings.KUMOBAN_LEDGER_KEY_FILE)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    if not path.exists():
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(32))
        try:
            os.link(draft, path)  # atomic: of two processes one makes the key, both read the same
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_bytes()


def link(key: bytes, previous: str, body: str) -> str:
    return hmac.new(key, previous.encode() + body.encode(), hashlib.sha256).hexdigest()
