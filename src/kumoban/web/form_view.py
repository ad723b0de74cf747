"""A form as a page draws it: derived from the routine's pydantic model, never written twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args, get_origin
from urllib.parse import quote

from django.http import QueryDict
from django.utils.translation import get_language, gettext, gettext_noop

from kumoban.core.calendar import BusinessCalendar
from kumoban.core.form import Choices, OfficeTime, OnlyFor, Until, Widget
from kumoban.core.office_time import NotUnderstood, parse_duration, parse_time
from kumoban.desk import clock
from kumoban.desk.models import ExtraField, Request
from kumoban.desk.office_calendar import business_calendar, organisation_zone
from kumoban.desk.routine import Routine, routine_of
from kumoban.desk.speech import local, words
from kumoban.estate.models import Person

__all__ = [
    "Fact",
    "FieldView",
    "bundles_of",
    "chosen_at_once",
    "company_label",
    "facts_of",
    "fields_of",
    "most_of",
    "narrowed",
    "options_of",
    "typed",
]

#: what the suggestions of a time or an end are called
_SPOKEN = {
    "": gettext_noop("As soon as approved"),
    "end of business": gettext_noop("Until the end of business"),
    "next business day 9:00": gettext_noop("Until the next business day 9:00"),
    "tonight 22:00": gettext_noop("Tonight 22:00"),
    "tomorrow 9:00": gettext_noop("Tomorrow 9:00"),
}


#: so many options stand side by side; more are a list to narrow down
_PILLS = 12


@dataclass(frozen=True)
class FieldView:
    """One field: how it is drawn, what it holds, what is wrong with it."""

    name: str
    label: str
    hint: str
    kind: str
    required: bool
    value: str
    values: tuple[str, ...] = ()
    options: tuple[tuple[str, str, str], ...] = ()
    errors: tuple[str, ...] = ()
    #: what its options were narrowed down to
    query: str = ""
    #: asked for only where another field has one of these values
    only: OnlyFor | None = None
    #: what may be chosen at once: (key, label, how many)
    bundles: tuple[tuple[str, str, int], ...] = ()
    #: so many may be chosen
    most: int | None = None

    @property
    def other(self) -> str:
        """What was typed beside the options offered."""
        return "" if self.value in {option[0] for option in self.options} else self.value

    @property
    def described(self) -> str:
        return f"h-{self.name} e-{self.name}"


@dataclass(frozen=True)
class Fact:
    """One field of a stored request, as it was asked."""

    label: str
    value: str
    prose: bool = False
    link: str = ""


def typed(routine: Routine, post: QueryDict) -> tuple[dict[str, Any], dict[str, str]]:
    """What was typed: the form's fields, and the company's own (``extra.<key>``)."""
    data: dict[str, Any] = {}
    for name in routine.form.model_fields:
        given = [value for value in post.getlist(name) if value.strip()]
        if given:
            data[name] = given if _many(routine, name) else given[-1]
    extra = {key.removeprefix("extra."): str(post[key]) for key in post if key.startswith("extra.") and str(post[key])}
    return data, extra


def narrowed(post: QueryDict) -> dict[str, str]:
    """By field, what its options were narrowed down to (``narrow.<field>``)."""
    return {key.removeprefix("narrow."): str(post[key])[:100] for key in post if key.startswith("narrow.")}


def fields_of(
    routine: Routine,
    person: Person,
    data: Mapping[str, Any],
    extra: Mapping[str, str],
    errors: Mapping[str, list[str]],
    queries: Mapping[str, str] | None = None,
) -> list[FieldView]:
    """The routine's fields, then the company's."""
    day = _Day(clock.now(), business_calendar())
    own = [
        _field(routine, name, person, day, data.get(name), errors.get(name, []), (queries or {}).get(name, ""))
        for name in routine.form.model_fields
    ]
    company = ExtraField.objects.filter(routine=routine.name).order_by("position", "id")
    return own + [_extra(field, extra.get(field.key, ""), errors.get(f"extra.{field.key}", [])) for field in company]


def options_of(
    routine: Routine, name: str, person: Person, query: str, kept: list[str]
) -> tuple[tuple[str, str, str], ...]:
    """What is offered for a field under ``query``, after what is chosen already (which is never lost)."""
    info = routine.form.model_fields.get(name)
    choices = next((meta for meta in info.metadata if isinstance(meta, Choices)), None) if info else None
    if choices is None or routine.choices is None:
        return ()
    found = routine.choices(choices.source, person, query)
    if not kept:
        return tuple(found)
    chosen = [option for option in routine.choices(choices.source, person, "") if option[0] in kept]
    missing = [value for value in kept if value not in {option[0] for option in chosen}]
    chosen += [option for value in missing for option in routine.choices(choices.source, person, value)[:1]]
    if not choices.multiple and not query:
        return tuple(found) if all(option in found for option in chosen) else (*chosen, *found)
    return (*chosen, *(option for option in found if option[0] not in kept))


@dataclass(frozen=True)
class _Day:
    """When a form is filled, and what the office's days are: what suggested times mean."""

    now: datetime
    calendar: BusinessCalendar


def _field(
    routine: Routine, name: str, person: Person, day: _Day, value: Any, errors: list[str], query: str
) -> FieldView:
    info = routine.form.model_fields[name]
    choices = next((meta for meta in info.metadata if isinstance(meta, Choices)), None)
    widget = next((meta for meta in info.metadata if isinstance(meta, Widget)), Widget("text"))
    values = tuple(map(str, value)) if isinstance(value, list | tuple) else (str(value),) if value else ()
    kind = widget.kind
    options: tuple[tuple[str, str, str], ...] = ()
    if choices is not None:
        options = options_of(routine, name, person, query, list(values))
        kind = "many" if choices.multiple else "one" if len(options) <= _PILLS and not query else "pick"
    elif widget.suggestions:
        kind, options = "suggested", _suggested(widget.suggestions, day)
    elif get_origin(info.annotation) is Literal:
        kind, options = "one", tuple((word, gettext(_word(routine, word)), "") for word in get_args(info.annotation))
    if kind == "one" and not values and not info.is_required():
        default = info.get_default(call_default_factory=True, validated_data={})
        values = (str(default),) if default else ()
    return FieldView(
        name,
        gettext(info.title or name),
        gettext(info.description) if info.description else "",
        kind,
        info.is_required(),
        values[0] if values else "",
        values,
        options,
        tuple(errors),
        query,
        next((meta for meta in info.metadata if isinstance(meta, OnlyFor)), None),
        bundles_of(routine, name, person),
        most_of(routine, name),
    )


def bundles_of(routine: Routine, name: str, person: Person) -> tuple[tuple[str, str, int], ...]:
    """What may be chosen at once for a field: its key, its name and how many that are."""
    info = routine.form.model_fields.get(name)
    choices = next((meta for meta in info.metadata if isinstance(meta, Choices)), None) if info else None
    if choices is None or not choices.multiple or routine.bundles is None:
        return ()
    return tuple((one.key, one.label, len(one.values)) for one in routine.bundles(choices.source, person, None))


def chosen_at_once(
    routine: Routine, name: str, person: Person, key: str, kept: Sequence[str]
) -> tuple[list[str], tuple[str, int, int]]:
    """What is chosen with a bundle added, up to the most; and the bundle's name, how many of it, of how many."""
    info = routine.form.model_fields.get(name)
    choices = next((meta for meta in info.metadata if isinstance(meta, Choices)), None) if info else None
    found = routine.bundles(choices.source, person, key) if choices and routine.bundles else []
    if not found:
        return list(kept), ("", 0, 0)
    chosen = list(dict.fromkeys((*kept, *found[0].values)))[: most_of(routine, name)]
    return chosen, (found[0].label, len(set(chosen) & set(found[0].values)), len(found[0].values))


def most_of(routine: Routine, name: str) -> int | None:
    """How many a field takes."""
    limits = (getattr(meta, "max_length", None) for meta in routine.form.model_fields[name].metadata)
    return next((limit for limit in limits if limit is not None), None)


def _suggested(suggestions: tuple[str, ...], day: _Day) -> tuple[tuple[str, str, str], ...]:
    """Lengths in words; times with the hour they mean today, and not at all once they have passed."""
    labelled = [(word, _suggestion(word, day)) for word in suggestions]
    return tuple((word, label, "") for word, label in labelled if label)


def _suggestion(word: str, day: _Day) -> str:
    if not word:
        return gettext(_SPOKEN[word])
    with suppress(NotUnderstood):
        return words(parse_duration(word))
    with suppress(NotUnderstood):
        at = parse_time(word, now=day.now, zone=organisation_zone(), calendar=day.calendar)
        if at <= day.now:
            return ""
        spoken = gettext(_SPOKEN.get(word, word))
        here = at.astimezone(organisation_zone())
        today = here.date() == day.now.astimezone(organisation_zone()).date()
        return (
            spoken if f"{here:%H:%M}".lstrip("0") in spoken else f"{spoken} ({f'{here:%H:%M}' if today else local(at)})"
        )
    return ""


def _word(routine: Routine, word: str) -> str:
    return routine.texts.get(f"word.{word}", word)


def _many(routine: Routine, name: str) -> bool:
    return any(isinstance(meta, Choices) and meta.multiple for meta in routine.form.model_fields[name].metadata)


def _extra(field: ExtraField, value: str, errors: list[str]) -> FieldView:
    kinds = {"choice": "one", "paragraph": "paragraph", "date": "date", "url": "url", "number": "number"}
    return FieldView(
        f"extra.{field.key}",
        company_label(field),
        "",
        kinds.get(field.kind, "text"),
        field.required,
        value,
        (value,) if value else (),
        tuple((choice, choice, "") for choice in field.choices),
        tuple(errors),
    )


def company_label(field: ExtraField) -> str:
    return field.label_ja if get_language() == "ja" else field.label_en


# --- what was asked


def facts_of(found: Request) -> list[Fact]:
    """The plain fields of a stored request, with the company's own; what the plan shows is left out."""
    routine = routine_of(found.routine)
    if routine is None:
        return []
    facts = [_fact(routine, name, found) for name in routine.form.model_fields if found.form.get(name)]
    company = ExtraField.objects.filter(routine=found.routine).order_by("position", "id") if found.extra else ()
    extra = [
        Fact(company_label(field), found.extra[field.key], field.kind == "paragraph", _address(field, found))
        for field in company
        if found.extra.get(field.key)
    ]
    return [fact for fact in facts if fact] + extra


def _address(field: ExtraField, found: Request) -> str:
    """Where the value leads: it is an address itself, or is looked up in another system."""
    value = str(found.extra[field.key])
    if field.link:
        return field.link.replace("{value}", quote(value, safe=""))
    return value if field.kind == "url" else ""


def _fact(routine: Routine, name: str, found: Request) -> Fact | None:
    info, value = routine.form.model_fields[name], found.form[name]
    choices = next((meta for meta in info.metadata if isinstance(meta, Choices)), None)
    if any(isinstance(meta, Until) for meta in info.metadata) or name == "start":
        return None
    if choices is not None:
        if choices.source != "kinds" or routine.choices is None:
            return None
        labels = {option: label for option, label, _hint in routine.choices("kinds", found.requester, "")}
        value = labels.get(str(value), value)
    elif get_origin(info.annotation) is Literal:
        value = gettext(_word(routine, str(value)))
    elif any(isinstance(meta, OfficeTime) for meta in info.metadata):
        value = local(datetime.fromisoformat(str(value)))
    return Fact(gettext(info.title or name), str(value), name in routine.form.prose)
