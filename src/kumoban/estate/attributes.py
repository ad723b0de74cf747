"""What the identity store says of a user, in our names and as it was typed there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["ENTERPRISE", "described_user"]

#: the extension that holds manager, employee number, department, …; it comes only when asked for
ENTERPRISE = "aws:identitystore:enterprise"


def described_user(user: Mapping[str, Any]) -> dict[str, str]:
    """A user as DescribeUser and ListUsers answer it; what is not set is empty."""
    name = user.get("Name") or {}
    emails = [one for one in user.get("Emails") or () if one.get("Value")]
    primary = next((one for one in emails if one.get("Primary")), emails[0] if emails else {})
    extension = (user.get("Extensions") or {}).get(ENTERPRISE) or {}
    said = {
        "user_name": user.get("UserName"),
        "display_name": user.get("DisplayName"),
        "given_name": name.get("GivenName"),
        "family_name": name.get("FamilyName"),
        "email": primary.get("Value"),
        "title": user.get("Title"),
        "language": user.get("PreferredLanguage"),
        "employee_number": extension.get("employeeNumber"),
    }
    return {attribute: str(value or "") for attribute, value in said.items()}
