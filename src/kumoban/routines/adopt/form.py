"""What is asked to adopt what exists."""

from __future__ import annotations

from typing import Annotated, ClassVar

from django.utils.translation import gettext_noop as _
from pydantic import Field

from kumoban.core.form import Choices, Form, Widget

__all__ = ["AdoptForm"]


class AdoptForm(Form):
    prose: ClassVar[frozenset[str]] = frozenset({"reason"})

    accounts: Annotated[
        tuple[str, ...],
        Field(max_length=400, title=_("Accounts"), description=_("Empty: all accounts.")),
        Choices("accounts", multiple=True),
    ] = ()
    owner: Annotated[
        tuple[str, ...],
        Field(
            max_length=1,
            title=_("Owner where an account has no team"),
            description=_("Everything else belongs to the account's team."),
        ),
        Choices("people", multiple=True),
    ] = ()
    reason: Annotated[
        str,
        Field(min_length=5, max_length=2000, title=_("Reason"), description=_("Who looked at the list, and when.")),
        Widget("paragraph"),
    ]
