"""What is wrong with what was typed, in the reader's language, by field."""

from __future__ import annotations

from kumoban.core.reason import Refused
from kumoban.desk.planning import ShapeError
from kumoban.desk.speech import said

__all__ = ["by_field"]


def by_field(problem: ShapeError | Refused) -> dict[str, list[str]]:
    """The sentences beside each field; those about the whole under the empty name."""
    if isinstance(problem, Refused):
        return {problem.field or "": [said(reason) for reason in problem.reasons]}
    found: dict[str, list[str]] = {}
    for name, reason in problem.errors:
        found.setdefault(name, []).append(said(reason))
    return found
