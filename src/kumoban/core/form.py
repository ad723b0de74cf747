"""What is asked: the base of every routine's form, and how a face finds out how to draw it.

Three layers decide about input: *shape* here (pydantic), *offer* (``Choices`` resolved by the desk for one
person) and *sense* (the planner's refusals). Web form, API schema and CLI options are derived from a form.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler, ValidationInfo, model_validator
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from kumoban.core.calendar import BusinessCalendar
from kumoban.core.normalise import Kind, RefusedCharacters, normalise
from kumoban.core.office_time import NotUnderstood, parse_duration, parse_time
from kumoban.core.reason import Reason
from kumoban.core.window import Window

__all__ = ["Choices", "Form", "OfficeTime", "OnlyFor", "Reading", "Until", "Widget"]


#: characters in one field
_MOST_TEXT, _MOST_TABLE = 20_000, 200_000


@dataclass(frozen=True)
class Reading:
    """Who reads the typed words: needed to understand 22:00 or 終業まで; collects what was normalised."""

    now: datetime
    zone: ZoneInfo
    calendar: BusinessCalendar
    changes: list[Reason]


@dataclass(frozen=True)
class Choices:
    """A field whose values are offered by the desk for this person: ``accounts``, ``people``, …"""

    source: str
    multiple: bool = False


@dataclass(frozen=True)
class Widget:
    """How a face shows a field: ``text``, ``paragraph``, ``until``, ``start``; and the words it offers."""

    kind: str
    suggestions: tuple[str, ...] = ()


@dataclass(frozen=True)
class OnlyFor:
    """A field that is asked for only where another one has one of these values; a face may hide it elsewhere."""

    field: str
    values: tuple[str, ...]


class Form(BaseModel):
    """Frozen, complete, NFC, without control or bidi characters; blank means absent."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    #: fields that keep line breaks and are otherwise only brought to NFC
    prose: ClassVar[frozenset[str]] = frozenset()
    #: fields that are names or identifiers as offices type them (full-width, dashes, 。)
    typed: ClassVar[frozenset[str]] = frozenset()
    #: fields that hold a table: more of them is taken than of a text
    tables: ClassVar[frozenset[str]] = frozenset()

    @model_validator(mode="before")
    @classmethod
    def _clean(cls, data: Any, info: ValidationInfo) -> Any:
        if not isinstance(data, Mapping):
            return data
        changes = info.context.changes if isinstance(info.context, Reading) else []
        cleaned = {str(name): cls._cleaned(str(name), value, changes) for name, value in data.items()}
        return {name: value for name, value in cleaned.items() if value not in (None, "", [], ())}

    @classmethod
    def _cleaned(cls, name: str, value: Any, changes: list[Reason]) -> Any:
        if isinstance(value, list | tuple):
            items = [cls._cleaned(name, item, changes) for item in value]
            return [item for item in items if item not in (None, "")]
        if not isinstance(value, str):
            return value
        if len(value) > (limit := _MOST_TABLE if name in cls.tables else _MOST_TEXT):
            raise PydanticCustomError("too_much_text", "Too much text", {"name": name, "limit": limit})
        kind: Kind | None = "text" if name in cls.prose else "name" if name in cls.typed else None
        try:
            if kind is None:
                normalise(value, "text")
                return unicodedata.normalize("NFC", value).strip()
            normalised = normalise(value, kind)
        except RefusedCharacters as refused:
            raise PydanticCustomError(
                "refused_characters", "Characters not allowed", {"name": name, "characters": str(refused)}
            ) from refused
        changes.extend(normalised.changes)
        return normalised.value.strip()

    @classmethod
    def read(cls, data: Mapping[str, Any], reading: Reading) -> Self:
        """The form as this person meant it. Raises pydantic's ValidationError."""
        return cls.model_validate(dict(data), context=reading)

    def stored(self) -> dict[str, Any]:
        """JSON that reads back to the same form, whoever reads it and when."""
        return self.model_dump(mode="json", exclude_none=True)


class OfficeTime:
    """An instant typed as offices do: ``22:00``, ``26:00``, ``翌営業日9:00``, or an ISO time."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(
            lambda value, info: _instant(value, info.context),
            serialization=core_schema.plain_serializer_function_ser_schema(_iso),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "examples": ["22:00", "26:00", "翌営業日9:00", "2026-11-27T22:00+09:00"]}


class Until:
    """An end: a length counted from the start (``30分``, ``PT2H``) or an instant (``26:00``, ``終業まで``)."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(
            lambda value, info: _until(value, info.context),
            serialization=core_schema.plain_serializer_function_ser_schema(_iso_until),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "examples": ["15分", "PT30M", "2h", "終業まで", "26:00", "翌営業日9:00"]}


def window_of(start: datetime | None, until: datetime | timedelta) -> Window:
    """The window a person asked for: on approval + duration, or absolute where the start or end is an instant."""
    if isinstance(until, timedelta):
        if start is None:
            return Window(starts_at=None, ends_at=None, duration=until)
        return Window(starts_at=start, ends_at=start + until, duration=None)
    return Window(starts_at=start, ends_at=until, duration=None)


def _instant(value: Any, reading: Any) -> datetime:
    if isinstance(value, datetime) and value.tzinfo:
        return value
    if isinstance(value, str):
        with suppress(ValueError):
            instant = datetime.fromisoformat(value)
            if instant.tzinfo:
                return instant
        if isinstance(reading, Reading):
            with suppress(NotUnderstood):
                instant = parse_time(value, now=reading.now, zone=reading.zone, calendar=reading.calendar)
                reading.changes.extend(normalise(value, "time").changes)
                return instant
    raise PydanticCustomError("time_not_understood", "Time not understood", {"text": str(value)[:60]})


def _until(value: Any, reading: Any) -> datetime | timedelta:
    if isinstance(value, timedelta):
        return value
    if isinstance(value, str):
        with suppress(NotUnderstood):
            length = parse_duration(value)
            if isinstance(reading, Reading):
                reading.changes.extend(normalise(value, "time").changes)
            return length
    return _instant(value, reading)


def _iso(value: datetime) -> str:
    return value.isoformat()


def _iso_until(value: datetime | timedelta) -> str:
    if isinstance(value, datetime):
        return _iso(value)
    return f"PT{int(value.total_seconds())}S"
