"""A form as a page draws it: derived from the routine's pydantic model, never written twice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from django.http import QueryDict
from django.utils.translation import get_language, gettext

from kumoban.core.form import Choices, Widget
from kumoban.desk.models import ExtraField
from kumoban.desk.routine import Routine
from kumoban.estate.models import Person

__all__ = ["FieldView", "fields_of", "options_of", "typed"]


@dataclass(frozen=True)
class FieldView:
    """One field: how it is drawn, what it holds, what is wrong with it."""

    name: str
    label: str
    hint: str
    kind: str
    required: bool
    value: str
    values: tuple[str, ...]
    options: tuple[tuple[str, str, str], ...]
    suggestions: tuple[str, ...]
    errors: tuple[str, ...]


def typed(routine: Routine, post: QueryDict) -> tuple[dict[str, Any], dict[str, str]]:
    """What was typed: the form's fields, and the company's own (``extra.<key>``)."""
    data: dict[str, Any] = {}
    for name in routine.form.model_fields:
        given = [value for value in post.getlist(name) if value.strip()]
        if given:
            data[name] = given if _many(routine, name) else given[-1]
    extra = {key.removeprefix("extra."): str(post[key]) for key in post if key.startswith("extra.") and str(post[key])}
    return data, extra


def fields_of(
    routine: Routine,
    person: Person,
    data: Mapping[str, Any],
    extra: Mapping[str, str],
    errors: Mapping[str, list[str]],
) -> list[FieldView]:
    """The routine's fields, then the company's."""
    own = [_field(routine, name, person, data.get(name), errors.get(name, [])) for name in routine.form.model_fields]
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
    chosen = [option for option in routine.choices(choices.source, person, "") if option[0] in kept]
    missing = [value for value in kept if value not in {option[0] for option in chosen}]
    chosen += [option for value in missing for option in routine.choices(choices.source, person, value)[:1]]
    return (*chosen, *(option for option in found if option[0] not in kept))


def _field(routine: Routine, name: str, person: Person, value: Any, errors: list[str]) -> FieldView:
    info = routine.form.model_fields[name]
    choices = next((meta for meta in info.metadata if isinstance(meta, Choices)), None)
    widget = next((meta for meta in info.metadata if isinstance(meta, Widget)), Widget("text"))
    kind = widget.kind
    options: tuple[tuple[str, str, str], ...] = ()
    if choices is not None and routine.choices is not None:
        kind = "many" if choices.multiple else "one"
        chosen = list(value) if isinstance(value, list | tuple) else []
        options = options_of(routine, name, person, "", chosen)
    elif get_origin(info.annotation) is Literal:
        kind, options = (
            "one",
            tuple((word, str(gettext(_word(routine, word))), "") for word in get_args(info.annotation)),
        )
    values = tuple(value) if isinstance(value, list | tuple) else (value,) if value else ()
    if kind == "one" and not values and not info.is_required() and info.default:
        values = (str(info.default),)
    return FieldView(
        name,
        gettext(info.title or name),
        gettext(info.description) if info.description else "",
        kind,
        info.is_required(),
        str(values[0]) if values else "",
        tuple(map(str, values)),
        options,
        widget.suggestions,
        tuple(errors),
    )


def _word(routine: Routine, word: str) -> str:
    return routine.texts.get(f"word.{word}", word)


def _many(routine: Routine, name: str) -> bool:
    return any(isinstance(meta, Choices) and meta.multiple for meta in routine.form.model_fields[name].metadata)


def _extra(field: ExtraField, value: str, errors: list[str]) -> FieldView:
    label = field.label_ja if get_language() == "ja" else field.label_en
    options = tuple((choice, choice, "") for choice in field.choices)
    return FieldView(
        f"extra.{field.key}",
        label,
        "",
        "one" if field.kind == "choice" else "paragraph" if field.kind == "paragraph" else "text",
        field.required,
        value,
        (value,) if value else (),
        options,
        (),
        tuple(errors),
    )
