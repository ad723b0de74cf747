"""Identity Center: applications, who may use them and how they may exchange tokens; trusted token issuers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

__all__ = ["Application", "TokenIssuer"]


@dataclass
class Application:
    arn: str
    provider: str
    name: str
    account: str
    region: str
    created: float
    description: str = ""
    status: str = "ENABLED"
    portal: dict[str, Any] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    #: (principal type, principal id), in the order of assignment
    assigned: dict[tuple[str, str], None] = field(default_factory=dict)
    assignment_required: bool = True
    background_sessions: str = "ENABLED"
    #: scope → the targets it is for; grant type → the grant; method type → the method
    scopes: dict[str, list[str]] = field(default_factory=dict)
    grants: dict[str, dict[str, Any]] = field(default_factory=dict)
    methods: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass
class TokenIssuer:
    arn: str
    name: str
    kind: str
    configuration: dict[str, Any]
    tags: dict[str, str] = field(default_factory=dict)
