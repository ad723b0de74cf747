"""The company's own columns of the account register, as data."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated, Literal, Self

from django.utils import translation
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from kumoban.core.normalise import RefusedCharacters, normalise
from kumoban.core.reason import Reason, Refused
from kumoban.desk.people import Actor
from kumoban.desk.register.entry import needs_ops
from kumoban.desk.register.fields import fields
from kumoban.desk.register.table import titles_of
from kumoban.desk.shapes import problem
from kumoban.estate.models import RegisterColumn
from kumoban.ledger.record import record, writing

__all__ = ["MOST_COLUMNS", "ColumnForm", "remove_column", "save_column"]

#: so that every change of an entry fits into one entry of the ledger
MOST_COLUMNS = 20


class ColumnForm(BaseModel):
    """``kind``: text, number, date, choice or url. Its labels are what it is called at the head of a table."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    key: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")
    label_ja: str = Field(min_length=1, max_length=80)
    label_en: str = Field(min_length=1, max_length=80)
    kind: Literal["text", "number", "date", "choice", "url"] = "text"
    required: bool = False
    choices: list[Annotated[str, Field(max_length=100)]] = Field(default_factory=list, max_length=100)
    position: int = Field(default=0, ge=0, le=1000)

    @field_validator("label_ja", "label_en")
    @classmethod
    def _one_line(cls, given: str) -> str:
        return _clean(given)

    @field_validator("choices")
    @classmethod
    def _as_they_are_compared(cls, given: list[str]) -> list[str]:
        return list(dict.fromkeys(_clean(one) for one in given if one.strip()))

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.kind == "choice" and not self.choices:
            raise problem("choices_missing", "choices")
        for name in ("label_ja", "label_en"):
            if _folded(getattr(self, name)) in _titles(without=self.key):
                raise problem("register_title_taken", name, title=getattr(self, name))
        return self


def _clean(text: str) -> str:
    try:
        return normalise(text, "identifier").value
    except RefusedCharacters as refused:
        raise problem("shape.refused_characters", characters=str(refused)) from refused


def _titles(without: str) -> set[str]:
    """What other columns are called: two with one title could not be told apart in a table."""
    known = [one for one in fields() if one.column is None or one.column.key != without]
    titles = {_folded(name) for name, _title in titles_of(known)}
    for language in ("en", "ja"):
        with translation.override(language):
            titles |= {_folded(title) for _name, title in titles_of(known)}
    return titles


def _folded(title: str) -> str:
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", title)).casefold()


def save_column(actor: Actor, asked: ColumnForm) -> RegisterColumn:
    """A new column, or the one with this key changed; what entries say stays as it was written."""
    needs_ops(actor)
    values = asked.model_dump()
    with writing():
        others = RegisterColumn.objects.select_for_update().exclude(key=asked.key)
        if len(others) >= MOST_COLUMNS:
            raise Refused(Reason("register_too_many_columns", {"most": MOST_COLUMNS}))
        made, _new = RegisterColumn.objects.update_or_create(key=asked.key, defaults=values)
        facts = {name: value for name, value in values.items() if name != "choices"}
        texts = {"choices": "\n".join(asked.choices)} if asked.choices else None
        record("register_column.saved", actor=actor.id, subject=f"column:{asked.key}", facts=facts, texts=texts)
    return made


def remove_column(actor: Actor, key: str) -> None:
    """No entry shows it any more; what was written in it is kept, and shown again where the column comes back."""
    needs_ops(actor)
    with writing():
        removed, _rows = RegisterColumn.objects.filter(key=key).delete()
        if not removed:
            raise Refused(Reason("no_such_column", {"column": key[:40]}))
        record("register_column.removed", actor=actor.id, subject=f"column:{key[:40]}")
