"""What is asked of access without an end: granted to a group, or to one person and why; or taken away."""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar, Literal

from django.utils.translation import gettext_noop as _
from pydantic import Field

from kumoban.core.form import Choices, Form, OnlyFor, Widget

__all__ = ["PermanentAccessForm"]

_GRANTED = OnlyFor("act", ("grant",))


class PermanentAccessForm(Form):
    prose: ClassVar[frozenset[str]] = frozenset({"reason", "why_a_person"})

    act: Annotated[Literal["grant", "take_away"], Field(title=_("What is to be done"))] = "grant"
    group: Annotated[str | None, Field(max_length=60, title=_("Group")), Choices("groups")] = None
    person: Annotated[
        str | None,
        Field(max_length=60, title=_("Person"), description=_("Only where a group will not do: say why below.")),
        Choices("people"),
    ] = None
    why_a_person: Annotated[
        str | None, Field(min_length=10, max_length=1000, title=_("Why to a person")), Widget("paragraph"), _GRANTED
    ] = None
    accounts: Annotated[
        tuple[str, ...], Field(min_length=1, max_length=50, title=_("Accounts")), Choices("accounts", multiple=True)
    ]
    permission_set: Annotated[str, Field(max_length=120, title=_("Permission set")), Choices("permission_sets")]
    owner: Annotated[
        str | None,
        Field(max_length=60, title=_("Owner"), description=_("Who answers for it when it is reviewed.")),
        Choices("people"),
        _GRANTED,
    ] = None
    review_on: Annotated[
        date | None,
        Field(title=_("Review by"), description=_("At most 366 days from now. Nobody looking at it ends it.")),
        Widget("date"),
        _GRANTED,
    ] = None
    reason: Annotated[
        str,
        Field(min_length=5, max_length=2000, title=_("Reason"), description=_("On whose word, and why.")),
        Widget("paragraph"),
    ]
