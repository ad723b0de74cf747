"""What is asked for temporary access."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_noop as _
from pydantic import AfterValidator, Field, ValidationInfo
from pydantic_core import PydanticCustomError

from kumoban.core.form import Choices, Form, OfficeTime, Reading, Until, Widget

__all__ = ["TemporaryAccessForm", "WorkKind", "work_kinds"]


@dataclass(frozen=True)
class WorkKind:
    """作業種別: what the work is, in the company's own words (``KUMOBAN_WORK_KINDS``)."""

    code: str
    ja: str
    en: str


def work_kinds() -> tuple[WorkKind, ...]:
    """Raises ImproperlyConfigured where an item is not ``code=Japanese/English``."""
    return tuple(_work_kind(item) for item in settings.KUMOBAN_WORK_KINDS)


def _work_kind(item: str) -> WorkKind:
    match = re.fullmatch(r"([a-z][a-z0-9_-]{0,39})=([^/]+)/(.+)", item)
    if match is None:
        raise ImproperlyConfigured(f"KUMOBAN_WORK_KINDS: write code=Japanese/English, not {item!r}")
    return WorkKind(*(part.strip() for part in match.groups()))


def _usual_kind() -> str:
    codes = [kind.code for kind in work_kinds()]
    return "research" if "research" in codes or not codes else codes[0]


def _known_kind(value: str, info: ValidationInfo) -> str:
    """Only what is typed now must be offered now; what was stored is read whatever the setting says since."""
    if isinstance(info.context, Reading) and value not in {kind.code for kind in work_kinds()}:
        raise PydanticCustomError("literal_error", "Not one of the kinds of work", {"name": "kind"})
    return value


def _kinds_in_schema(schema: dict[str, Any]) -> None:
    schema["enum"] = [kind.code for kind in work_kinds()]


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
        Widget("until", ("15m", "30m", "1h", "2h", "end of business", "next business day 9:00")),
    ]
    start: Annotated[
        datetime | None,
        OfficeTime(),
        Field(title=_("Start"), description=_("Empty: as soon as it is approved.")),
        Widget("start", ("", "tonight 22:00", "tomorrow 9:00")),
    ] = None
    workers: Annotated[
        tuple[str, ...],
        Field(max_length=10, title=_("Workers"), description=_("Who will hold the access. Empty: you.")),
        Choices("people", multiple=True),
    ] = ()
    kind: Annotated[
        str,
        Field(max_length=40, title=_("Kind of work"), json_schema_extra=_kinds_in_schema),
        Choices("kinds"),
        AfterValidator(_known_kind),
    ] = Field(default_factory=_usual_kind)
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
