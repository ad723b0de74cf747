"""Input checked against the service model, as AWS does it before the operation sees it.

botocore's own validator (client side) checks neither maxima nor enumerations nor patterns, so this one does.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

__all__ = ["complaints"]


def complaints(shape: Any, value: Any, where: str = "") -> list[str]:
    """What is wrong with ``value``, in AWS's words; unknown members are ignored, as AWS does."""
    if value is None:
        return []
    if getattr(shape, "is_document_type", False):
        return []
    check = _CHECKS.get(shape.type_name)
    return check(shape, value, where) if check else []


def _structure(shape: Any, value: Any, where: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"Value at '{_named(where)}' is not a structure"]
    missing = [
        f"Value null at '{_named(_below(where, name))}' failed to satisfy constraint: Member must not be null"
        for name in shape.required_members
        if value.get(name) is None
    ]
    found = [
        complaint
        for name, member in shape.members.items()
        if name in value
        for complaint in complaints(member, value[name], _below(where, name))
    ]
    return missing + found


def _list(shape: Any, value: Any, where: str) -> list[str]:
    if not isinstance(value, list):
        return [f"Value at '{_named(where)}' is not a list"]
    found = _length(shape, value, where)
    for index, item in enumerate(value):
        found += complaints(shape.member, item, f"{where}.{index + 1}.member")
    return found


def _map(shape: Any, value: Any, where: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"Value at '{_named(where)}' is not a map"]
    return [complaint for key, item in value.items() for complaint in complaints(shape.value, item, f"{where}.{key}")]


def _string(shape: Any, value: Any, where: str) -> list[str]:
    if not isinstance(value, str):
        return [f"Value at '{_named(where)}' is not a string"]
    found = _length(shape, value, where)
    if shape.enum and value not in shape.enum:
        choices = ", ".join(shape.enum)
        found.append(_failed(value, where, f"Member must satisfy enum value set: [{choices}]"))
    pattern = shape.metadata.get("pattern")
    if pattern and not _matches(pattern, value):
        found.append(_failed(value, where, f"Member must satisfy regular expression pattern: {pattern}"))
    return found


def _number(shape: Any, value: Any, where: str) -> list[str]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return [f"Value at '{_named(where)}' is not a number"]
    lowest, highest = shape.metadata.get("min"), shape.metadata.get("max")
    if lowest is not None and value < lowest:
        return [_failed(value, where, f"Member must have value greater than or equal to {lowest}")]
    if highest is not None and value > highest:
        return [_failed(value, where, f"Member must have value less than or equal to {highest}")]
    return []


def _length(shape: Any, value: Any, where: str) -> list[str]:
    lowest, highest = shape.metadata.get("min"), shape.metadata.get("max")
    if lowest is not None and len(value) < lowest:
        return [_failed(value, where, f"Member must have length greater than or equal to {lowest}")]
    if highest is not None and len(value) > highest:
        return [_failed(value, where, f"Member must have length less than or equal to {highest}")]
    return []


def _failed(value: Any, where: str, constraint: str) -> str:
    return f"Value '{value}' at '{_named(where)}' failed to satisfy constraint: {constraint}"


def _matches(pattern: str, value: str) -> bool:
    compiled = _compiled(pattern)
    return compiled is None or compiled.fullmatch(value) is not None


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """Java's patterns as Python's; None where they cannot be read (``\\p{…}`` classes)."""
    if "\\p{" in pattern:
        return None
    try:
        return re.compile(pattern)
    except re.error:
        return None


def _named(where: str) -> str:
    return where[:1].lower() + where[1:]


def _below(where: str, name: str) -> str:
    return f"{where}.{name[:1].lower()}{name[1:]}" if where else name


_CHECKS = {
    "structure": _structure,
    "list": _list,
    "map": _map,
    "string": _string,
    "integer": _number,
    "long": _number,
    "float": _number,
    "double": _number,
}
