"""Patterns that people of a company write for their own fields: only such as are matched in little time.

Python's engine tries every way to divide a text between repetitions; nested or many of them take time without end
for a text that almost fits. So a repetition may only repeat single characters, and there are few of them.
"""

from __future__ import annotations

import re
from typing import Any

__all__ = ["LONGEST", "problem_of"]

#: a value that is matched has at most this many characters
LONGEST = 200
_FEW = 3
_MANY_TIMES = 20


def problem_of(pattern: str) -> str | None:
    """Why a pattern cannot be taken (``not_a_pattern``, ``pattern_too_slow``), or None."""
    try:
        parsed = re._parser.parse(pattern)  # type: ignore[attr-defined]
    except (re.error, OverflowError, RecursionError):
        return "not_a_pattern"
    repeated = list(_repeated(parsed))
    if len(repeated) > _FEW or any(_divides(inner) for inner in repeated):
        return "pattern_too_slow"
    return None


def _repeated(parsed: Any) -> Any:
    """What is repeated many times, wherever it stands."""
    for operation, argument in parsed:
        name = str(operation)
        if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            _least, most, inner = argument
            if most > _MANY_TIMES:
                yield inner
            yield from _repeated(inner)
        for inner in _inside(name, argument):
            yield from _repeated(inner)


def _inside(name: str, argument: Any) -> list[Any]:
    if name == "SUBPATTERN":
        return [argument[-1]]
    if name == "BRANCH":
        return list(argument[1])
    if name in ("ASSERT", "ASSERT_NOT"):
        return [argument[1]]
    return [argument] if name == "ATOMIC_GROUP" else []


def _divides(inner: Any) -> bool:
    """Whether one turn of the repetition can take more or less of the text."""
    return len(inner) != 1 or str(inner[0][0]) not in ("LITERAL", "NOT_LITERAL", "IN", "ANY", "CATEGORY")
