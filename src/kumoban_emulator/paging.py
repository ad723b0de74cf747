"""Pages of a list: an opaque token that says where the next page begins."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any, TypeVar

from kumoban_emulator.errors import AwsError

__all__ = ["page"]

Item = TypeVar("Item")


def page(
    items: Sequence[Item], params: dict[str, Any], key: str, *, default: int = 100, error: str = "ValidationException"
) -> dict[str, Any]:
    """``{key: some of the items, "NextToken": …}``. Raises AwsError(error) for a token that is not ours."""
    size = params.get("MaxResults") or default
    start = _start(params.get("NextToken"), key, error)
    answer: dict[str, Any] = {key: list(items[start : start + size])}
    if start + size < len(items):
        answer["NextToken"] = base64.urlsafe_b64encode(f"{key}:{start + size}".encode()).decode()
    return answer


def _start(token: str | None, key: str, error: str) -> int:
    if not token:
        return 0
    try:
        name, _, start = base64.urlsafe_b64decode(token.encode()).decode().partition(":")
        if name != key:
            raise ValueError(name)
        return int(start)
    except (ValueError, binascii.Error) as broken:
        raise AwsError(error, "The pagination token is not valid.") from broken
