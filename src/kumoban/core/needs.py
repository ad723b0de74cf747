"""What something needs of AWS: the calls it makes, declared beside the code that makes them.

The least-privilege policies of both roles, the CloudFormation templates and `kumoban doctor` are made of these.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Need", "needs"]


@dataclass(frozen=True, order=True)
class Need:
    """One operation as botocore spells it, the ARN patterns IAM can limit it to, and conditions.

    ``on`` may name ``{partition}``, ``{management}``, ``{organization}``, ``{instance}``, ``{store}``, ``{reader}`` and
    ``{operator}``; ``*`` where IAM knows no resource for the action. ``when`` holds (operator, key, value).
    """

    service: str
    operation: str
    on: tuple[str, ...] = ("*",)
    when: tuple[tuple[str, str, str], ...] = ()
    #: the account it is called in: the desk's own, the management account, or the member it is about
    at: Literal["desk", "management", "member"] = "desk"


def needs(
    service: str,
    *operations: str,
    on: tuple[str, ...] = ("*",),
    when: tuple[tuple[str, str, str], ...] = (),
    at: Literal["desk", "management", "member"] = "desk",
) -> frozenset[Need]:
    """Several operations of one service on the same resources."""
    return frozenset(Need(service, operation, on, when, at) for operation in operations)
