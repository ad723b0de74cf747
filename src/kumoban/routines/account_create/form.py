"""What is asked of a new account: its name and address, where it stands, whose it is, and what it begins with."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, ClassVar

from django.utils.translation import gettext_noop as _
from pydantic import Field

from kumoban.core.form import Choices, Form, Widget

__all__ = ["AccountCreateForm"]


class AccountCreateForm(Form):
    prose: ClassVar[frozenset[str]] = frozenset({"reason"})
    typed: ClassVar[frozenset[str]] = frozenset({"name", "email", "department", "contact_email", "contact_phone"})

    name: Annotated[
        str,
        Field(
            min_length=1,
            max_length=50,
            pattern=r"[A-Za-z0-9][A-Za-z0-9 ._-]*",
            title=_("Name of the account"),
            description=_("For example payments-stg."),
        ),
    ]
    email: Annotated[
        str | None,
        Field(
            max_length=64,
            pattern=r"[^@\s]+@[^@\s]+\.[^@\s]+",
            title=_("Address of the root user"),
            description=_("Used by no other account, ever. Empty: made of the name by the company's pattern."),
        ),
    ] = None
    ou: Annotated[str, Field(max_length=80, title=_("Organizational unit")), Choices("units")]
    team: Annotated[str, Field(max_length=60, title=_("Team")), Choices("teams")]
    environment: Annotated[str, Field(max_length=30, title=_("Environment")), Choices("environments")]
    owner: Annotated[
        str,
        Field(max_length=60, title=_("Account owner"), description=_("Stands in the account register.")),
        Choices("people"),
    ]
    department: Annotated[str | None, Field(max_length=40, title=_("Department code"))] = None
    data_class: Annotated[str | None, Field(max_length=40, title=_("Data class"))] = None
    budget: Annotated[
        Decimal | None,
        Field(
            gt=0, le=10_000_000, decimal_places=2, title=_("Budget (USD a month)"), description=_("Empty: none yet.")
        ),
        Widget("number"),
    ] = None
    contact_email: Annotated[
        str,
        Field(
            max_length=254,
            pattern=r"[^@\s]+@[^@\s]+\.[^@\s]+",
            title=_("Contact address"),
            description=_("AWS writes here about billing, operations and security; the budget too."),
        ),
    ]
    contact_phone: Annotated[str, Field(max_length=25, pattern=r"\+?[0-9][0-9 ()-]{5,23}", title=_("Contact phone"))]
    permission_set: Annotated[
        str | None,
        Field(
            max_length=120, title=_("Access of the team"), description=_("What the team's group has there for good.")
        ),
        Choices("permission_sets"),
    ] = None
    reason: Annotated[
        str,
        Field(min_length=5, max_length=2000, title=_("Reason"), description=_("On whose word, and what for.")),
        Widget("paragraph"),
    ]
