"""What an inline policy must be before AWS is asked.

Source: IAM user guide, "Grammar of the IAM JSON policy language".
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kumoban.core.reason import Reason

__all__ = ["NONE", "Policy", "arn_of", "read_policy"]

#: non-space characters of one permission set's inline policy (Identity Center user guide, quotas)
MOST = 10_240
#: the word that takes the inline policy away
NONE = "none"

_STATEMENT = {
    *("Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"),
}


@dataclass(frozen=True)
class Policy:
    """The policy without white space, keys in order, as the estate keeps it; or why it is none."""

    text: str = ""
    refusals: tuple[Reason, ...] = ()


def read_policy(typed: str) -> Policy:
    if typed.strip().casefold() == NONE:
        return Policy()
    try:
        document = json.loads(typed)
    except ValueError as wrong:
        where = {"line": getattr(wrong, "lineno", 0), "column": getattr(wrong, "colno", 0)}
        return Policy(refusals=(Reason("policy_no_json", where),))
    refusals = tuple(_wrong(document))
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    size = sum(not letter.isspace() for letter in text)
    if size > MOST:
        refusals = (*refusals, Reason("policy_too_long", {"size": size, "most": MOST}))
    return Policy(text, refusals)


def _wrong(document: Any) -> Iterator[Reason]:
    if not isinstance(document, dict) or not document.get("Statement"):
        yield Reason("policy_no_statement")
        return
    if document.get("Version") != "2012-10-17":
        yield Reason("policy_version")
    statements = document["Statement"]
    for number, statement in enumerate(statements if isinstance(statements, list) else [statements], start=1):
        yield from _wrong_in(statement, number)


def _wrong_in(statement: Any, number: int) -> Iterator[Reason]:
    if not isinstance(statement, dict):
        yield Reason("statement_no_object", {"statement": number})
        return
    for key in sorted(statement.keys() - _STATEMENT):
        yield Reason("statement_unknown", {"statement": number, "key": str(key)[:40]})
    if statement.get("Effect") not in ("Allow", "Deny"):
        yield Reason("statement_effect", {"statement": number})
    if ("Action" in statement) == ("NotAction" in statement):
        yield Reason("statement_action", {"statement": number})
    if ("Resource" in statement) == ("NotResource" in statement):
        yield Reason("statement_resource", {"statement": number})
    if "Principal" in statement or "NotPrincipal" in statement:
        yield Reason("statement_principal", {"statement": number})


def arn_of(word: str) -> str:
    """``ReadOnlyAccess`` is ``arn:aws:iam::aws:policy/ReadOnlyAccess``."""
    return word if word.startswith("arn:") else f"arn:aws:iam::aws:policy/{word.lstrip('/')}"
