"""What is asked of an account that is to be closed."""

from __future__ import annotations

from typing import Annotated, ClassVar

from django.utils.translation import gettext_noop as _
from pydantic import Field

from kumoban.core.form import Choices, Form, Widget

__all__ = ["AccountCloseForm"]


class AccountCloseForm(Form):
    prose: ClassVar[frozenset[str]] = frozenset({"reason"})

    account: Annotated[str, Field(max_length=12, title=_("Account")), Choices("accounts")]
    name: Annotated[
        str,
        Field(
            max_length=60,
            title=_("Name of the account"),
            description=_("Typed once more, so that the right one is closed."),
        ),
    ]
    reason: Annotated[
        str,
        Field(
            min_length=5,
            max_length=2000,
            title=_("Reason"),
            description=_("On whose word, and what has become of what was in it."),
        ),
        Widget("paragraph"),
    ]
