"""What a pasted text was understood as, beside the form that it filled: every part with the words it came from."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext

from kumoban.core.office_time import NotUnderstood, parse_duration
from kumoban.core.request_text import Understood
from kumoban.desk.from_text import EXTRA, filled, left_of, understand
from kumoban.desk.models import ExtraField
from kumoban.desk.people import Actor
from kumoban.desk.routine import Routine
from kumoban.desk.speech import local, said, words
from kumoban.web.form_view import company_label

__all__ = ["Told", "read"]


@dataclass(frozen=True)
class Line:
    """``words`` as typed, the field they belong to, and what they mean or why that is unclear."""

    field: str
    label: str
    words: str
    meant: tuple[str, ...]
    problem: str = ""


@dataclass(frozen=True)
class Told:
    understood: tuple[Line, ...]
    unclear: tuple[Line, ...]
    left: tuple[str, ...]


def read(
    actor: Actor, routine: Routine, text: str, data: Mapping[str, Any], extra: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, str], Told]:
    """The form with what was understood filled in, and what to tell about it. Raises Refused."""
    understood = understand(actor, routine, text)
    return *filled(routine, understood, data, extra), _told(actor, routine, understood)


def _told(actor: Actor, routine: Routine, understood: Understood) -> Told:
    labels = _labels(routine)
    pieces = tuple(
        Line(
            one.field,
            labels.get(one.field, one.field),
            understood.words(one.places),
            one.labels or tuple(_spoken(value, actor) for value in one.values),
        )
        for one in understood.pieces
    )
    unclear = tuple(
        Line(
            one.field,
            labels.get(one.field, one.field),
            understood.words(one.places),
            tuple(label or _spoken(value, actor) for value, label in one.candidates),
            said(one.reason),
        )
        for one in understood.unclear
    )
    return Told(pieces, unclear, tuple(left_of(understood)))


def _labels(routine: Routine) -> dict[str, str]:
    own = {name: gettext(info.title or name) for name, info in routine.form.model_fields.items()}
    company = ExtraField.objects.filter(routine=routine.name)
    return own | {f"{EXTRA}{field.key}": company_label(field) for field in company}


def _spoken(value: str, actor: Actor) -> str:
    """A time or a length as people say it; anything else as it is."""
    with suppress(NotUnderstood):
        return words(parse_duration(value))
    with suppress(ValueError):
        return local(datetime.strptime(value, "%Y-%m-%d %H:%M").replace(tzinfo=actor.zone))
    return value
