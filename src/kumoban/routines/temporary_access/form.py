"""What is asked for temporary access."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, ClassVar, Literal

from django.utils.translation import gettext_noop as _
from pydantic import Field

from kumoban.core.form import Choices, Form, OfficeTime, Until, Widget

__all__ = ["KINDS", "TemporaryAccessForm"]

KINDS = {
    "release": _("Release"),
    "incident": _("Incident response"),
    "research": _("Investigation"),
    "data": _("Data correction"),
}


class TemporaryAccessForm(Form):
    prose: ClassVar[frozenset[str]] = frozenset({"reason"})
    typed: ClassVar[frozenset[str]] = frozenset({"ticket"})

    accounts: Annotated[
        tuple[str, ...],
        Field(
            min_length=1,
            max_length=20,
            title=_("Accounts"),
            description=_("Only accounts you may ask for are offered."),
        ),
        Choices("accounts", multiple=True),
    ]
    permission_set: Annotated[str, Field(max_length=120, title=_("Permission set")), Choices("permission_sets")]
    until: Annotated[
        datetime | timedelta,
        Until(),
        Field(
            title=_("Until"),
            description=_("A length (30m, 2h) or a time (18:00, 26:00, next business day 9:00)."),
        ),
        Widget("until", ("15m", "30m", "1h", "2h")),
    ]
    start: Annotated[
        datetime | None,
        OfficeTime(),
        Field(title=_("Start"), description=_("Empty: as soon as it is approved.")),
        Widget("start"),
    ] = None
    workers: Annotated[
        tuple[str, ...],
        Field(max_length=10, title=_("Workers"), description=_("Who will hold the access. Empty: you.")),
        Choices("people", multiple=True),
    ] = ()
    kind: Annotated[Literal["release", "incident", "research", "data"], Field(title=_("Kind of work"))] = "research"
    reason: Annotated[
        str,
        Field(
            min_length=5,
            max_length=2000,
            title=_("Reason"),
            description=_("What you will do, so that it can be decided."),
        ),
        Widget("paragraph"),
    ]
    ticket: Annotated[str | None, Field(max_length=60, title=_("Ticket"))] = None
