"""AWS account access manager: an application on the Identity Center instance, and who may take on which IAM role."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["Entitlement", "Entitlements"]


@dataclass(frozen=True)
class Entitlement:
    """A person or a group of Identity Center may take on an IAM role, without a permission set."""

    id: str
    kind: str
    principal: str
    account: str
    role_arn: str
    created: float


@dataclass
class Entitlements:
    """``application``: its ARN, empty where account access manager was never set up."""

    application: str = ""
    created: float = 0.0
    by_id: dict[str, Entitlement] = field(default_factory=dict)
