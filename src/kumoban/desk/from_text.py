"""A pasted text becomes a form to be looked at: what was understood, what is unclear, what was not understood."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kumoban.core.form import Choices, Reading
from kumoban.core.normalise import visible
from kumoban.core.reason import Reason, Refused
from kumoban.core.request_text import LONGEST, Understood
from kumoban.desk.office_calendar import business_calendar
from kumoban.desk.people import Actor
from kumoban.desk.routine import Routine

__all__ = ["EXTRA", "filled", "left_of", "understand"]

#: how the company's own fields are named beside those of the form
EXTRA = "extra."


def understand(actor: Actor, routine: Routine, text: str) -> Understood:
    """What this person's words mean now, in their zone. Raises Refused where the routine reads none, or too long."""
    if routine.from_text is None:
        raise Refused(Reason("no_text_here"))
    if len(text) > LONGEST:
        raise Refused(Reason("text_too_long", {"limit": LONGEST}), field="text")
    reading = Reading(now=actor.now, zone=actor.zone, calendar=business_calendar(), changes=[])
    return routine.from_text(text, actor.person, reading)


def filled(
    routine: Routine, understood: Understood, data: Mapping[str, Any], extra: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """The form with what was understood in it; what was there before stays in the fields the text says nothing of."""
    form, own = dict(data), dict(extra)
    for name in understood.fields:
        values = understood.values(name)
        if not values:
            continue
        if name.startswith(EXTRA):
            own[name.removeprefix(EXTRA)] = values[0]
        else:
            form[name] = list(values) if _many(routine, name) else values[0]
    return form, own


def left_of(understood: Understood) -> list[str]:
    """What was not understood, as it was typed; characters that show as nothing are named."""
    return [visible(understood.text[start:end]) for start, end in understood.left]


def _many(routine: Routine, name: str) -> bool:
    return any(isinstance(meta, Choices) and meta.multiple for meta in routine.form.model_fields[name].metadata)
